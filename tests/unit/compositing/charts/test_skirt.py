"""Skirts keep their flare: a hem that bows is no side that goes in."""

import cv2
import numpy as np
import pytest

from compositing import GarmentInput, prepare
from tests.unit.compositing.charts.dressed import laid
from tests.unit.compositing.pictures import save


def photographed(outline: list[tuple[int, int]]) -> bytes:
    """A navy skirt before white paper, from its right half's outline."""
    picture = np.full((480, 480, 3), 244, np.uint8)
    half = np.array(outline)
    whole = np.vstack([half, (half * [-1, 1] + [480, 0])[::-1]]).astype(np.int32)
    cv2.fillPoly(picture, [whole], (44, 52, 92), cv2.LINE_AA)
    return save(picture)


CIRCLE = [(240, 110), (296, 114), (455, 262), (448, 290), (372, 344), (240, 370)]
FLARED = [(240, 100), (290, 100), (400, 380), (240, 380)]
PENCIL = [(240, 100), (300, 100), (332, 190), (326, 280), (312, 390), (240, 392)]


@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_a_bowed_hem_does_not_close_the_skirt(mannequin: str) -> None:
    garment = prepare(GarmentInput(photographed(CIRCLE), "skirt", ""))
    chart = laid(garment, "skirt", "MALE" if mannequin == "MALE" else "FEMALE").charts[0]
    wide = np.ptp(chart.look[1:-1, 1:-1, 0], axis=1)
    assert wide[-1] > 0.97 * wide.max()
    hem = chart.look[-2, 1:-1, 1]
    assert hem[0] < hem[len(hem) // 2] - 10  # its corners lie higher than its middle
    assert hem[-1] < hem[len(hem) // 2] - 10


def test_a_pencil_skirt_stays_narrow_below() -> None:
    garment = prepare(GarmentInput(photographed(PENCIL), "skirt", ""))
    chart = laid(garment, "skirt").charts[0]
    photo = np.ptp(chart.photo[1:-1, 1:-1, 0], axis=1)
    assert photo[-1] < 0.9 * photo.max()


@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_straight_sides_stay_straight_where_a_skirt_hangs_free(mannequin: str) -> None:
    garment = prepare(GarmentInput(photographed(FLARED), "skirt", ""))
    chart = laid(garment, "skirt", "MALE" if mannequin == "MALE" else "FEMALE").charts[0]
    side = chart.look[2:-2, -2]
    straight = np.interp(side[:, 1], side[[0, -1], 1], side[[0, -1], 0])
    assert np.abs(side[:, 0] - straight).max() < 0.06 * np.ptp(side[:, 0])
