"""White on white: the outline lies on the garment's own edge, not on what differs around it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.arrays import Mask
from compositing.cut.background import lab
from compositing.cut.snap import snapped, support
from devstack.garments import Fabric, PhotoSpec, draw
from tests.unit.compositing.cut import scenes

WHITE = Fabric("jersey", (240, 239, 235))


def overlap(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("category", ["t-shirt", "shirt", "dress", "tank"])
@pytest.mark.parametrize("background", ["white", "studio"])
def test_white_garments_are_cut_out_without_a_halo(category: str, background: str) -> None:
    photo = PhotoSpec((480, 640), quality=70)
    drawn = draw(category, 41, background=background, cloth=WHITE, photo=photo)
    found = scenes.cut_out(drawn.rgb)
    assert overlap(found, drawn.mask) > 0.92


def disc(radius_px: int) -> Mask:
    rows, columns = np.mgrid[0:300, 0:300]
    return np.asarray((rows - 150) ** 2 + (columns - 150) ** 2 < radius_px**2)


def on_grey(inside: Mask, level: int) -> NDArray[np.float32]:
    picture = np.full((*inside.shape, 3), 240, np.uint8)
    picture[inside] = level
    return lab(picture)


@pytest.mark.parametrize("found_px", [98, 103, 106])
def test_an_outline_that_misses_its_edge_is_moved_there(found_px: int) -> None:
    colours = on_grey(disc(100), 250)
    assert overlap(snapped(colours, disc(found_px)), disc(100)) > 0.97


def test_an_outline_goes_on_straight_where_the_photo_shows_no_edge() -> None:
    picture = np.full((300, 300, 3), 240, np.uint8)
    picture[disc(100)] = 250
    picture[120:180, 150:] = 240  # a part of the edge, and of the cloth, is like the background
    picture[130:170, 150:235] = 250
    moved = snapped(lab(picture), disc(104))
    assert overlap(moved, disc(100)) > 0.95


def test_the_first_edge_from_outside_is_the_garments_not_that_of_a_print_within() -> None:
    picture = np.full((300, 300, 3), 240, np.uint8)
    picture[disc(100)] = 250
    picture[disc(95) & ~disc(92)] = (30, 60, 160)
    assert overlap(snapped(lab(picture), disc(106)), disc(100)) > 0.97


def test_holes_stay_as_they_are() -> None:
    mask = disc(104)
    mask[140:160, 140:160] = False
    assert not snapped(on_grey(disc(100), 250), mask)[140:160, 140:160].any()


def test_an_outline_off_the_edge_has_less_support() -> None:
    colours = on_grey(disc(100), 250)
    assert support(colours, disc(100)) > 0.7
    assert support(colours, disc(110)) < 0.1


def test_a_lamps_spot_on_the_backdrop_is_not_taken_for_the_garment() -> None:
    truth = scenes.filled(scenes.TEE)
    rows, columns = np.mgrid[0 : truth.shape[0], 0 : truth.shape[1]]
    away = ((rows - 300) / 220) ** 2 + ((columns - 240) / 220) ** 2
    glow = 18 * np.exp(-away)[..., None]
    picture = np.array([160, 195, 205]) + glow
    picture[truth] = (236, 236, 236)
    photo = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255).astype(np.uint8)
    assert overlap(scenes.cut_out(photo), truth) > 0.98
