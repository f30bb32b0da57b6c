"""What lies above the front neckline is the back's inside; the front itself never is."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.unit.compositing.charts.necks import drawn, neckline_of, upper_of

SEEDS = (0, 1)
OPEN = [
    ("crew-tee", "t-shirt"),
    ("scoop-tee", "t-shirt"),
    ("long-sleeve", "top"),
    ("blouse", "blouse"),
    ("crew-sweater", "sweater"),
    ("polo", "polo"),
    ("shirt", "shirt"),
    ("cardigan", "cardigan"),
    ("vest", "vest"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("kind", "category"), OPEN)
def test_front_neckline_ends_at_the_dip(kind: str, category: str, seed: int) -> None:
    one = drawn(kind, seed)
    points = upper_of(one.points)
    found = neckline_of(one, category)
    column = found.inside[:, round(float(points.dip[0]))]
    lowest = float(np.nonzero(column > 0.5)[0].max())
    half = 0.5 * float(points.right.neck[0] - points.left.neck[0])
    assert abs(lowest - float(points.dip[1])) < 0.36 * half


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["crew-tee", "shirt", "scoop-tee"])
def test_shoulders_are_no_inside(kind: str, seed: int) -> None:
    one = drawn(kind, seed)
    points = upper_of(one.points)
    found = neckline_of(one, "shirt" if kind == "shirt" else "t-shirt")
    for side in (points.left, points.right):
        x, y = np.round(0.5 * (side.neck + side.tip) + np.array([0.0, 8.0])).astype(int)
        assert found.inside[y, x] < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_rolled_collar_stands_before_the_neck(seed: int) -> None:
    one = drawn("turtleneck", seed)
    points = upper_of(one.points)
    found = neckline_of(one, "sweater")
    middle = 0.5 * (points.left.neck + points.right.neck)
    x, y = np.round(middle).astype(int)
    rim = int(one.mask[:, x].argmax())
    assert y - rim > 10
    assert found.inside[rim + round(0.6 * (y - rim)), x] < 0.05
    assert found.inside[rim, x] > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_border_of_two_colours_is_no_neckline(seed: int) -> None:
    """White down to the chest and green from there, where nothing shows the neck's own edge."""
    one = drawn("crew-tee", seed)
    points = upper_of(one.points)
    half = 0.5 * float(points.right.neck[0] - points.left.neck[0])
    rgb = np.full_like(one.rgb, 235)
    border = round(float(points.left.neck[1]) + 2 * half)
    rgb[border:] = (140, 200, 30)
    found = neckline_of(replace(one, rgb=rgb), "t-shirt")
    lowest = float(np.nonzero((found.inside > 0.5).any(1))[0].max())
    assert lowest < float(points.left.neck[1]) + 1.2 * half


@pytest.mark.parametrize("depth", [1.9, 2.3, 2.7])
def test_faint_seams_are_no_opening_down_to_the_chest(depth: float) -> None:
    """A jacket closed to the top, quilted, with two seams beside its zip that come together."""
    one = drawn("shirt", 0)
    points = upper_of(one.points)
    half = 0.5 * float(points.right.neck[0] - points.left.neck[0])
    middle = 0.5 * (points.left.neck + points.right.neck)
    rgb = np.full_like(one.rgb, 90)
    for row in range(0, len(rgb), 26):
        rgb[row : row + 3] = 60
    for side in (-1, 1):
        start = middle + np.array([0.5 * side * half, 0.1 * half])
        end = middle + np.array([0.0, depth * half])
        for at in np.arange(12) / 12:  # less than half of each stitch shows
            dash = start + (at + np.array([[0.0], [1 / 30]])) * (end - start)
            first, last = np.round(dash).astype(int)
            cv2.line(rgb, first, last, (70, 70, 70), 4)
    found = neckline_of(replace(one, rgb=rgb), "jacket")
    lowest = float(np.nonzero((found.inside > 0.5).any(1))[0].max())
    assert lowest < float(middle[1]) + 1.6 * half


def test_same_picture_gives_the_same_inside() -> None:
    one = drawn("shirt", 1)
    first, second = (neckline_of(one, "shirt") for _ in range(2))
    assert np.array_equal(first.inside, second.inside)
    assert first.sure == second.sure


def test_line_that_an_edge_shows_is_sure_and_one_without_is_not() -> None:
    shown = neckline_of(drawn("crew-tee", 0), "t-shirt")
    plain = drawn("crew-tee", 0)
    hidden = neckline_of(replace(plain, rgb=np.full_like(plain.rgb, 120)), "t-shirt")
    assert shown.sure > 0.9
    assert hidden.sure == 0.0
