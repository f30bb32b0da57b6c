"""Cloth beyond a rough outline: colours spread outwards, so that an outline can be drawn anew."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from compositing.cut.background import Floats
from compositing.cut.cutout import Cutout
from compositing.cut.matte import pulled

REACH_SHARE: Final = 0.03
"""How far cloth is spread, in shares of the cut-out's longer side."""
SOUND_PX: Final = 3
"""How deep inside the outline colours are surely the cloth's."""


def extended(cutout: Cutout) -> Cutout:
    """The cut-out with its cloth's colours under and beyond its outline; alpha stays.

    Worked out at half the size: what is spread has no detail.
    """
    size = cutout.alpha.shape[1], cutout.alpha.shape[0]
    half = max(1, size[0] // 2), max(1, size[1] // 2)
    kernel = np.ones((SOUND_PX, SOUND_PX), np.uint8)
    inside = cv2.resize(cutout.alpha, half, interpolation=cv2.INTER_AREA) > 0.95
    solid = np.asarray(cv2.erode(inside.astype(np.uint8), kernel), np.float32)
    if not solid.any():
        return cutout
    small = cv2.resize(cutout.rgb, half, interpolation=cv2.INTER_AREA).astype(np.float32)
    spread = np.clip(pulled(small, solid), 0, 255).astype(np.uint8)
    around = cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR)
    own = cv2.erode((cutout.alpha > 0.95).astype(np.uint8), kernel) > 0
    return replace(cutout, rgb=np.where(own[..., None], cutout.rgb, around).astype(np.uint8))


def grown(alpha: Floats) -> Floats:
    """Where cloth may be shown once its colours are spread: alpha, and all around it."""
    reach = max(2, round(REACH_SHARE * max(alpha.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate((alpha > 0.5).astype(np.uint8), disc), np.float32)
