"""A rough outline moved to where the colours on its two sides part, piece by piece along it."""

from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.matte import signed_distance

BANDS: Final = (0.025, 0.015)
LEARNED_BANDS: Final = (0.012, 0.008)
"""How far the outline may move in each round, in shares of the picture's longer side; the learned
one, which is seldom farther off."""
STAY: Final = 2.0
FLOOR: Final = 16.0
"""Variance that no colour is taken to be surer than (CIE L*a*b*)."""
SURE: Final = 4.0
SMOOTH_SHARE: Final = 0.004


def refined(colours: Floats, mask: Mask, bands: tuple[float, ...] = BANDS) -> Mask:
    """By Gaussian models of cloth and background in each place's own surroundings."""
    side = max(mask.shape)
    for share in bands:
        if not mask.any() or mask.all():
            return mask
        band = max(3, int(share * side))
        mask = _moved(colours, mask, band, max(0.8, SMOOTH_SHARE * side))
    return mask


def _moved(colours: Floats, mask: Mask, band: int, sigma: float) -> Mask:
    distance = signed_distance(mask)
    front = _doubt(colours, np.asarray(distance > 0.6 * band), 4 * band + 1)
    back = _doubt(colours, np.asarray(distance < -0.6 * band), 4 * band + 1)
    evidence = np.nan_to_num(np.clip((back - front) / 2, -SURE, SURE))
    score = np.where(
        np.abs(distance) < band, evidence + STAY * distance / band, np.sign(distance) * 1.5 * SURE
    )
    soft = cv2.GaussianBlur(
        score.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(soft > 0)


def _doubt(colours: Floats, where: Mask, size: int) -> Floats:
    """How unlike each pixel is to the colours around it `where` is true; NaN where there are none
    nearby."""
    there = where.astype(np.float32)
    weight = cv2.blur(there, (size, size))
    safe = np.maximum(weight, 1e-4)[..., None]
    chosen = colours * there[..., None]
    mean = cv2.blur(chosen, (size, size)) / safe
    square = cv2.blur(chosen * colours, (size, size)) / safe
    variance = np.maximum(square - mean * mean, 0) + FLOOR
    doubt = ((colours - mean) ** 2 / variance + np.log(variance)).sum(-1)
    return np.where(weight > 1e-3, doubt, np.nan).astype(np.float32)
