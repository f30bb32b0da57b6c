"""Linear light, shade and shadow."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask

_CODES = np.arange(256, dtype=np.float32) / 255
TO_LINEAR: Floats = np.where(
    _CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4
).astype(np.float32)
"""sRGB byte -> linear light (IEC 61966-2-1)."""
LEVELS = 16383
_LINEAR = np.arange(LEVELS + 1, dtype=np.float32) / LEVELS
TO_SRGB = np.where(_LINEAR <= 0.0031308, 12.92 * _LINEAR, 1.055 * _LINEAR ** (1 / 2.4) - 0.055)
TO_SRGB_BYTE: NDArray[np.uint8] = np.asarray(TO_SRGB * 255 + 0.5, np.uint8)
KEY = np.array([-0.42, 0.38, 0.82], np.float32) / np.float32(np.linalg.norm([-0.42, 0.38, 0.82]))
FILL = np.array([0.6, 0.2, 0.75], np.float32) / np.float32(np.linalg.norm([0.6, 0.2, 0.75]))
STRENGTH = 0.85
CLOSE_PX, HANGING_PX = 7.0, 30.0
"""Cloth that lies close shows the body's form; cloth that hangs bridges its hollows."""
EDGE_DARKENING = 0.16
SHADOWS = ((5, 4), (13, 9))
"""Near and far: blur and shift in pixels, at 1024 pixels' width."""
COARSE = 4
"""Shadows are blurred at a quarter of the size."""


def to_srgb(linear: Floats) -> NDArray[np.uint8]:
    """Linear light in 0..1 -> sRGB bytes, by a table of 2**14 levels: at most one byte off in the
    darkest tones."""
    index = np.clip(linear * LEVELS + 0.5, 0, LEVELS).astype(np.uint16)
    return np.asarray(np.take(TO_SRGB_BYTE, index), np.uint8)


def falling(normals: Floats, body: Mask, scale: float, spread_px: float = CLOSE_PX) -> Floats:
    """How much light falls on cloth over each pixel, from a key and a fill light on the body's
    normals (Lambert).

    `spread_px`: how far, at 1024 pixels' width, cloth bridges what lies under it.
    """
    lambert = 0.38 + 0.50 * np.clip(normals @ KEY, 0, 1) + 0.20 * np.clip(normals @ FILL, 0, 1)
    there = body.astype(np.float32)
    weight = cv2.GaussianBlur(there, (0, 0), spread_px * scale)
    smooth = cv2.GaussianBlur(
        lambert.astype(np.float32) * there, (0, 0), spread_px * scale
    ) / np.maximum(weight, 1e-3)
    return np.asarray(smooth * weight + (1 - weight) * 0.72, np.float32)


def shade(there: Floats, alpha: Floats, scale: float) -> Floats:
    """How much light falls on a garment, pixel by pixel: 1 on average over it, so that its colour
    stays true.

    `there`: the light that falls on cloth at its place (`falling`).
    """
    depth = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    turn = np.minimum(depth * np.float32(1 / (26 * scale)), 1)
    cylinder = 0.80 + 0.20 * np.sqrt(1 - (1 - turn) ** 2)
    light = there * cylinder
    mean = float((light * alpha).sum() / max(float(alpha.sum()), 1.0))
    edge = 1 - EDGE_DARKENING * np.exp(depth * np.float32(-1 / (2.6 * scale)))
    return np.asarray((1 + STRENGTH * (light / max(mean, 1e-3) - 1)) * edge, np.float32)


def contact_shadow(alpha: Floats, scale: float) -> Floats:
    """How much a garment darkens what lies right under it, 0..1: a near and a far blur, shifted
    down."""
    height, width = alpha.shape
    small = cv2.resize(
        alpha, (max(1, width // COARSE), max(1, height // COARSE)), interpolation=cv2.INTER_AREA
    )
    near, far = (
        _fallen(np.asarray(small, np.float32), blur * scale / COARSE, shift * scale / COARSE)
        for blur, shift in SHADOWS
    )
    both = cv2.resize(0.34 * near + 0.16 * far, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(both * (1 - alpha), np.float32)


def _fallen(picture: Floats, blur_px: float, shift_px: float) -> Floats:
    """Blurred and moved down."""
    move = np.array([[1, 0, 0], [0, 1, shift_px]], np.float32)
    return np.asarray(
        cv2.warpAffine(cv2.GaussianBlur(picture, (0, 0), blur_px), move, picture.shape[::-1]),
        np.float32,
    )
