"""The engine on real photos, where this checkout has them beside it: the bounds that a shop's
picture must keep.

The photos are test data under a non-commercial licence: read in place, never copied. `make gallery`
shows them all.
"""

import statistics
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.gallery import Shown, photos
from bench.measures import Measured, iou, measure, truths
from compositing import GarmentInput, LookOptions, prepare
from compositing.cut.cutout import separated
from compositing.decode import decode
from compositing.engine import shape_of
from compositing.options import DEFAULT_BARS, WORKING_SIDE_PX
from schemas.categories import GarmentCategory, canonical

OPTIONS, SMALL = LookOptions(width_px=384), LookOptions()
"""Small things are measured at the size that is sold: a sole is as thin as an edge at half of it.
"""
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]  # 77 photos, before the first test


@pytest.fixture(scope="module")
def shown(garments: Path) -> list[Shown]:
    return list(photos(garments))


@pytest.fixture(scope="module")
def measured(shown: list[Shown]) -> dict[str, Measured]:
    found = {}
    for one in shown:
        category = canonical(one.category)
        assert category is not None
        photo = decode(one.data, WORKING_SIDE_PX)
        garment = prepare(GarmentInput(one.data, one.category, one.name))
        options = SMALL if category is GarmentCategory.SHOES else OPTIONS
        found[one.name], _ = measure(category, garment, photo, options, truths().get(one.name))
    return found


@pytest.fixture(scope="module")
def sold(measured: dict[str, Measured]) -> dict[str, Measured]:
    """Without what the judge refuses."""
    found = {name: one for name, one in measured.items() if one.quality >= DEFAULT_BARS.floor}
    assert len(found) >= 0.7 * len(measured)
    return found


def overlap(one: Shown) -> float:
    """The cut-out's against the true mask."""
    _, alpha, _ = separated(decode(one.data, WORKING_SIDE_PX), shape=shape_of(one.category))
    assert one.truth is not None
    truth = cv2.resize(one.truth.astype(np.uint8), alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    return iou(alpha > 0.5, np.asarray(truth > 0))


def test_studio_photos_are_cut_out_well(shown: list[Shown]) -> None:
    found = [overlap(one) for one in shown if one.truth is not None and not one.messy]
    assert len(found) == 4
    assert statistics.median(found) >= 0.98
    assert min(found) >= 0.94


def test_phone_photos_are_cut_out_well_by_and_large(shown: list[Shown]) -> None:
    found = [overlap(one) for one in shown if one.truth is not None and one.messy]
    assert len(found) >= 14
    assert statistics.median(found) >= 0.93


def test_colours_stay_true(measured: dict[str, Measured]) -> None:
    assert statistics.median(one.colour_de2000 for one in measured.values()) <= 2


def test_shoulders_and_waists_lie_on_the_mannequins(sold: dict[str, Measured]) -> None:
    shoulders = [one.shoulder_error for one in sold.values() if one.shoulder_error is not None]
    waists = [one.waist_error for one in sold.values() if one.waist_error is not None]
    assert len(shoulders) > 25
    assert len(waists) > 15
    assert max(shoulders) <= 0.015
    assert max(waists) <= 0.015


def test_no_chart_folds_and_garments_stay_in_one_piece(
    measured: dict[str, Measured], sold: dict[str, Measured]
) -> None:
    assert [name for name, one in measured.items() if one.folded > 0] == []
    whole = [one for name, one in sold.items() if "shoes" not in name]
    assert sum(one.pieces == 1 for one in whole) >= 0.95 * len(whole)


def test_sleeves_and_legs_keep_their_share_of_the_length(sold: dict[str, Measured]) -> None:
    """Against points that were set by hand on the photos (bench/points.json)."""
    sleeves = [abs(one.sleeve_error) for one in sold.values() if one.sleeve_error is not None]
    legs = [abs(one.leg_error) for one in sold.values() if one.leg_error is not None]
    assert len(sleeves) >= 20
    assert len(legs) >= 8
    assert statistics.median(sleeves) <= 0.04
    assert statistics.median(legs) <= 0.03
    assert sum(one <= 0.05 for one in sleeves) >= 0.75 * len(sleeves)
    assert sum(one <= 0.05 for one in legs) >= 0.85 * len(legs)


def test_there_is_no_halo(measured: dict[str, Measured]) -> None:
    halos = [one.halo_share for one in measured.values()]
    assert statistics.median(halos) == 0
    assert max(halos) <= 0.05
