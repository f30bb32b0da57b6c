"""Maps: exact where they are linear, never folded, stripes kept even."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.cut.cutout import cut
from compositing.decode import Photo
from compositing.fit.dress import fit
from compositing.fit.maps import OUTSIDE, BoxMap, RibMap, RowMap, folds
from compositing.fit.warp import reduced, warp
from compositing.mannequin import load
from schemas.categories import GarmentCategory
from tests.unit.compositing.pictures import tee, trousers

SIZE = (384, 576)


def ribs(bend: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A limb that hangs down and bends."""
    steps = np.linspace(0, 1, 9)
    middle = np.column_stack([100 + bend * steps**2, 100 + 150 * steps])
    heading = np.gradient(middle, axis=0)
    across = np.column_stack([heading[:, 1], -heading[:, 0]]) / np.linalg.norm(heading, axis=1)[:, None]
    return middle + 20 * across, middle - 20 * across


def test_a_row_map_between_equal_knots_is_the_identity() -> None:
    ys, knots = np.array([10.0, 90.0]), np.array([[20.0, 50.0, 80.0]] * 2)
    points = np.random.default_rng(1).uniform(0, 100, (50, 2))
    assert np.allclose(RowMap(ys, ys, knots, knots).photo(points), points)


def test_a_rib_map_between_equal_ribs_is_the_identity_and_shows_nothing_far_away() -> None:
    outer, inner = ribs(bend=30)
    inside = np.array([[100.0, 120.0], [112.0, 180.0], [120.0, 230.0]])
    same = RibMap(outer, inner, outer, inner)
    assert np.allclose(same.photo(inside), inside, atol=1e-6)
    assert (same.photo(np.array([[300.0, 120.0], [100.0, 500.0]])) == OUTSIDE).all()


def test_a_box_map_carries_corners_to_corners() -> None:
    carried = BoxMap((10, 20, 30, 60), (0, 0, 10, 10)).photo(np.array([[10.0, 20.0], [30.0, 60.0]]))
    assert np.allclose(carried, [[0, 0], [10, 10]])


def test_a_fold_is_seen() -> None:
    ys, knots = np.array([10.0, 90.0]), np.array([[20.0, 80.0]] * 2)
    assert folds(RowMap(ys, ys, knots, knots), SIZE) == 0
    assert folds(RowMap(ys, ys[::-1], knots, knots), SIZE) == 1


@pytest.mark.parametrize("mannequin", ["MALE", "FEMALE"])
@pytest.mark.parametrize(
    ("category", "photo"), [("t-shirt", tee()), ("jacket", tee()), ("dress", tee()), ("jeans", trousers())]
)
def test_no_map_folds(mannequin: str, category: str, photo: NDArray[np.uint8]) -> None:
    legs = category == "jeans"
    cutout = cut(Photo(photo, None), shape="legs" if legs else "body")
    fitted = fit(GarmentCategory(category), cutout, load(mannequin, SIZE[0]))
    assert {name for name, _, _ in fitted.parts} == ({"body"} if legs else {"body", "sleeve"})
    assert [folds(found, SIZE) for _, found, _ in fitted.parts] == [0.0] * len(fitted.parts)


@pytest.mark.parametrize("mannequin", ["MALE", "FEMALE"])
def test_stripes_stay_straight_below_the_shoulders(mannequin: str) -> None:
    """Every row of the photo's body below the armpits comes to lie on one row of the look."""
    cutout = cut(Photo(tee(), None))
    body = load(mannequin, SIZE[0])
    found = next(found for name, found, _ in fit(GarmentCategory.T_SHIRT, cutout, body).parts if name == "body")
    rows = np.arange(body.waist_y - 20, body.waist_y + 30, 5)
    across = np.linspace(body.centre_x - 40, body.centre_x + 40, 9)
    photo = found.photo(np.stack(np.meshgrid(across, rows), -1).reshape(-1, 2).astype(float)).reshape(len(rows), 9, 2)
    assert np.ptp(photo[..., 1], axis=1).max() < 0.01 * np.ptp(photo[..., 1])
    columns = photo[..., 0] - photo[:, :1, 0]
    straight = columns[:, -1:] * np.linspace(0, 1, 9)
    assert np.abs(columns - straight).max() < 0.01 * np.abs(columns).max()


def test_cloth_that_is_carried_keeps_its_colour_and_its_cover() -> None:
    layers = np.zeros((100, 80, 4), np.float32)
    layers[20:80, 20:60] = (0.5, 0.25, 0.1, 1)
    carried = warp(layers, BoxMap((100, 100, 180, 200), (0, 0, 80, 100)), None, (80, 100), SIZE)
    solid = carried.alpha > 0.99
    assert solid.sum() == pytest.approx(40 * 60, rel=0.06)
    assert np.allclose(carried.colour[solid], (0.5, 0.25, 0.1), atol=0.01)
    assert carried.box[0] <= 100
    assert carried.box[2] >= 180


def test_small_photos_are_enlarged_and_large_ones_reduced_without_a_shift() -> None:
    for side in (50, 400):
        layers = np.zeros((side, side, 4), np.float32)
        cv2.circle(layers, (side // 2, side // 2), side // 4, (1, 1, 1, 1), -1)
        box = BoxMap((100, 100, 200, 200), (0, 0, side, side))
        carried = warp(reduced(layers, [box], (side, side)), box, None, (side, side), SIZE)
        rows, columns = np.nonzero(carried.alpha > 0.5)
        assert rows.mean() + carried.box[1] == pytest.approx(150, abs=1.6)
        assert columns.mean() + carried.box[0] == pytest.approx(150, abs=1.6)
