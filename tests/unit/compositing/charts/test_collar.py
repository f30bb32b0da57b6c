"""Hoods lie whole behind the neck, halters go round it, one shoulder stays one."""

import cv2
import numpy as np
import pytest

from compositing.charts.body import body_of
from compositing.charts.collar import FOLDED_PX
from compositing.charts.dress import dress
from compositing.judge.judge import judged
from compositing.options import DEFAULT_BARS
from compositing.template import fit
from schemas.categories import GarmentCategory
from tests.unit.compositing.charts.necks import drawn, prepared, upper_of, worn

HOODS = [0, 1, 2]


@pytest.mark.parametrize("seed", HOODS)
def test_hood_is_one_chart_folded_down_behind_the_neck(seed: int) -> None:
    found = worn(prepared(drawn("hoodie", seed), "hoodie"), "hoodie")
    assert found.photo is not None
    assert found.photo.hooded
    hood = next(chart for chart in found.charts if chart.part == "collar")
    assert hood.folded() == 0
    assert float(np.ptp(hood.look[..., 1])) < FOLDED_PX + 40
    yoke = next(chart for chart in found.charts if chart.part == "yoke")
    shoulders = yoke.look[1, [0, -1], 1]
    assert abs(float(shoulders[0] - shoulders[1])) < 6


@pytest.mark.parametrize("kind", ["turtleneck", "shirt", "crew-tee"])
def test_collar_is_no_hood(kind: str) -> None:
    category = {"turtleneck": "sweater", "crew-tee": "t-shirt"}.get(kind, kind)
    found = worn(prepared(drawn(kind, 1), category), category)
    assert found.photo is not None
    assert not found.photo.hooded


def test_collar_and_yoke_share_their_edge() -> None:
    found = worn(prepared(drawn("turtleneck", 0), "sweater"), "sweater")
    collar, yoke = (
        next(chart for chart in found.charts if chart.part == part) for part in ("collar", "yoke")
    )
    low, high = collar.look[-1, 1:-1], yoke.look[1]
    for point in low:
        assert float(np.linalg.norm(high - point, axis=1).min()) < 0.5


def halter() -> np.ndarray:
    """A mask: a band round the neck, and slopes from it to the armpits."""
    mask = np.zeros((600, 420), np.uint8)
    outline = [
        (170, 20),
        (250, 20),
        (255, 70),
        (330, 210),
        (345, 580),
        (75, 580),
        (90, 210),
        (165, 70),
    ]
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
    return mask


def test_halter_leaves_the_shoulders_bare() -> None:
    alpha = halter().astype(np.float32)
    rgb = np.full((*alpha.shape, 3), (150, 60, 80), np.uint8)
    template = upper_of(fit(rgb, alpha, GarmentCategory.TANK))
    body = body_of("FEMALE")
    found = dress(alpha > 0.5, template, GarmentCategory.TANK, body, studio=True)
    bare = {
        s: abs(float(at[0]) - body.centre_x) for s, at in body.mannequin.facts.shoulder_tip.items()
    }
    for s, name in ((-1, "shoulder_left"), (1, "shoulder_right")):
        assert abs(float(found.landmarks[name][0]) - body.centre_x) < 0.72 * bare[s]


@pytest.mark.parametrize("seed", [0, 1])
def test_top_on_one_shoulder_leaves_the_other_bare(seed: int) -> None:
    garment = prepared(drawn("one-shoulder", seed), "top")
    template = upper_of(garment.template)
    assert template.shoulders == "one"
    found = worn(garment, "top")
    assert found.photo is not None
    bare, covered = ("left", "right") if found.photo.bare < 0 else ("right", "left")
    armpit = float(found.landmarks[f"armpit_{bare}"][1])
    assert armpit - float(found.landmarks[f"shoulder_{bare}"][1]) < 40
    assert armpit - float(found.landmarks[f"shoulder_{covered}"][1]) > 80
    truth = upper_of(drawn("one-shoulder", seed).points)
    assert (truth.left.neck[1] > truth.right.neck[1]) == (bare == "left")
    assert judged(garment, found).value > DEFAULT_BARS.floor


@pytest.mark.parametrize("kind", ["tank-top", "camisole", "slip-dress", "sleeveless-dress"])
def test_two_straps_are_not_one(kind: str) -> None:
    category = "dress" if "dress" in kind else "tank"
    template = upper_of(prepared(drawn(kind, 0), category).template)
    assert template.shoulders != "one"
