"""A cut-out that is turned by quarters stays where it lies in its photo."""

import numpy as np
import pytest

from compositing.cut.cutout import INSIDE_PX, Cutout

PHOTO = (320, 480)
"""Width and height."""


def lying() -> Cutout:
    """With a spot in its map where its own darkest pixel is."""
    alpha = np.ones((120, 200), np.float32)
    rgb = np.full((120, 200, 3), 200, np.uint8)
    rgb[30:34, 150:154] = 0
    inside = np.zeros((INSIDE_PX, INSIDE_PX), np.uint8)
    x, y = (152 + 40) / PHOTO[0], (32 + 60) / PHOTO[1]
    inside[int(y * INSIDE_PX), int(x * INSIDE_PX)] = 255
    return Cutout(rgb, alpha, "messy", origin=(40, 60), photo_size=PHOTO, inside=inside)


def spot(cutout: Cutout) -> np.ndarray:
    """Where the map's spot lies in the cut-out."""
    assert cutout.inside is not None
    row, column = np.unravel_index(int(cutout.inside.argmax()), cutout.inside.shape)
    matrix = cutout.from_photo()
    return np.asarray(matrix[:, :2] @ np.array([column, row]) + matrix[:, 2])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_map_and_pixels_turn_together(turns: int) -> None:
    turned = lying().turned(turns)
    rows, columns = np.nonzero(turned.rgb[..., 0] == 0)
    assert np.abs(spot(turned) - [columns.mean(), rows.mean()]).max() < 4
    assert turned.photo_size == (PHOTO if turns % 2 == 0 else PHOTO[::-1])


def test_four_quarters_are_none() -> None:
    once = lying()
    again = once.turned(1).turned(1).turned(2)
    assert (again.rgb == once.rgb).all()
    assert again.origin == once.origin
    assert again.photo_size == once.photo_size
