"""A hanger over trousers goes by the gap that the wall shows; printed cloth keeps its waistband."""

import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.cut.clips import unclipped
from compositing.cut.cutout import Cutout

Colour = tuple[int, int, int]
WALL: Colour = (226, 214, 206)
CLOTH: Colour = (70, 74, 70)
TALL, WIDE, TOP, BAR_PX, GAP_PX = 400, 300, 10, 14, 12


def hung(*, cloth: Colour = CLOTH, gap: Colour = WALL, slant: int = 0) -> Cutout:
    """Trousers below a bar and a gap, all of it in the cut-out."""
    rgb = np.full((TALL, WIDE, 3), WALL, np.uint8)
    alpha = np.zeros((TALL, WIDE), np.float32)
    alpha[TOP:380, 50:250] = 1
    alpha[200:380, 140:160] = 0
    rgb[alpha > 0] = cloth
    for column in range(50, 250):
        top = TOP + BAR_PX + round(slant * (column - 150) / 200)
        rgb[TOP:top, column] = (30, 30, 32)
        if 62 < column < 238:
            rgb[top : top + GAP_PX, column] = gap
    return Cutout(rgb, alpha, "messy", origin=(5, 7), photo_size=(400, 600))


@pytest.mark.parametrize("slant", [-6, 0, 6])
def test_what_lies_above_the_gap_is_taken_off(slant: int) -> None:
    before = hung(slant=slant)
    after = unclipped(before)
    cut = before.alpha.shape[0] - after.alpha.shape[0]
    assert abs(cut - (TOP + BAR_PX + GAP_PX)) <= 2 + abs(slant) / 2
    assert after.origin == (5, 7 + cut)
    solid: NDArray[np.uint8] = after.rgb[after.alpha > 0.9]
    assert (np.abs(solid.astype(int) - CLOTH).sum(-1) < 30).mean() > 0.98


def test_without_a_gap_nothing_is_taken_off() -> None:
    whole = hung(gap=CLOTH)
    assert unclipped(whole) is whole


def test_cloth_whose_print_has_the_walls_colour_keeps_its_waistband() -> None:
    printed = hung()
    printed.rgb[60:380:24, 60:120] = WALL
    printed.rgb[61:380:24, 60:120] = WALL
    assert unclipped(printed) is printed


def test_cloth_like_the_wall_is_left_alone() -> None:
    pale = hung(cloth=(214, 204, 196))
    assert unclipped(pale) is pale
