"""What is told of a cut-out, and what survives being kept."""

import dataclasses

import cv2
import numpy as np
import pytest

from compositing.cut.facts import CutoutFacts, facts_of
from compositing.decode import Photo
from compositing.garment import Garment, pack, unpack
from tests.unit.compositing.cut import scenes


@pytest.fixture(scope="module")
def facts() -> CutoutFacts:
    rgb = scenes.hanging().rgb
    return facts_of(Photo(rgb, None), scenes.cut(rgb))


def test_a_clean_cut_out_has_good_facts(facts: CutoutFacts) -> None:
    assert facts.components == 1
    assert facts.off_edge < 0.05
    assert facts.roughness < 0.1
    assert facts.holes == facts.touch == 0
    assert facts.area == pytest.approx(scenes.hanging().truth.mean(), rel=0.03)


def test_a_ragged_cut_out_is_rough_and_off_the_photos_edges(facts: CutoutFacts) -> None:
    rgb = scenes.hanging().rgb
    cutout = scenes.cut(rgb)
    noise = np.random.default_rng(2).normal(0, 1, cutout.alpha.shape).astype(np.float32)
    ragged = cutout.alpha * (cv2.GaussianBlur(noise, (0, 0), 6) > -0.02)
    worse = facts_of(Photo(rgb, None), dataclasses.replace(cutout, alpha=np.asarray(ragged, np.float32)))
    assert worse.roughness > facts.roughness + 0.1
    assert worse.off_edge > 0.3


def test_a_cut_out_knows_where_in_the_photo_it_was() -> None:
    drawn = scenes.hanging()
    cutout = scenes.cut(drawn.rgb)
    left, top = cutout.origin
    height, width = cutout.alpha.shape
    assert cutout.photo_size == scenes.SIZE
    assert (cutout.mask == scenes.cut_out(drawn.rgb)[top : top + height, left : left + width]).all()


def test_packing_loses_nothing() -> None:
    cutout = dataclasses.replace(scenes.cut(scenes.hanging().rgb), doubt=0.1234)
    again = unpack(pack(Garment(cutout, None))).cutout
    assert (again.rgb == cutout.rgb).all()
    assert (again.alpha == cutout.alpha).all()
    for name in ("mode", "doubt", "origin", "photo_size"):
        assert getattr(again, name) == getattr(cutout, name)


@pytest.mark.parametrize("doubt", [1.5, -0.1, float("nan")])
def test_an_impossible_doubt_is_not_unpacked(doubt: float) -> None:
    kept = pack(Garment(dataclasses.replace(scenes.cut(scenes.hanging().rgb), doubt=doubt), None))
    with pytest.raises(ValueError, match="not a packed garment"):
        unpack(kept)


def test_an_impossible_place_is_not_unpacked() -> None:
    kept = pack(Garment(dataclasses.replace(scenes.cut(scenes.hanging().rgb), origin=(-1, 0)), None))
    with pytest.raises(ValueError, match="not a packed garment"):
        unpack(kept)
