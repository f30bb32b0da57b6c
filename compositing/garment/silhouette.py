"""What a silhouette's rows, columns and outline say: edges, axis, tilt, and the run of cloth around the axis."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask

MAX_TILT = 0.35
"""Tangent of the largest tilt that is turned upright; beyond it the silhouette is taken to be meant so."""
MIN_TILT = 0.02
STEADY = 0.45
"""Both halves must lean the same way, each by this share of the whole's tilt."""

SETTLED, MIN_ROWS = 0.9, 24

Point = NDArray[np.float64]
Contour = NDArray[np.float64]


def edges(mask: Mask) -> tuple[Floats, Floats]:
    """Per row the first and last column of a mask, NaN where the row is empty."""
    filled = mask.any(1)
    first = np.where(filled, mask.argmax(1), np.nan).astype(np.float32)
    last = np.where(filled, mask.shape[1] - 1 - mask[:, ::-1].argmax(1), np.nan).astype(np.float32)
    return first, last


def top(mask: Mask) -> Floats:
    """Per column the first row of a mask, NaN where the column is empty."""
    return np.where(mask.any(0), mask.argmax(0), np.nan).astype(np.float32)


def run_around(mask: Mask, axis_x: float) -> tuple[Floats, Floats]:
    """Per row the edges of the run that holds the axis, NaN where the axis is outside."""
    width = mask.shape[1]
    column = int(np.clip(round(axis_x), 0, width - 1))
    columns = np.arange(width)
    left = np.where(mask[:, :column], -1, columns[:column]).max(1, initial=-1) + 1
    right = np.where(mask[:, column:], width, columns[column:]).min(1, initial=width) - 1
    inside = mask[:, column]
    return np.where(inside, left, np.nan).astype(np.float32), np.where(inside, right, np.nan).astype(np.float32)


def axis(mask: Mask) -> float:
    """The column about which the lower two thirds are most nearly symmetric."""
    height = mask.shape[0]
    left, right = edges(mask[height // 3 : int(height * 0.95)])
    return float(np.nanmedian((left + right) / 2))


def tilt(mask: Mask) -> float:
    """How far the middle moves to the right per row downwards: the slope of a line fitted to the rows' middles.

    By Theil and Sen's median of slopes, which a sleeve flung to one side does not sway.
    """
    left, right = edges(mask)
    rows = np.nonzero(~np.isnan(left))[0]
    if len(rows) < 40:
        return 0.0
    rows = rows[int(0.12 * len(rows)) : int(0.94 * len(rows))]
    rows = rows[:: max(1, len(rows) // 60)]
    middle = ((left + right) / 2)[rows]
    slopes = [
        _slope(rows[part], middle[part]) for part in (slice(None), slice(None, len(rows) // 2), slice(len(rows) // 2, None))
    ]
    whole = slopes[0]
    steady = all(slope * whole > 0 and abs(slope) > STEADY * abs(whole) for slope in slopes[1:])
    return whole if steady and MIN_TILT < abs(whole) < MAX_TILT else 0.0


def _slope(rows: NDArray[np.int64], middle: NDArray[np.floating]) -> float:
    one, two = np.triu_indices(len(rows), len(rows) // 3)
    return float(np.median((middle[two] - middle[one]) / (rows[two] - rows[one])))


def outline(mask: Mask) -> NDArray[np.int32]:
    """The longest outline as (n, 2) points x, y, clockwise as OpenCV gives them."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(contours, key=cv2.contourArea).reshape(-1, 2), np.int32)


def settled(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Edges per row without those of a slanted or rounded end, where the rows shrink to a corner: NaN there.

    An end is settled where a row is nearly as wide as those a little farther in.
    """
    width = right - left
    rows = np.nonzero(np.isfinite(width))[0]
    if len(rows) < MIN_ROWS:
        return left, right
    left, right = left.copy(), right.copy()
    inset, zone = int(0.14 * len(rows)), int(0.25 * len(rows))
    for order in (rows, rows[::-1]):
        reference = float(np.median(width[order[inset // 2 : inset + 1]]))
        wide = np.nonzero(width[order[:zone]] >= SETTLED * reference)[0]
        ends = order[: int(wide[0]) + 1 + len(rows) // 60] if len(wide) else order[: len(rows) // 30]
        left[ends], right[ends] = np.nan, np.nan
    return left, right


def resampled(path: Contour, count: int) -> Contour:
    """The path by `count` points at equal distances along it."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0, steps[-1], count)
    return np.column_stack([np.interp(at, steps, path[:, 0]), np.interp(at, steps, path[:, 1])])


def length(path: Contour) -> float:
    """Of a path, in pixels."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def smooth(values: Floats, sigma: float) -> Floats:
    """A profile, Gaussian-smoothed; gaps are bridged by their neighbours, ends held."""
    known = np.nonzero(np.isfinite(values))[0]
    if not len(known):
        return values
    filled = np.interp(np.arange(len(values)), known, values[known]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(filled[None], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[0], np.float32)


def upright(layers: NDArray[np.float32], slope: float) -> NDArray[np.float32]:
    """A picture (height, width, channels) turned so that a middle line of this slope stands upright; nothing is cut off."""
    height, width = layers.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -float(np.degrees(np.arctan(slope))), 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(np.ceil(height * sin + width * cos)), int(np.ceil(height * cos + width * sin))
    turn[:, 2] = turn[:, 2] + np.array(size) / 2 - np.array([width, height]) / 2
    return np.asarray(cv2.warpAffine(layers, turn, size, flags=cv2.INTER_LINEAR, borderValue=0), np.float32)
