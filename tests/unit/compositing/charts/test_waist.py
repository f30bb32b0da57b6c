"""What is the back's inside above the front of a waist is taken off; an open front is not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from compositing.charts.waist import without_back
from compositing.cut.cutout import INSIDE_PX, Cutout
from compositing.template import fit
from compositing.template.model import Skirt
from schemas.categories import GarmentCategory

SIZE = (480, 640)
TOP, HEM = 120, 520


def hanging(deep: int, *, clear: bool = True) -> Cutout:
    """A skirt whose back's inside, darker where it is `clear`, shows `deep` px above the front."""
    width, height = SIZE
    mask, rgb = np.zeros((height, width), np.uint8), np.full((height, width, 3), 90, np.uint8)
    cv2.fillPoly(mask, [np.array([[150, TOP], [330, TOP], [390, HEM], [90, HEM]])], 1)
    back = np.zeros((height, width), np.uint8)
    back[TOP : TOP + deep] = mask[TOP : TOP + deep]
    rgb[back > 0] = 20 if clear else 90
    inside = cv2.resize(back * 255, (INSIDE_PX, INSIDE_PX), interpolation=cv2.INTER_AREA)
    levels = np.asarray(inside // 17 * 17, np.uint8)
    return Cutout(rgb, mask.astype(np.float32), "messy", photo_size=SIZE, inside=levels)


def skirt(cutout: Cutout) -> Skirt:
    template = fit(cutout.rgb, cutout.alpha, GarmentCategory.SKIRT)
    assert isinstance(template, Skirt)
    return template


def top_of(cutout: Cutout) -> float:
    """The row at which its middle begins."""
    return float((cutout.alpha[:, SIZE[0] // 2] > 0.5).argmax())


@pytest.mark.parametrize("deep", [12, 22])
def test_front_begins_below_the_inside(deep: int) -> None:
    cutout = hanging(deep)
    found = without_back(cutout, skirt(cutout))
    assert found is not None
    assert top_of(found) == pytest.approx(TOP + deep, abs=4)
    assert found.alpha[TOP + deep + 8 :].sum() == pytest.approx(
        cutout.alpha[TOP + deep + 8 :].sum(), rel=0.01
    )


@pytest.mark.parametrize(
    "cutout",
    [hanging(0), hanging(70), hanging(22, clear=False), replace(hanging(22), inside=None)],
    ids=["none", "an open front", "no edge", "not asked"],
)
def test_what_is_no_back_stays(cutout: Cutout) -> None:
    assert without_back(cutout, skirt(cutout)) is None
