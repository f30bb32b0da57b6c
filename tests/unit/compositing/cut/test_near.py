"""Necks and waists seen from near, on garments whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from compositing.cut.cutout import INSIDE_PX, Cutout, cut
from compositing.cut.near import Near, seen_near
from compositing.decode import decode
from compositing.template.model import Legs, Upper, UpperSide
from devstack.garments import PhotoSpec, draw
from devstack.garments.drawing import DrawnPhoto
from tests.unit.compositing.pictures import save

SIZE_PX = (480, 640)
HANGER_DIFFERS = 90
"""From the wall, in the sum of sRGB levels."""


def photographed(category: str, seed: int, *, hanger: bool = False) -> DrawnPhoto:
    photo = PhotoSpec(SIZE_PX, 0.85, "studio" if hanger else "phone", hanger=hanger)
    return draw(category, seed, background="white" if hanger else "wood", photo=photo)


def cutout_of(drawn: DrawnPhoto, category: str) -> Cutout:
    return cut(decode(save(drawn.rgb), 1024), shape="legs" if category == "trousers" else "body")


def near(drawn: DrawnPhoto, cutout: Cutout) -> Near:
    points = drawn.points
    assert isinstance(points, Upper | Legs)
    left, right = (
        np.asarray(side.neck if isinstance(side, UpperSide) else side.waist) - cutout.origin
        for side in (points.left, points.right)
    )
    found = seen_near(cutout, drawn.rgb, (left, right), waist=isinstance(points, Legs))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [3, 5, 8])
@pytest.mark.parametrize("category", ["t-shirt", "sweater"])
def test_the_insides_lower_edge_is_the_neckline(category: str, seed: int) -> None:
    drawn = photographed(category, seed)
    found, points = near(drawn, cutout_of(drawn, category)).cutout, drawn.points
    assert found.inside is not None
    assert isinstance(points, Upper)
    half = np.linalg.norm(points.right.neck - points.left.neck) / 2
    dip = points.dip - found.origin
    way = np.vstack([found.from_photo(), [0, 0, 1]])
    x, y = (np.linalg.inv(way) @ [*dip, 1])[:2]
    rows = np.nonzero(found.inside[:, round(x)] > 127)[0]
    per_px = found.from_photo()[1, 1]
    assert abs(rows.max() + 1 - y) * per_px < 0.16 * half


def test_a_hanger_at_the_waist_goes_and_the_cloth_stays() -> None:
    drawn = photographed("trousers", 4, hanger=True)
    top = int(np.nonzero(drawn.mask.any(1))[0].min())
    wall = np.median(drawn.rgb[: max(top - 60, 8)].reshape(-1, 3), axis=0)
    covered = drawn.mask | (np.abs(drawn.rgb - wall).sum(-1) > HANGER_DIFFERS)
    hung = replace(
        cutout_of(drawn, "trousers"),
        rgb=drawn.rgb,
        alpha=covered.astype(np.float32),
        origin=(0, 0),
    )
    found = near(drawn, hung)
    less = found.unhung()
    assert less is not None
    assert found.cutout.inside_at is not None
    x, y, side = found.cutout.inside_at
    hanger = covered & ~drawn.mask
    hanger[: max(y, 0)] = hanger[y + side :] = False  # its hook stands higher
    hanger[:, : max(x, 0)] = hanger[:, x + side :] = False
    assert (less.mask & hanger).sum() < 0.4 * hanger.sum()
    assert (less.mask & drawn.mask).sum() > 0.99 * drawn.mask.sum()


def test_where_nothing_hangs_nothing_goes() -> None:
    drawn = photographed("trousers", 6)
    assert near(drawn, cutout_of(drawn, "trousers")).unhung() is None


def test_a_neck_of_no_width_is_not_looked_at() -> None:
    drawn = photographed("t-shirt", 3)
    cutout, point = cutout_of(drawn, "t-shirt"), np.array([100.0, 50.0])
    assert seen_near(cutout, drawn.rgb, (point, point + 2)) is None
    assert seen_near(replace(cutout, inside=None), drawn.rgb, (point, point + 80)) is None


@pytest.mark.parametrize("middle", [(-500.0, -500.0), (0.0, 640.0), (5000.0, 3.0)])
def test_a_neck_beyond_the_photo_is_answered(middle: tuple[float, float]) -> None:
    drawn = photographed("t-shirt", 3)
    at, aside = np.array(middle), np.array([40.0, 0.0])
    found = seen_near(cutout_of(drawn, "t-shirt"), drawn.rgb, (at - aside, at + aside))
    assert found is not None
    assert found.foreign.shape == (INSIDE_PX, INSIDE_PX)
    assert np.isfinite(found.foreign).all()
