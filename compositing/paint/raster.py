"""Charts to maps: for every pixel of the look that a chart covers, the photo's pixel that is seen
there."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.charts.chart import Chart, Grid

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the look, x1 and y1 exclusive."""
SLACK = 1e-4


@dataclass(frozen=True, slots=True)
class Patch:
    """`photo`: x, y in the cut-out's px (height, width, 2), far outside it where nothing is;
    `coverage`: the share of each look pixel that the charts cover (0..1, height, width)."""

    box: Box
    photo: NDArray[np.float32]
    coverage: NDArray[np.float32]


OUTSIDE = -1e4


def rastered(charts: Sequence[Chart], scale: float, size: tuple[int, int]) -> Patch | None:
    """The charts in a look of `size` (width, height), `scale` times as large as theirs; later ones
    lie over earlier ones.

    None where nothing of them is inside the look.
    """
    corners = [_triangles(chart, scale) for chart in charts]
    look = np.concatenate([one[0] for one in corners])
    photo = np.concatenate([one[1] for one in corners])
    low = np.maximum(np.floor(look.min((0, 1))).astype(int) - 1, 0)
    high = np.minimum(np.ceil(look.max((0, 1))).astype(int) + 2, size)
    if (low >= high).any():
        return None
    width, height = (high - low).tolist()
    target = np.full((height * width, 2), OUTSIDE, np.float32)
    at, found = _filled(look - low, photo, width, height)
    target[at] = found
    maps = target.reshape(height, width, 2)
    covered = maps[..., 0] > OUTSIDE / 2
    coverage = _coverage(charts, scale, low, covered)
    box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return Patch(box, _widened(maps, covered), coverage)


def _coverage(
    charts: Sequence[Chart], scale: float, low: NDArray[np.int64], covered: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """1 inside, and along the charts' common outline the share of each pixel that they cover."""
    drawn = np.zeros(covered.shape, np.uint8)
    for chart in charts:
        grid = (chart.look + 0.5) * scale - 0.5 - low
        edge = np.concatenate([grid[0], grid[1:, -1], grid[-1, -2::-1], grid[-2:0:-1, 0]])
        one = np.zeros(covered.shape, np.uint8)
        cv2.fillPoly(one, [np.round(edge * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        np.maximum(drawn, one, out=drawn)
    inside = cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    return np.where(inside, 1, drawn.astype(np.float32) / 255).astype(np.float32)


def _widened(maps: NDArray[np.float32], covered: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The maps, gone on for one pixel beyond what is covered."""
    result, known = maps.copy(), covered.copy()
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        there = np.roll(covered, (down, right), (0, 1))
        fresh = there & ~known
        result[fresh] = np.roll(maps, (down, right), (0, 1))[fresh]
        known |= fresh
    return result


def _triangles(chart: Chart, scale: float) -> tuple[Grid, Grid]:
    """(n, 3, 2) corners in the look and in the photo, row by row."""
    look = (chart.look + 0.5) * scale - 0.5

    def split(grid: Grid) -> Grid:
        a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
        both = np.stack([np.stack([a, b, c], -2), np.stack([b, d, c], -2)], 2)
        return both.reshape(-1, 3, 2)

    return split(look), split(chart.photo)


def _filled(look: Grid, photo: Grid, width: int, height: int) -> tuple[NDArray[np.int64], Grid]:
    """Flat indices of the pixels inside the triangles, in the triangles' order, and the photo's
    points there."""
    low = np.clip(np.ceil(look.min(1)), 0, [width, height]).astype(int)
    high = np.clip(np.floor(look.max(1)) + 1, 0, [width, height]).astype(int)
    (ax, ay), (bx, by), (cx, cy) = (look[:, k].T for k in range(3))
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    extent = np.maximum(high - low, 0)
    count = np.where(np.abs(area) > 1e-9, extent[:, 0] * extent[:, 1], 0)
    which = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    place = np.arange(len(which)) - first[which]
    wide = extent[which, 0]
    x, y = low[which, 0] + place % wide, low[which, 1] + place // wide
    area = np.where(np.abs(area) > 1e-9, area, 1.0)
    dx, dy = x - cx[which], y - cy[which]
    one = (((by - cy) / area)[which] * dx) + (((cx - bx) / area)[which] * dy)
    two = (((cy - ay) / area)[which] * dx) + (((ax - cx) / area)[which] * dy)
    inside = (one >= -SLACK) & (two >= -SLACK) & (one + two <= 1 + SLACK)
    which, one, two = which[inside], one[inside, None], two[inside, None]
    points = (
        photo[which, 2]
        + one * (photo[which, 0] - photo[which, 2])
        + two * (photo[which, 1] - photo[which, 2])
    )
    return y[inside] * width + x[inside], points
