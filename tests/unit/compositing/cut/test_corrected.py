"""Which of the learned segmenter's corrections are believed. Its maps are made by hand here."""

import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.arbiter import Arbitration, evenness, overlap
from compositing.cut.corrected import corrected
from compositing.cut.learned import Expected
from compositing.cut.opinion import ExpectedShape, Scene, scene

FLOOR, CLOTH, SLEEVE = (120, 90, 60), (40, 60, 140), (200, 190, 60)
SIDE = 400


def box(left: int, top: int, right: int, bottom: int) -> Mask:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top:bottom, left:right] = True
    return mask


BODY, LEFT, RIGHT = box(130, 80, 270, 330), box(70, 80, 130, 180), box(270, 80, 330, 180)
SHIRT = BODY | LEFT | RIGHT
LEGS = box(120, 60, 280, 140) | box(120, 140, 180, 360) | box(220, 140, 280, 360)
GAP = box(180, 140, 220, 360)


def photographed(mask: Mask, *others: tuple[Mask, tuple[int, int, int]]) -> Scene:
    return photographed_as("body", mask, *others)


def photographed_as(
    shape: ExpectedShape, mask: Mask, *others: tuple[Mask, tuple[int, int, int]]
) -> Scene:
    rgb = np.empty((SIDE, SIDE, 3), np.uint8)
    rgb[:] = FLOOR
    rgb[mask] = CLOTH
    for part, colour in others:
        rgb[part] = colour
    noise = np.random.default_rng(5).integers(-6, 7, rgb.shape)
    return scene(np.clip(rgb + noise, 0, 255).astype(np.uint8), shape)


def likely(cloth: Mask, foreign: Mask | None = None) -> Expected:
    def soft(mask: Mask) -> Floats:
        return np.where(mask, np.float32(0.97), np.float32(0.03))

    nothing = np.zeros_like(cloth)
    return Expected(soft(cloth), soft(nothing), soft(nothing if foreign is None else foreign))


def test_a_sleeve_of_another_colour_comes_back() -> None:
    seen = photographed(SHIRT, (LEFT | RIGHT, SLEEVE))
    found = corrected(seen, Arbitration(BODY, "grown", 0.5), likely(SHIRT), None)
    assert overlap(found.mask, SHIRT) > 0.97
    assert found.doubt < 0.6


def test_floor_that_was_taken_for_cloth_goes() -> None:
    seen = photographed(SHIRT)
    found = corrected(
        seen, Arbitration(SHIRT | box(130, 330, 270, 390), "map", 0.5), likely(SHIRT), None
    )
    assert overlap(found.mask, SHIRT) > 0.97


def test_what_the_photo_shows_no_edge_for_is_not_added() -> None:
    seen = photographed(SHIRT)
    wrong = SHIRT | box(330, 80, 390, 300)
    found = corrected(seen, Arbitration(SHIRT, "grown", 0.1), likely(wrong), None)
    assert overlap(found.mask, SHIRT) > 0.97


def test_the_floor_between_two_legs_is_never_added() -> None:
    seen = photographed_as("legs", LEGS, (GAP, SLEEVE))
    found = corrected(seen, Arbitration(LEGS, "grown", 0.1), likely(LEGS | GAP), None)
    assert not (found.mask & GAP).any()


def test_a_hanger_goes_and_the_cloth_stays() -> None:
    bar = box(180, 60, 220, 80)
    seen = photographed(SHIRT, (bar, (20, 20, 20)))
    found = corrected(seen, Arbitration(SHIRT | bar, "grown", 0.1), likely(SHIRT, bar), None)
    assert not found.mask[bar].any()
    assert overlap(found.mask, SHIRT) > 0.97


def test_scraps_of_the_map_are_no_garment() -> None:
    seen = photographed(SHIRT, (box(20, 350, 50, 380), CLOTH))
    found = corrected(
        seen, Arbitration(BODY, "grown", 0.1), likely(SHIRT | box(20, 350, 50, 380)), None
    )
    assert not found.mask[350:380, 20:50].any()


def test_where_both_agree_the_finer_outline_is_kept() -> None:
    seen = photographed(SHIRT)
    first = Arbitration(SHIRT, "flood", 0.0)
    assert overlap(corrected(seen, first, likely(SHIRT), None).mask, SHIRT) == 1.0
    assert corrected(seen, first, likely(SHIRT), None).by == "flood"


def test_a_side_that_a_print_bites_into_is_evened_out() -> None:
    """Leaves of the background's colour reach the seam, and were taken for it."""
    leaves = [box(130, y, 150, y + 8) for y in range(190, 330, 16)]
    seen = photographed(SHIRT, *((leaf, FLOOR) for leaf in leaves))
    bitten = SHIRT & ~np.any(leaves, axis=0)
    found = corrected(seen, Arbitration(bitten, "map", 0.3), likely(SHIRT), None)
    assert evenness(found.mask) > evenness(bitten) + 0.04
    assert overlap(found.mask, SHIRT) > overlap(bitten, SHIRT)
