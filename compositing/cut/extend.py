"""Cloth beyond a rough outline, so that an outline can be drawn anew."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.cutout import Cutout
from compositing.cut.matte import pulled

REACH_SHARE: Final = 0.03
"""How far cloth is spread, in shares of the cut-out's longer side."""
SOUND_SHARE: Final = 0.006
"""How deep inside the outline colours are surely the cloth's, likewise."""
SOLID: Final = 0.95
WINDOW_SHARE: Final = 0.03
EVEN, PATTERNED = 24.0, 40.0
LOCALLY: Final = 1.2
"""How much colours vary (of 255 a channel) in cloth of one colour, and in a pattern."""


def extended(cutout: Cutout) -> Cutout:
    """The cut-out with its cloth's colours under and beyond its outline; alpha stays.

    A pattern is mirrored there; cloth of one colour, whose folds and seams would show twice, is
    spread.
    """
    side = max(cutout.alpha.shape)
    depth = max(2, round(SOUND_SHARE * side))
    sound = _sound(cutout.alpha, depth)
    if not sound.any():
        return cutout
    reach = max(2, round(REACH_SHARE * side)) + 2 * depth
    far, rows, columns = _nearest(sound)
    at = np.nonzero((far > 0) & (far <= reach))
    there = rows[at], columns[at]
    spread, pattern = _spread(cutout.rgb, sound)
    height, width = sound.shape
    mirrored = (
        np.clip(2 * there[0] - at[0], 0, height - 1),
        np.clip(2 * there[1] - at[1], 0, width - 1),
    )
    inside = sound[mirrored]
    shown = cutout.rgb[
        np.where(inside, mirrored[0], there[0]), np.where(inside, mirrored[1], there[1])
    ]
    share = pattern[there][:, None]
    rgb = cutout.rgb.copy()
    rgb[at] = np.round(share * shown + (1 - share) * spread[at]).astype(np.uint8)
    return replace(cutout, rgb=rgb)


def _spread(rgb: NDArray[np.uint8], sound: Mask) -> tuple[NDArray[np.uint8], Floats]:
    """Sound colours spread outwards, and how patterned the cloth is around each place, 0..1.

    Worked out at half the size: neither has any detail.
    """
    size = sound.shape[1], sound.shape[0]
    half = max(1, size[0] // 2), max(1, size[1] // 2)
    small = np.asarray(cv2.resize(rgb, half, interpolation=cv2.INTER_AREA), np.float32)
    sure = cv2.resize(sound.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST)
    solid = np.asarray(sure, np.float32)
    window = (2 * round(WINDOW_SHARE * max(half)) + 1,) * 2
    weight = np.maximum(cv2.blur(solid, window), 1e-3)[..., None]
    mean = cv2.blur(small * solid[..., None], window) / weight
    square = cv2.blur(small * small * solid[..., None], window) / weight
    varied = np.sqrt(np.maximum(square - mean * mean, 0).sum(-1))
    usual = float(np.median(varied[solid > 0])) if solid.any() else 0.0
    least = np.minimum(varied, usual * LOCALLY)  # a shaded collar is no pattern
    pattern = np.clip((least - EVEN) / (PATTERNED - EVEN), 0, 1).astype(np.float32)
    around = np.clip(pulled(small, solid), 0, 255).astype(np.uint8)
    spread = np.asarray(cv2.resize(around, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return spread, np.asarray(cv2.resize(pattern, size, interpolation=cv2.INTER_LINEAR))


def _sound(alpha: Floats, depth: int) -> Mask:
    """Where colours are the cloth's: inside by a margin, which what is thin has less of."""
    solid = (alpha > SOLID).astype(np.uint8)
    deep = cv2.erode(solid, _disc(depth)) > 0
    thin = (solid > 0) & (cv2.dilate(deep.astype(np.uint8), _disc(2 * depth)) == 0)
    return np.asarray(deep | (cv2.erode(thin.astype(np.uint8), _disc(1)) > 0))


def _nearest(sound: Mask) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """How far each pixel is from the nearest sound one, and that one's row and column."""
    far, labels = cv2.distanceTransformWithLabels(
        (~sound).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(sound)
    row_of = np.zeros(int(labels.max()) + 1, np.int64)
    column_of = row_of.copy()
    row_of[labels[rows, columns]], column_of[labels[rows, columns]] = rows, columns
    return np.asarray(far, np.float32), row_of[labels], column_of[labels]


def grown(alpha: Floats) -> Floats:
    """Where cloth may be shown once its colours are spread: alpha, and all around it."""
    reach = max(2, round(REACH_SHARE * max(alpha.shape)))
    return np.asarray(cv2.dilate((alpha > 0.5).astype(np.uint8), _disc(reach)), np.float32)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2), np.uint8)
