"""Cloth beyond a rough outline."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.cutout import Cutout
from compositing.cut.extend import extended, grown
from tests.unit.compositing.cut import scenes
from tests.unit.compositing.cut.scenes import SIZE, Mask

FLOOR, NAVY, PINK = (150, 110, 70), (30, 40, 90), (214, 90, 150)


def rough(cloth: NDArray[np.float32]) -> tuple[Cutout, Mask]:
    """A garment whose outline is taken 2 px too far out; and the band 8 px beyond it."""
    truth = scenes.filled(scenes.TEE)
    rgb = scenes.laid(truth, cloth, scenes.plain(FLOOR)).astype(np.uint8)
    found = cv2.dilate(truth.astype(np.uint8), np.ones((5, 5), np.uint8))
    ring = cv2.dilate(found, np.ones((17, 17), np.uint8)) > 0
    return Cutout(rgb, found.astype(np.float32), "messy"), np.asarray(ring)


def far_from(rgb: NDArray[np.uint8], colours: list[tuple[int, int, int]]) -> NDArray[np.floating]:
    apart = [np.linalg.norm(rgb - np.array(one, float), axis=-1) for one in colours]
    return np.asarray(np.min(apart, axis=0))


def test_nothing_of_the_floor_is_left_where_cloth_may_be_shown() -> None:
    cutout, ring = rough(scenes.plain(NAVY))
    shown = extended(cutout).rgb[ring & (grown(cutout.alpha) > 0)]
    assert (far_from(shown, [FLOOR]) > 60).mean() > 0.999
    assert np.percentile(far_from(shown, [NAVY]), 99) < 8


def test_a_check_goes_on_beyond_the_outline_and_is_not_smeared() -> None:
    cutout, ring = rough(scenes.sheet(NAVY, PINK, 12))
    shown = extended(cutout).rgb[ring]
    assert np.percentile(far_from(shown, [NAVY, PINK]), 90) < 40
    near = np.argmin(
        [np.linalg.norm(shown - np.array(one, float), axis=-1) for one in (NAVY, PINK)], axis=0
    )
    assert 0.4 < near.mean() < 0.6


def test_the_collar_of_a_garment_of_one_colour_is_not_shown_twice() -> None:
    cloth = scenes.plain((190, 50, 50))
    cloth[150:153] = (160, 40, 40)
    cutout, _ = rough(cloth)
    above = extended(cutout).rgb[112:126, 230:250]
    assert np.ptp(above[..., 0].astype(int)) < 16


def test_alpha_and_sound_cloth_stay() -> None:
    cutout, _ = rough(scenes.sheet(NAVY, PINK, 12))
    found = extended(cutout)
    inner = cv2.erode(cutout.alpha, np.ones((21, 21), np.uint8)) > 0
    assert (found.alpha == cutout.alpha).all()
    assert (found.rgb[inner] == cutout.rgb[inner]).all()
    assert SIZE == found.rgb.shape[1::-1]
