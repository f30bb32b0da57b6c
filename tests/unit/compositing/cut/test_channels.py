"""Narrow channels before a plain background, and stripes that look like them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.compositing.cut import scenes
from tests.unit.compositing.cut.scenes import SIZE, Mask, Pixels

WALL = (246, 246, 246)
NAVY, LINEN = (38, 46, 92), (176, 150, 128)


def split(garment: Mask, foot: tuple[int, int], apex: tuple[int, int], wide: int) -> Mask:
    """The triangles that part both sides from the body: `wide` at the foot, nothing at the apex."""
    gone = np.zeros(SIZE[::-1], np.uint8)
    for side in (1, -1):
        ends = [(foot[0], foot[1]), (foot[0] + wide, foot[1]), apex]
        points = [(240 + side * (x - 240), y) for x, y in ends]
        cv2.fillPoly(gone, [np.array(points, np.int32)], 1)
    return np.asarray((gone > 0) & garment)


def long_sleeved() -> tuple[Mask, Mask]:
    """Sleeves that hang beside the body, and the channels between the two."""
    whole = scenes.filled([(240, 110), (300, 104), (372, 150), (420, 470), (240, 470)])
    lower = whole.copy()
    lower[430:, 300:] = lower[430:, :181] = False
    sleeves = whole & ~scenes.filled([(240, 90), (360, 90), (360, 640)])
    gone = split(whole, (336, 470), (330, 216), 30)
    return np.asarray((lower | sleeves) & ~gone), gone


def photographed(truth: Mask, cloth: NDArray[np.floating]) -> Pixels:
    return scenes.grainy(scenes.laid(truth, cloth, scenes.plain(WALL)), 0.8)


def across(first: scenes.Colour, second: scenes.Colour, pitch_px: int) -> NDArray[np.float32]:
    rows = np.arange(SIZE[1])[:, None, None]
    striped = np.where((rows // pitch_px) % 2, np.array(first), np.array(second))
    return np.broadcast_to(striped, (*SIZE[::-1], 3)).astype(np.float32)


@pytest.mark.parametrize("second", [NAVY, LINEN], ids=["navy", "striped"])
def test_a_channel_beside_the_body_is_open_up_to_the_armpit(second: scenes.Colour) -> None:
    truth, gone = long_sleeved()
    found = scenes.cut_out(photographed(truth, across(NAVY, second, 9)))
    core = cv2.erode(gone.astype(np.uint8), np.ones((3, 5), np.uint8)) > 0
    assert not found[core].any()
    assert (found & truth).sum() / (found | truth).sum() > 0.98


def test_the_wedge_between_two_legs_is_open_up_to_the_crotch() -> None:
    legs = scenes.filled([(240, 100), (310, 100), (330, 600), (240, 600)])
    gone = scenes.filled([(240, 250), (256, 600)])
    truth = np.asarray(legs & ~gone)
    found = scenes.cut_out(photographed(truth, scenes.plain(NAVY)), "legs")
    assert not found[330:, 239:242].any()
    assert found[200:245, 238:243].all()


def test_stripes_of_the_walls_colour_stay_to_the_outline() -> None:
    truth = scenes.filled(scenes.TEE)
    found = scenes.cut_out(photographed(truth, across(NAVY, (243, 243, 242), 9)))
    inner = cv2.erode(truth.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert found[inner].mean() > 0.995


def test_upright_stripes_of_the_walls_colour_that_end_at_the_hem_are_no_channels() -> None:
    truth = scenes.filled([(240, 130), (330, 130), (350, 560), (240, 560)])
    rows = across(NAVY, (243, 243, 242), 9)
    cloth = np.tile(np.transpose(rows[:480, :1], (1, 0, 2)), (SIZE[1], 1, 1))
    cloth[:, :212] = cloth[:, 268:] = cloth[:200] = NAVY
    found = scenes.cut_out(photographed(truth, cloth))
    inner = cv2.erode(truth.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert found[inner].mean() > 0.995
