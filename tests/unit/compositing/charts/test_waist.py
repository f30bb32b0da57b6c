"""A hanger's bar above a waist is taken off, and the back below it; a back alone is cloth."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from compositing.charts.waist import off_hanger
from compositing.cut.cutout import INSIDE_PX, Cutout
from compositing.template import fit
from compositing.template.model import Skirt
from schemas.categories import GarmentCategory

SIZE = (480, 640)
TOP, HEM, BAR = 120, 520, 14


def hanging(deep: int, *, bar: int = BAR, clear: bool = True) -> Cutout:
    """A skirt below a bar; its back's inside, darker where it is `clear`, shows `deep` px between
    both."""
    width, height = SIZE
    mask, rgb = np.zeros((height, width), np.uint8), np.full((height, width, 3), 90, np.uint8)
    cv2.fillPoly(mask, [np.array([[150, TOP], [330, TOP], [390, HEM], [90, HEM]])], 1)
    mask[TOP - bar : TOP, 160:320] = 1
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


def test_front_begins_below_bar_and_inside() -> None:
    cutout = hanging(14)
    found = off_hanger(cutout, skirt(cutout))
    assert found is not None
    first = float((found.alpha[:, SIZE[0] // 2] > 0.5).argmax())
    assert first == pytest.approx(TOP + 14, abs=4)
    below = slice(TOP + 22, None)
    assert found.alpha[below].sum() == pytest.approx(cutout.alpha[below].sum(), rel=0.01)


@pytest.mark.parametrize(
    "cutout",
    [
        hanging(0),
        hanging(18, bar=0),
        hanging(70),
        hanging(14, clear=False),
        replace(hanging(14), inside=None),
    ],
    ids=["no inside", "no bar", "an open front", "no edge", "not asked"],
)
def test_what_is_no_bar_above_a_back_stays(cutout: Cutout) -> None:
    assert off_hanger(cutout, skirt(cutout)) is None
