"""A pair is told apart however it was photographed, and each shoe's toe is found."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.cut.background import lab
from compositing.small.pairs import told_apart, unfloored
from compositing.small.placed import silhouette
from compositing.small.shape import unlike_a_shoe
from compositing.small.shoes import handed, shoes_of
from compositing.small.views import Shoe, View
from tests.unit.compositing.small.drawing import Drawing, Sheet, above
from tests.unit.compositing.small.scenes import ABOVE, BEFORE, NAMES, RED, drawn, is_boot

Mask = NDArray[np.bool_]
HIDDEN = ("one behind the other", "boots, one behind the other")


def at_working_size(drawing: Drawing, mask: Mask, size: tuple[int, ...]) -> Mask:
    small = cv2.resize(
        drawing.cropped(mask).astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA
    )
    return np.asarray(small > 0.5)


def overlap(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


def colours(drawing: Drawing, mask: Mask) -> NDArray[np.uint8]:
    small = cv2.resize(drawing.cutout.rgb, mask.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def parted(drawing: Drawing) -> tuple[Mask, list[Mask]]:
    mask = silhouette(drawing.cutout.alpha).mask
    return mask, told_apart(mask, colours(drawing, mask))


def shoes(name: str) -> list[Shoe]:
    drawing = drawn(name)
    mask = silhouette(drawing.cutout.alpha).mask
    rgb = colours(drawing, mask)
    return shoes_of(mask, rgb, lab(rgb), boots=is_boot(name))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HIDDEN])
def test_each_shoe_is_told_from_the_other(name: str) -> None:
    drawing = drawn(name)
    mask, found = parted(drawing)
    truth = [at_working_size(drawing, own, mask.shape) for own in drawing.masks]
    assert len(found) == len(truth)
    for own in truth:
        assert max(overlap(own, one) for one in found) > 0.9


@pytest.mark.parametrize("shift", [-25, 0, 30])
@pytest.mark.parametrize("turn_deg", [-4, 0, 5])
def test_a_touching_pair_that_lies_askew_is_told_apart(shift: int, turn_deg: int) -> None:
    sheet = Sheet(700, 760)
    above(sheet, (262, 640), 500, turn_deg, -1, RED)
    above(sheet, (440, 640 + shift), 500, turn_deg, 1, RED)
    drawing = sheet.done()
    mask, found = parted(drawing)
    assert len(found) == 2
    for own in drawing.masks:
        assert max(overlap(at_working_size(drawing, own, mask.shape), one) for one in found) > 0.9


def boxy(mask: NDArray[np.uint8], x: int, y: int, *, wide: int, long: int, round_px: int) -> None:
    """A broad shoe from above, its corners rounded."""
    inner = (x + round_px, y + round_px), (x + wide - round_px, y + long - round_px)
    cv2.rectangle(mask, *inner, 1, cv2.FILLED)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round_px + 1,) * 2)
    mask[:] = cv2.dilate(mask, around)


@pytest.mark.parametrize("wide", [80, 84, 88])
@pytest.mark.parametrize("down", [0, 6])
def test_broad_shoes_that_touch_along_their_whole_length_are_told_apart(
    wide: int, down: int
) -> None:
    pair = [np.zeros((300, 260), np.uint8) for _ in range(2)]
    for index, own in enumerate(pair):
        boxy(own, 20 + index * wide, 20 + index * down, wide=wide, long=250, round_px=22)
    mask = np.asarray((pair[0] | pair[1]) > 0)
    found = told_apart(mask, np.where(mask[..., None], 90, 220).astype(np.uint8).repeat(3, -1))
    assert len(found) == 2
    for own in pair:
        assert max(overlap(own > 0, one) for one in found) > 0.9


@pytest.mark.parametrize("name", HIDDEN)
def test_of_two_profiles_one_before_the_other_the_near_one_is_taken_whole(name: str) -> None:
    drawing = drawn(name)
    mask, found = parted(drawing)
    near = max(found, key=lambda one: int(one.sum()))
    assert overlap(near, at_working_size(drawing, drawing.masks[1], mask.shape)) > 0.9


@pytest.mark.parametrize("name", [name for name in NAMES if name != "from before"])
def test_what_was_told_apart_has_the_outline_of_a_shoe(name: str) -> None:
    _, found = parted(drawn(name))
    near = max(found, key=lambda one: int(one.sum()))
    assert unlike_a_shoe(near) < 0.25


def test_a_pair_in_one_piece_is_unlike_a_shoe() -> None:
    mask, found = parted(drawn("touching from above"))
    assert unlike_a_shoe(mask) > 0.15 + max(unlike_a_shoe(one) for one in found)


def test_a_torn_outline_is_unlike_a_shoe() -> None:
    shoe = np.zeros((200, 120), bool)
    shoe[20:180, 30:90] = True
    torn = shoe.copy()
    for row in range(24, 176, 16):
        torn[row : row + 8, 60:] = False
    assert unlike_a_shoe(shoe) < 0.1
    assert unlike_a_shoe(torn) > 0.4


@pytest.mark.parametrize("name", NAMES)
def test_the_view_and_the_toe_are_found(name: str) -> None:
    drawing = drawn(name)
    outline = silhouette(drawing.cutout.alpha)
    rows, columns = np.nonzero(np.any(drawing.masks, axis=0))
    first = np.array([columns.min(), rows.min()])
    for shoe in shoes(name):
        assert shoe.view is (
            View.ABOVE if name in ABOVE else View.FRONT if name in BEFORE else View.SIDE
        )
        toes = (np.array(drawing.toes) - first) * outline.scale
        own = [
            overlap(shoe.mask, at_working_size(drawing, mask, shoe.mask.shape))
            for mask in drawing.masks
        ]
        away = toes[int(np.argmax(own))] - shoe.frame.centre
        assert away @ shoe.along > (0.6 if shoe.view is View.SIDE else 0.9) * np.linalg.norm(away)


@pytest.mark.parametrize(("name", "side"), [("one from above", -1), ("the other from above", 1)])
def test_a_single_shoe_from_above_is_known_by_its_big_toe(name: str, side: int) -> None:
    assert handed(shoes(name)[0]) == side


def test_what_looks_like_the_floor_and_is_joined_to_it_is_left_out() -> None:
    mask = np.zeros((200, 200), bool)
    mask[40:180, 60:120] = True
    shoe = mask.copy()
    mask[80:110, 120:150] = True
    colours = np.zeros((200, 200, 3), np.float32)
    colours[..., 0] = 40
    colours[shoe, 0] = 85
    assert overlap(unfloored(mask, colours), shoe) > 0.98


def test_shoes_of_the_floors_colour_stay_whole() -> None:
    mask = np.zeros((200, 200), bool)
    mask[40:180, 60:120] = True
    colours = np.full((200, 200, 3), 50, np.float32)
    assert overlap(unfloored(mask, colours), mask) == 1
