"""Smooth fields over a picture: noise, folds, crumples.

Heights are in cm, above the table, towards the lens.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.curves import At

Field = NDArray[np.float32]
FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fold:
    """A crease from start to end: strongest near the start, wider towards the end by `spread`,
    steeper on one side.
    """

    start: At
    end: At
    width_cm: float
    height_cm: float
    bow_cm: float = 0.0
    spread: float = 0.8
    lean: float = 1.6
    fade: float = 0.7


def softened(field: Field, sigma_px: float) -> Field:
    """Blurred; wide blurs are worked out on a smaller copy."""
    shrink = int(sigma_px / 2.5)
    if shrink < 2 or min(field.shape[:2]) < 4 * shrink:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), max(0.3, sigma_px)), np.float32)
    size = (-(-field.shape[1] // shrink), -(-field.shape[0] // shrink))
    small = cv2.resize(field, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / shrink)
    return np.asarray(
        cv2.resize(small, field.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32
    )


def noise(
    rng: np.random.Generator, shape: tuple[int, int], grain_px: float, *, stretch: float = 1.0
) -> Field:
    """Smooth noise of spread 1. `stretch` > 1: longer downwards, < 1: longer across."""
    coarse = max(1.0, grain_px / 3)
    small = max(3, int(shape[0] / coarse) + 3), max(3, int(shape[1] / coarse) + 3)
    grain = grain_px / coarse
    white = rng.standard_normal(small, np.float32)
    wide, high = (max(0.01, grain * min(1, 1 / stretch)), max(0.01, grain * min(1.0, stretch)))
    if stretch > 1:
        wide, high = grain, grain * stretch
    elif stretch < 1:
        wide, high = grain / stretch, grain
    field = cv2.GaussianBlur(white, (0, 0), sigmaX=wide, sigmaY=high, borderType=cv2.BORDER_REFLECT)
    field = (
        cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        if coarse > 1
        else field
    )
    field = field[: shape[0], : shape[1]]
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def folded(folds: Iterable[Fold], x: Field, y: Field) -> Field:
    """The height of all folds at these places (cm; x and y as from a regular grid)."""
    out = np.zeros_like(x)
    for fold in folds:
        a, b = np.asarray(fold.start, np.float64), np.asarray(fold.end, np.float64)
        reach = 2.6 * fold.width_cm * (1 + abs(fold.spread)) * max(1.0, fold.lean) + abs(
            fold.bow_cm
        )
        low, high = np.minimum(a, b) - reach, np.maximum(a, b) + reach
        rows = np.nonzero((y[:, 0] > low[1]) & (y[:, 0] < high[1]))[0]
        columns = np.nonzero((x[0] > low[0]) & (x[0] < high[0]))[0]
        if len(rows) and len(columns):
            at = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            out[at] += _one(fold, a, b, x[at], y[at])
    return out


def _one(fold: Fold, a: NDArray[np.float64], b: NDArray[np.float64], x: Field, y: Field) -> Field:
    length = float(np.linalg.norm(b - a)) + 1e-6
    along_x, along_y = (b - a) / length
    px, py = x - np.float32(a[0]), y - np.float32(a[1])
    u = np.clip((px * along_x + py * along_y) / length, -0.3, 1.3)
    v = px * along_y - py * along_x - fold.bow_cm * 4 * u * (1 - u)
    width = fold.width_cm * np.clip(1 + fold.spread * (u - 0.5), 0.25, 2.5)
    v = v / width
    v = np.where(v > 0, v * fold.lean, v / fold.lean)
    rise = np.clip((u + 0.12) / 0.24, 0, 1)
    fall = np.clip((1.06 - u) / fold.fade, 0, 1)
    window = rise * rise * (3 - 2 * rise) * fall * fall * (3 - 2 * fall)
    return np.asarray(fold.height_cm * window * np.exp(-v * v), np.float32)


def crumpled(
    rng: np.random.Generator, shape: tuple[int, int], px_per_cm: float, *, size_cm: float
) -> Field:
    """Cloth that has lain: soft hollows of this size with a few sharper ridges between them;
    height about 1.
    """
    soft = noise(rng, shape, size_cm * px_per_cm, stretch=1.25)
    other = noise(rng, shape, 0.8 * size_cm * px_per_cm, stretch=1.4)
    ridge = np.exp(-((other / 0.22) ** 2)) * np.clip(
        noise(rng, shape, 2.2 * size_cm * px_per_cm), 0, 1.5
    )
    ridge = cv2.GaussianBlur(ridge.astype(np.float32), (0, 0), max(0.8, 0.12 * size_cm * px_per_cm))
    return np.asarray(0.75 * soft + 0.5 * ridge, np.float32)
