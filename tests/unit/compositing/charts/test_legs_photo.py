"""Where trousers part: not below where a body does, though the photo shows legs that touch."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.charts.body import body_of
from compositing.charts.legs import ANKLE_PX, CROTCH_PX, dress_legs
from compositing.charts.legs_photo import (
    HIP_ROWS,
    LONG_PER_HIPS,
    RISE_PER_HIPS,
    RISE_PER_LENGTH,
    in_photo,
)
from compositing.template import fit
from compositing.template.model import Legs
from schemas.categories import GarmentCategory as G

TOP_Y, BOTTOM_Y = 20, 560


def trousers(notch_y: int, bottom_y: int = BOTTOM_Y, waist_x: int = 280) -> NDArray[np.bool_]:
    """Straight trousers whose legs touch down to a row."""
    right = [(waist_x, TOP_Y), (310, 160), (320, bottom_y), (215, bottom_y), (200, notch_y)]
    half = np.array(right)
    ring = np.vstack([half, (half * [-1, 1] + [400, 0])[::-1]])
    mask = np.zeros((bottom_y + 20, 400), np.uint8)
    cv2.fillPoly(mask, [ring], 1)
    return mask > 0


def legs_of(mask: NDArray[np.bool_], category: G) -> Legs:
    rgb = np.full((*mask.shape, 3), 70, np.uint8)
    template = fit(rgb, mask.astype(np.float32), category)
    assert isinstance(template, Legs)
    return template


@pytest.mark.parametrize("notch_y", [300, 380])
def test_a_rise_is_no_longer_than_bodies_have_it(notch_y: int) -> None:
    mask = trousers(notch_y)
    photo = in_photo(mask, legs_of(mask, G.TROUSERS), studio=False)
    length = BOTTOM_Y - TOP_Y
    assert length > LONG_PER_HIPS * photo.hips
    rise = photo.crotch_y - photo.waist_y
    assert rise <= RISE_PER_LENGTH * length + 6
    assert photo.inseam > 0.65 * length


def test_a_rise_that_is_seen_whole_stays() -> None:
    mask = trousers(150)
    photo = in_photo(mask, legs_of(mask, G.TROUSERS), studio=False)
    assert photo.crotch_y == pytest.approx(150, abs=15)


def test_shorts_whose_legs_touch_part_by_their_hips() -> None:
    mask = trousers(330, bottom_y=350)
    photo = in_photo(mask, legs_of(mask, G.SHORTS), studio=False)
    assert photo.crotch_y - photo.waist_y <= RISE_PER_HIPS * photo.hips + 1


@pytest.mark.parametrize("notch_y", [150, 300, 380])
@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_long_trousers_reach_the_ankle(notch_y: int, mannequin: str) -> None:
    mask = trousers(notch_y)
    body = body_of(mannequin)
    worn = dress_legs(mask, legs_of(mask, G.TROUSERS), G.TROUSERS, body, studio=False)
    leg = body.ankle_y - body.mannequin.crotch_y
    assert worn.landmarks["hem"][1] == pytest.approx(body.ankle_y + ANKLE_PX, abs=0.08 * leg)
    assert worn.landmarks["crotch"][1] <= body.mannequin.crotch_y + 3 * CROTCH_PX


def test_outer_edge_has_no_corner_at_the_crotch() -> None:
    """Over any 40 px of it: wide trousers on a narrow body went out to the crotch and back in."""
    mask = trousers(300)
    worn = dress_legs(mask, legs_of(mask, G.TROUSERS), G.TROUSERS, body_of("MALE"), studio=True)
    line = worn.charts[1].look[:, -2]
    rows = np.arange(line[0, 1] + 40, line[-1, 1] - 40, 4.0)
    at = [np.interp(rows + off, line[:, 1], line[:, 0]) for off in (-20, 0, 20)]
    turn = np.arctan((at[2] - at[1]) / 20) - np.arctan((at[1] - at[0]) / 20)
    assert np.degrees(np.abs(turn)).max() < 9


@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_a_waistband_as_wide_as_the_hips_hangs_on_them(mannequin: str) -> None:
    """Drawn in to the waist, it stood over hips that stuck out like a rider's."""
    body, found = body_of(mannequin), {}
    for waist_x in (270, 312):
        mask = trousers(160, waist_x=waist_x)
        found[waist_x] = dress_legs(mask, legs_of(mask, G.TROUSERS), G.TROUSERS, body, studio=False)
    assert found[312].landmarks["waist"][1] > found[270].landmarks["waist"][1] + 30
    outer = found[312].charts[1].look[1:-1, -2, 0] - body.centre_x
    assert outer[0] > 0.82 * outer[:HIP_ROWS].max()
    leg = body.ankle_y - body.mannequin.crotch_y
    hem = found[312].landmarks["hem"][1]
    assert hem == pytest.approx(body.ankle_y + ANKLE_PX, abs=0.08 * leg)
