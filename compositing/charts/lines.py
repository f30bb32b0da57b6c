"""Lines and profiles: how far cloth reaches along rays, and numbers in a row without outliers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Mask

Numbers = NDArray[np.float64]

NEAR = 0.35
"""A ray that starts beside the cloth meets it within this share of its length, or not at all."""


def reach(mask: Mask, starts: Numbers, ways: Numbers, most_px: Numbers) -> Numbers:
    """How many px cloth goes on from each start along its way: (n,).

    `starts`, `ways`: (n, 2) x, y; ways are unit vectors. `most_px`: (n,) where to give up. 0 where
    no
    cloth is near the start, infinity where it goes on for the whole ray.
    """
    steps = np.arange(0, max(float(np.max(most_px)), 1.0), 1.0)
    x = starts[:, :1] + ways[:, :1] * steps
    y = starts[:, 1:] + ways[:, 1:] * steps
    height, width = mask.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns, rows = np.clip(x, 0, width - 1).astype(int), np.clip(y, 0, height - 1).astype(int)
    asked = steps[None] < np.maximum(most_px, 1.0)[:, None]
    cloth = mask[rows, columns] & inside & asked
    begins = np.where(cloth.any(1), cloth.argmax(1), len(steps))
    off = ~cloth & asked & (np.arange(len(steps))[None] > begins[:, None])
    ends = np.where(off.any(1), off.argmax(1).astype(float), np.inf)
    return np.where(begins <= NEAR * most_px, ends, 0.0)


def smooth(values: Numbers, sigma: float) -> Numbers:
    """A row of numbers (n,) or of points (n, k), Gaussian-smoothed, ends held."""
    columns = np.asarray(values, np.float64).reshape(len(values), -1)
    blurred = cv2.GaussianBlur(
        columns, (1, 2 * int(3 * sigma + 1) + 1), sigma, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(blurred, np.float64).reshape(np.shape(values))


def pinned(line: Numbers, sigma: float) -> Numbers:
    """Points (n, 2) smoothed along their line; the first and the last stay."""
    result = smooth(line, sigma)
    result[0], result[-1] = line[0], line[-1]
    return result


def robust(values: Numbers, sigma: float) -> Numbers:
    """A row of numbers without outliers: a running median, then a Gaussian."""
    half = max(3, int(sigma) | 1)
    padded = np.pad(values, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return smooth(np.median(windows, axis=1), sigma / 2)


def bridged(values: Numbers, otherwise: float) -> Numbers:
    """Numbers whose gaps (NaN, infinity) are filled from their neighbours; `otherwise` where there
    are none."""
    known = np.nonzero(np.isfinite(values))[0]
    if not len(known):
        return np.full(len(values), otherwise)
    return np.interp(np.arange(len(values)), known, values[known])


def lengths(line: Numbers) -> Numbers:
    """The length from the first to each of a line's points (n, 2)."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def at_length(line: Numbers, along: Numbers) -> Numbers:
    """The points of a line at these lengths."""
    total = lengths(line)
    return np.column_stack([np.interp(along, total, line[:, k]) for k in (0, 1)])


def unit(way: Numbers) -> Numbers:
    """Vectors (..., 2) of length 1."""
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-9))
