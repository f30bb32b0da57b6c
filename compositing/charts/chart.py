"""A chart: a quad mesh in the photo and in the look. Neighbouring charts share their edges, so a
garment is one piece."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]  # (rows, columns, 2) x, y

ROUNDS = 200
"""How often folded cells are smoothed before a mesh is given up as it is."""
LEAST_AREA = 1e-3
RIM_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """`part`: yoke, body, sleeve_left, leg_right, ...; `photo` in the cut-out's px, `look` at a
    width of 1024."""

    part: str
    photo: Grid
    look: Grid
    share: NDArray[np.float32] | None = None
    """How much of each of the cut-out's pixels it moves; None: all."""

    def folded(self) -> int:
        """How many cells are turned over in the look against the photo: against the others, of a
        mirrored piece."""
        turned = cell_areas(self.photo) * cell_areas(self.look)
        return int((turned * _way(turned) < -LEAST_AREA).sum())


def cell_areas(grid: Grid) -> NDArray[np.float64]:
    """Signed areas of the cells, by their diagonals (rows - 1, columns - 1)."""
    one, two = grid[1:, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, 1:]
    return np.asarray(one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]) / 2


def coons(top: Grid, bottom: Grid, left: Grid, right: Grid) -> Grid:
    """A Coons patch (Coons, 1967): the mesh between four lines that meet in its corners.

    `top`, `bottom`: (columns, 2), left to right; `left`, `right`: (rows, 2), downwards.
    """
    u = np.linspace(0, 1, len(top))[None, :, None]
    v = np.linspace(0, 1, len(left))[:, None, None]
    ruled = (1 - v) * top[None] + v * bottom[None] + (1 - u) * left[:, None] + u * right[:, None]
    corners = (1 - v) * ((1 - u) * top[0] + u * top[-1]) + v * (
        (1 - u) * bottom[0] + u * bottom[-1]
    )
    return np.asarray(ruled - corners)


def _way(areas: NDArray[np.float64]) -> float:
    """1 or -1: which way most of a grid is turned, by area."""
    return 1.0 if areas.sum() >= 0 else -1.0


def untangled(chart: Chart) -> Chart:
    """The chart without a folded cell in the photo or the look.

    Points of folded cells and around them move between their neighbours, inner ones first, then
    the sides', then all. What is folded still is drawn towards the patch between the corners.
    """
    photo, look = chart.photo.copy(), chart.look.copy()
    for step in range(ROUNDS):
        bad = _bad(photo) | _bad(look)
        if not bad.any():
            return Chart(chart.part, photo, look, chart.share)
        around = _around(bad, 1 + step // 40)
        if step < ROUNDS * 3 // 4:
            around[[0, -1]] = False
        if step < ROUNDS // 2:
            around[:, [0, -1]] = False
        for grid in (photo, look):
            _relax(grid, around)
    return Chart(chart.part, _towards_patch(photo), _towards_patch(look), chart.share)


def _bad(grid: Grid) -> NDArray[np.bool_]:
    areas = cell_areas(grid)
    return np.asarray(areas * _way(areas) < -LEAST_AREA)


def _around(bad: NDArray[np.bool_], wide: int) -> NDArray[np.bool_]:
    """The points of these cells, and of `wide` - 1 cells around them."""
    near = np.ones((2 * wide, 2 * wide), np.uint8)
    cells = np.pad(bad, ((0, 1), (0, 1))).astype(np.uint8)
    return np.asarray(cv2.dilate(cells, near, anchor=(wide, wide)) > 0)


def _towards_patch(grid: Grid) -> Grid:
    """As little of the way as unfolds it; as it is where nothing does."""
    ends = [grid[0, [0, -1]], grid[-1, [0, -1]]]
    u, v = (np.linspace(0, 1, count)[:, None] for count in (grid.shape[1], grid.shape[0]))
    top, bottom = (end[0] + u * (end[1] - end[0]) for end in ends)
    patch = top[None] + v[:, :, None] * (bottom - top)[None]
    for share in np.linspace(0, 1, 21):
        mixed = (1 - share) * grid + share * patch
        if not _bad(mixed).any():
            return np.asarray(mixed)
    return grid


def _relax(grid: Grid, chosen: NDArray[np.bool_]) -> None:
    """Move the chosen points half-way to the mean of their neighbours, in place."""
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)), mode="reflect", reflect_type="odd")
    mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    grid[chosen] = 0.5 * grid[chosen] + 0.5 * mean[chosen]


def beyond(chart: Chart, edge: str, photo_px: "float | NDArray[np.float64]", scale: float) -> Chart:
    """The chart with one more line of points beyond an edge (top, bottom, left, right), straight
    on.

    `photo_px`: how far in the photo, one number or one a point; in the look it is `scale` times
    that. Where lines would cross there it ends at the edge.
    """
    count = len(chart.photo[0] if edge in ("top", "bottom") else chart.photo)
    far = np.broadcast_to(np.asarray(photo_px, np.float64), (count,)).copy()
    for _ in range(RIM_ROUNDS):
        grids = [_longer(chart.photo, edge, far), _longer(chart.look, edge, far * scale)]
        crossed = np.zeros(count, bool)
        for grid in grids:
            bad = _strip(_bad(grid), edge)
            crossed[:-1] |= bad
            crossed[1:] |= bad
        if not (crossed & (far != 0)).any():
            break
        far[crossed] = 0.0
    return Chart(chart.part, grids[0], grids[1], chart.share)


def _strip(cells: NDArray[np.bool_], edge: str) -> NDArray[np.bool_]:
    """Those along an edge."""
    lines = {"top": cells[0], "bottom": cells[-1], "left": cells[:, 0], "right": cells[:, -1]}
    return np.asarray(lines[edge])


def _longer(grid: Grid, edge: str, far: NDArray[np.float64]) -> Grid:
    last, inner = (0, 1) if edge in ("top", "left") else (-1, -2)
    axis = 0 if edge in ("top", "bottom") else 1
    end, before = np.take(grid, last, axis=axis), np.take(grid, inner, axis=axis)
    way = end - before
    way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    line = np.expand_dims(end + way * far[:, None], axis)
    return np.concatenate([line, grid] if last == 0 else [grid, line], axis=axis)
