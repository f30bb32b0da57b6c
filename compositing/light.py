"""Linear light, shade and shadow."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.background import Floats
from compositing.mannequin import Mannequin

_CODES = np.arange(256, dtype=np.float32) / 255
TO_LINEAR: Floats = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""sRGB byte -> linear light (IEC 61966-2-1)."""
KEY = np.array([-0.42, 0.38, 0.82], np.float32) / np.float32(np.linalg.norm([-0.42, 0.38, 0.82]))
FILL = np.array([0.6, 0.2, 0.75], np.float32) / np.float32(np.linalg.norm([0.6, 0.2, 0.75]))
STRENGTH = 0.6
EDGE_DARKENING = 0.16


def to_srgb(linear: Floats) -> NDArray[np.uint8]:
    """Linear light in 0..1 -> sRGB bytes."""
    clipped = np.clip(linear, 0, 1)
    encoded = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.asarray(encoded * 255 + 0.5, np.uint8)


def shade(body: Mannequin, alpha: Floats) -> Floats:
    """How much light falls on a garment, pixel by pixel: 1 on average over it, so that its colour stays true."""
    scale = body.scale
    lambert = 0.38 + 0.50 * np.clip(body.normals @ KEY, 0, 1) + 0.20 * np.clip(body.normals @ FILL, 0, 1)
    there = body.body.astype(np.float32)
    weight = cv2.GaussianBlur(there, (0, 0), 7 * scale)
    smooth = cv2.GaussianBlur(lambert.astype(np.float32) * there, (0, 0), 7 * scale) / np.maximum(weight, 1e-3)
    depth = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    turn = np.clip(depth / (26 * scale), 0, 1)
    cylinder = 0.80 + 0.20 * np.sqrt(1 - (1 - turn) ** 2)
    light = (smooth * weight + (1 - weight) * 0.72) * cylinder
    mean = float((light * alpha).sum() / max(float(alpha.sum()), 1.0))
    edge = 1 - EDGE_DARKENING * np.exp(-depth / (2.6 * scale))
    return np.asarray((1 + STRENGTH * (light / max(mean, 1e-3) - 1)) * edge, np.float32)


def contact_shadow(alpha: Floats, scale: float) -> Floats:
    """How much a garment darkens what lies right under it, 0..1: a near and a far blur, shifted down."""
    near = np.roll(cv2.GaussianBlur(alpha, (0, 0), 5 * scale), int(4 * scale), 0)
    far = np.roll(cv2.GaussianBlur(alpha, (0, 0), 13 * scale), int(9 * scale), 0)
    return np.asarray((0.34 * near + 0.16 * far) * (1 - alpha), np.float32)
