"""Accessories lie in their place at a true size."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.cut.cutout import Cutout
from compositing.errors import GarmentError
from compositing.mannequin import ARM_PARTS, HEAD, Mannequin, load
from compositing.small.legs import cm_px
from compositing.small.place import SMALL, place
from compositing.small.placed import FloatBox, Placed, box_of
from schemas.categories import GarmentCategory as G
from tests.unit.compositing.small.rasterising import cover

BODY = load("FEMALE", 384)
CM = cm_px(BODY)


def cut_out(alpha: NDArray[np.uint8]) -> Cutout:
    return Cutout(
        np.full((*alpha.shape, 3), 90, np.uint8), (alpha / 255).astype(np.float32), "plain"
    )


def beanie(turn_deg: float = 0.0) -> Cutout:
    alpha = np.zeros((500, 500), np.uint8)
    cv2.ellipse(alpha, (250, 330), (150, 220), 0, 180, 360, 255, -1)
    turn = cv2.getRotationMatrix2D((250, 250), turn_deg, 1)
    return cut_out(np.asarray(cv2.warpAffine(alpha, turn, (500, 500)), np.uint8))


def brimmed() -> Cutout:
    alpha = np.zeros((500, 700), np.uint8)
    cv2.ellipse(alpha, (350, 380), (300, 60), 0, 0, 360, 255, -1)
    cv2.rectangle(alpha, (230, 180), (470, 380), 255, -1)
    return cut_out(alpha)


def strip(width: int, height: int) -> Cutout:
    return cut_out(np.full((height, width), 255, np.uint8))


def buckled(*, right: bool) -> Cutout:
    alpha = np.zeros((90, 1000), np.uint8)
    alpha[30:60] = 255
    alpha[:, 930:] = 255
    return cut_out(alpha if right else np.ascontiguousarray(alpha[:, ::-1]))


def ring() -> Cutout:
    alpha = np.zeros((300, 600), np.uint8)
    cv2.ellipse(alpha, (300, 150), (270, 110), 0, 0, 360, 255, 30)
    return cut_out(alpha)


def bag(handle_px: int) -> Cutout:
    alpha = np.zeros((handle_px + 320, 400), np.uint8)
    alpha[handle_px:] = 255
    if handle_px:
        cv2.ellipse(alpha, (200, handle_px), (120, handle_px - 12), 0, 180, 360, 255, 18)
    return cut_out(alpha)


def lies(category: G, cutout: Cutout, body: Mannequin = BODY) -> tuple[list[Placed], FloatBox]:
    placed = place(category, cutout, body)
    return placed, box_of(cover(placed, cutout, body.labels.shape) > 0.5)


@pytest.mark.parametrize("turn_deg", [0, 12])
def test_a_hat_covers_the_head_down_to_the_forehead(turn_deg: float) -> None:
    head = box_of(BODY.labels == HEAD)
    _, (left, top, right, bottom) = lies(G.HAT, beanie(turn_deg))
    assert abs((left + right) / 2 - (head[0] + head[2]) / 2) < 1.5 * CM
    assert 1.0 < (right - left) / (head[2] - head[0]) < 1.3
    assert 0.3 < (bottom - head[1]) / (head[3] - head[1]) < 0.5
    assert top <= head[1]


def test_a_brim_is_wider_than_the_head_and_stays_in_the_picture() -> None:
    head = box_of(BODY.labels == HEAD)
    _, (left, top, right, _) = lies(G.HAT, brimmed())
    assert (right - left) / (head[2] - head[0]) > 2
    assert 0 < top <= head[1] + 1


def test_a_scarf_goes_round_the_neck_and_its_ends_hang() -> None:
    placed, (left, top, right, bottom) = lies(G.SCARF, strip(150, 900))
    chin = box_of(BODY.labels == HEAD)[3]
    assert [one.name for one in placed] == ["scarf left end", "scarf right end", "scarf loop"]
    assert chin - 4 * CM < top < chin + 4 * CM
    assert 40 < (bottom - top) / CM < 100
    assert 18 < (right - left) / CM < 40


def test_a_draped_scarf_keeps_its_shape() -> None:
    placed, (left, _, right, _) = lies(G.SCARF, strip(400, 500))
    assert len(placed) == 1
    assert 25 < (right - left) / CM < 35


@pytest.mark.parametrize("right", [False, True])
def test_a_belt_goes_round_the_waist_with_its_buckle_in_the_middle(*, right: bool) -> None:
    cutout = buckled(right=right)
    placed, (left, top, right_edge, bottom) = lies(G.BELT, cutout)
    row = int((top + bottom) / 2)
    assert BODY.waist_y - 2 < row < BODY.hip_y
    assert abs((right_edge - left) - (BODY.core_right[row] - BODY.core_left[row])) < 3 * CM
    assert 3 < (bottom - top) / CM < 13
    alpha = cover(placed, cutout, BODY.labels.shape) > 0.5
    tallest = np.nonzero(alpha.sum(0) > 0.9 * alpha.sum(0).max())[0]
    assert abs(tallest.mean() - BODY.centre_x) < 3 * CM


def test_of_a_closed_belt_the_front_is_shown() -> None:
    _, (left, top, right, bottom) = lies(G.BELT, ring())
    assert (right - left) / CM > 20
    assert (bottom - top) / CM < 8


@pytest.mark.parametrize("handle_px", [0, 160])
def test_a_bag_hangs_in_the_hand(handle_px: int) -> None:
    hand = box_of(BODY.labels == ARM_PARTS[1][2])
    placed, (left, top, right, bottom) = lies(G.BAG, bag(handle_px))
    assert placed[0].order == "behind"
    assert hand[1] - 3 * CM < top < hand[3]
    assert left < (hand[0] + hand[2]) / 2 < right
    assert 15 < (right - left) / CM < 45
    assert bottom < BODY.labels.shape[0]


def test_a_bag_with_a_long_strap_hangs_from_the_shoulder() -> None:
    _, (left, top, right, bottom) = lies(G.BAG, bag(500))
    shoulder = BODY.sides[1].shoulder
    assert abs(top - shoulder[1]) < 8 * CM
    assert bottom > BODY.hip_y
    assert left < shoulder[0] < right


def draped() -> Cutout:
    alpha = np.zeros((700, 300), np.uint8)
    cv2.ellipse(alpha, (150, 150), (140, 140), 0, 0, 360, 255, -1)
    cv2.rectangle(alpha, (40, 200), (260, 690), 255, -1)
    cv2.ellipse(alpha, (150, 120), (55, 50), 0, 0, 360, 0, -1)
    return cut_out(alpha)


def test_the_neck_is_in_a_draped_scarfs_loop_whose_back_is_behind_it() -> None:
    placed, (left, _, right, bottom) = lies(G.SCARF, draped())
    chin = box_of(BODY.labels == HEAD)[3]
    assert [(one.name, one.order) for one in placed] == [
        ("scarf back", "behind"),
        ("scarf", "before"),
    ]
    assert chin - 2 * CM < placed[1].look[0, 0, 1] < chin + 4 * CM
    assert 22 < (right - left) / CM < 41
    assert bottom > BODY.waist_y - 20 * CM


def test_a_low_hat_still_covers_the_head() -> None:
    head = box_of(BODY.labels == HEAD)
    alpha = np.zeros((200, 700), np.uint8)
    cv2.ellipse(alpha, (350, 150), (330, 45), 0, 0, 360, 255, -1)
    cv2.rectangle(alpha, (230, 50), (470, 150), 255, -1)
    _, (_, top, _, _) = lies(G.HAT, cut_out(alpha))
    assert top <= head[1]


def hostile() -> dict[str, NDArray[np.uint8]]:
    noise = (np.random.default_rng(3).random((300, 300)) > 0.5).astype(np.uint8) * 255
    disc = np.zeros((300, 300), np.uint8)
    cv2.circle(disc, (150, 150), 140, 255, -1)
    dot = np.zeros((300, 300), np.uint8)
    dot[150, 150] = 255
    line = np.zeros((300, 300), np.uint8)
    line[:, 150:153] = 255
    sparse = np.zeros((300, 300), np.uint8)
    sparse[::12, ::12] = 255
    full, empty = np.full((300, 300), 255, np.uint8), np.zeros((300, 300), np.uint8)
    return {
        "noise": noise,
        "disc": disc,
        "dot": dot,
        "line": line,
        "dots": sparse,
        "full": full,
        "empty": empty,
        "one pixel": np.full((1, 1), 255, np.uint8),
        "thin": np.full((2, 900), 255, np.uint8),
        "tall": np.full((900, 8), 255, np.uint8),
        "wide": np.full((8, 900), 255, np.uint8),
        "small": np.full((9, 9), 255, np.uint8),
    }


@pytest.mark.parametrize("category", sorted(SMALL))
@pytest.mark.parametrize("name", sorted(hostile()))
def test_what_is_no_accessory_is_refused_or_placed_and_never_crashes(
    name: str, category: G
) -> None:
    outcome = outcome_of(category, cut_out(hostile()[name]))
    if isinstance(outcome, str):
        assert outcome == "no_garment_found"
        return
    assert outcome
    for one in outcome:
        assert one.photo.shape == one.look.shape
        assert np.isfinite(one.photo).all()
        assert np.isfinite(one.look).all()


def outcome_of(category: G, cutout: Cutout) -> list[Placed] | str:
    """What was placed, or why nothing was."""
    try:
        return place(category, cutout, BODY)
    except GarmentError as error:
        return error.code
