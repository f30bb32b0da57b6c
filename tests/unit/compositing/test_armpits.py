"""Background that is shut in between a sleeve and the body: taken off, and the slit closed."""

import numpy as np
import pytest

from compositing.cut.between import cleared
from compositing.cut.cutout import Cutout
from compositing.paint.armpits import closed
from compositing.paint.cloth import Cloth
from compositing.paint.raster import Box

SIDE = 400
WALL, NAVY = (238, 238, 238), (30, 40, 70)


def cutout(*light: tuple[slice, slice]) -> Cutout:
    """A navy square before a light wall, with rectangles of the wall's colour that are taken for
    cloth.
    """
    rgb = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.float32)
    rgb[40:360, 40:360], alpha[40:360, 40:360] = NAVY, 1
    for rows, columns in light:
        rgb[rows, columns] = WALL
    return Cutout(rgb, alpha, "plain")


WEDGE = [np.array([[200.0, 330], [180, 359], [220, 359]])]


def test_a_slit_that_hangs_together_with_the_wall_goes() -> None:
    slit = slice(300, 360), slice(196, 204)
    found = cleared(cutout(slit), WEDGE).alpha
    assert found[310:350, 198:202].max() < 0.3
    assert found[300:350, 150:185].min() == 1


def test_a_print_of_the_walls_colour_stays() -> None:
    badge = slice(300, 330), slice(190, 210)
    assert cleared(cutout(badge), WEDGE).alpha[300:330, 190:210].min() == 1


def cloth(part: str, box: Box) -> Cloth:
    shape = box[3] - box[1], box[2] - box[0]
    return Cloth(part, box, np.full((*shape, 3), 0.2, np.float32), np.ones(shape, np.float32))


def with_gap(px: int) -> tuple[Cloth, Cloth]:
    """A body and a sleeve whose box reaches over the gap to it."""
    body, sleeve = cloth("body", (100, 100, 200, 300)), cloth("sleeve_right", (190, 120, 260, 220))
    sleeve.alpha[:, : 10 + px], sleeve.colour[:, : 10 + px] = 0, 0
    return body, sleeve


@pytest.mark.parametrize(("px", "is_closed"), [(3, True), (6, True), (30, False)])
def test_a_slit_is_closed_and_a_gap_stays(px: int, is_closed: bool) -> None:
    body, sleeve = with_gap(px)
    _, found = closed([body, sleeve], {"sleeve_right": np.array([200.0, 160.0])}, 1.0)
    gap = found.alpha[30:70, 10 : 10 + px]
    assert (gap.min() > 0.9) if is_closed else (gap[:, px // 2].max() == 0)
    assert np.all(found.colour[30:70, 10 : 10 + px].max() < 0.2), "what is closed lies in shade"


def test_without_a_sleeve_nothing_changes() -> None:
    body = cloth("body", (100, 100, 200, 300))
    assert closed([body], {"sleeve_left": np.array([100.0, 160.0])}, 1.0) == (body,)
