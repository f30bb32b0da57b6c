"""The engine on real photos, where this checkout has them beside it: the bounds that a shop's picture must keep.

The photos are test data under a non-commercial licence: read in place, never copied. `make gallery` shows them all.
"""

import statistics
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.gallery import Shown, photos
from bench.measures import Measured, iou, measure
from compositing import LookOptions
from compositing.cut.cutout import cut, told
from compositing.decode import decode
from compositing.engine import WORKING_SIDE_PX, shape_of
from schemas.categories import canonical

OPTIONS = LookOptions(width_px=384)


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
        found[one.name], _ = measure(category, photo, cut(photo, shape=shape_of(one.category)), OPTIONS)
    return found


def overlap(one: Shown) -> float:
    """The cut-out's against the true mask."""
    _, alpha, _ = told(decode(one.data, WORKING_SIDE_PX), shape=shape_of(one.category))
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


def test_shoulders_and_waists_lie_on_the_mannequins(measured: dict[str, Measured]) -> None:
    shoulders = [one.shoulder_error for one in measured.values() if one.shoulder_error is not None]
    waists = [one.waist_error for one in measured.values() if one.waist_error is not None]
    assert len(shoulders) > 25
    assert len(waists) > 15
    assert max(shoulders) <= 0.015
    assert max(waists) <= 0.015


def test_stripes_stay_straight(measured: dict[str, Measured]) -> None:
    assert max(one.stripe_error for one in measured.values() if one.stripe_error is not None) <= 0.01


def test_no_map_folds(measured: dict[str, Measured]) -> None:
    assert {name: one.fold_share for name, one in measured.items() if one.fold_share > 0} == {}


def test_there_is_no_halo(measured: dict[str, Measured]) -> None:
    halos = [one.halo_share for one in measured.values()]
    assert statistics.median(halos) == 0
    assert max(halos) <= 0.05
