"""A light collar that a cut-out took for the wall comes back; a wall stays a wall."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.charts.lost import recovered
from compositing.template.model import Upper
from tests.unit.compositing.charts.necks import cutout, drawn, upper_of

WALL, COLLAR = (236, 230, 216), (206, 200, 206)


def collared(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_], Upper]:
    """A dress before a plain wall, its cut-out without the light collar; the collar; its points."""
    one = drawn("sleeveless-dress", seed)
    points = upper_of(one.points)
    middle = 0.5 * (points.left.neck + points.right.neck)
    half = 0.5 * float(points.right.neck[0] - points.left.neck[0])
    disc = np.zeros(one.mask.shape, np.uint8)
    cv2.circle(disc, tuple(np.round(middle).astype(int)), round(1.5 * half), 1, -1)
    collar = (disc > 0) & one.mask
    rgb = np.where(one.mask[..., None], np.array([24, 28, 52]), np.array(WALL))
    rgb = np.where(collar[..., None], np.array(COLLAR), rgb)
    noise = np.random.default_rng(seed).normal(0, 1.5, rgb.shape)
    picture = np.asarray(np.clip(rgb + noise, 0, 255), np.uint8)
    return picture, one.mask & ~collar, collar, points


@pytest.mark.parametrize("seed", [0, 1])
def test_light_collar_before_a_light_wall_comes_back(seed: int) -> None:
    rgb, rest, collar, points = collared(seed)
    found = recovered(cutout(rgb, rest), rgb, points)
    assert found is not None
    whole = np.zeros(rest.shape, np.float32)
    x, y = found.origin
    height, width = found.alpha.shape
    whole[y : y + height, x : x + width] = found.alpha
    between = collar & (np.arange(len(rest))[:, None] > points.left.neck[1] + 2)
    inner = slice(round(float(points.left.neck[0])), round(float(points.right.neck[0])))
    assert float(whole[:, inner][between[:, inner]].mean()) > 0.9
    assert float(whole[~(rest | collar)].mean()) < 0.01
    assert float(whole[rest].mean()) > 0.99


@pytest.mark.parametrize("seed", [0, 1])
def test_wall_in_a_deep_neckline_is_no_cloth(seed: int) -> None:
    rgb, rest, collar, points = collared(seed)
    rgb = np.where(collar[..., None], np.array(WALL, np.uint8), rgb)
    assert recovered(cutout(rgb, rest), rgb, points) is None


def test_nothing_is_looked_for_before_an_uneven_background() -> None:
    rgb, rest, _, points = collared(0)
    noise = np.random.default_rng(5).integers(0, 255, rgb.shape)
    rgb = np.where(rest[..., None], rgb, noise).astype(np.uint8)
    assert recovered(cutout(rgb, rest), rgb, points) is None


def test_clean_cut_out_is_left_alone() -> None:
    rgb, rest, _, points = collared(0)
    assert recovered(cutout(rgb, rest, "plain"), rgb, points) is None
