"""A chart: a quad mesh in the photo and in the look. Neighbouring charts share their edges, so a
garment is one piece."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]  # (rows, columns, 2) x, y

ROUNDS = 200
"""How often folded cells are smoothed before a mesh is given up as it is."""
LEAST_AREA = 1e-3


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
        """How many cells are turned over in the look against the photo."""
        return int((cell_areas(self.photo) * cell_areas(self.look) < -LEAST_AREA).sum())


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


def untangled(chart: Chart) -> Chart:
    """The chart without folded cells: inner points of folded cells and around them move between
    their neighbours."""
    photo, look = chart.photo.copy(), chart.look.copy()
    for step in range(ROUNDS):
        bad = cell_areas(photo) * cell_areas(look) < -LEAST_AREA
        if not bad.any():
            break
        around = np.zeros(look.shape[:2], bool)
        rows, columns = np.nonzero(bad)
        wide = 1 + step // 40
        for row, column in zip(rows, columns, strict=True):
            around[
                max(row - wide + 1, 0) : row + wide + 1,
                max(column - wide + 1, 0) : column + wide + 1,
            ] = True
        around[[0, -1]] = False
        if step < ROUNDS // 2:
            around[:, [0, -1]] = False
        for grid in (photo, look):
            _relax(grid, around)
    return Chart(chart.part, photo, look)


def _relax(grid: Grid, chosen: NDArray[np.bool_]) -> None:
    """Move the chosen points half-way to the mean of their neighbours, in place."""
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)), mode="reflect", reflect_type="odd")
    mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    grid[chosen] = 0.5 * grid[chosen] + 0.5 * mean[chosen]


def beyond(chart: Chart, edge: str, photo_px: "float | NDArray[np.float64]", scale: float) -> Chart:
    """The chart with one more line of points beyond an edge (top, bottom, left, right), straight
    on.

    `photo_px`: how far in the photo, one number or one a point; in the look it is `scale` times
    that.
    """
    last, inner = {"top": (0, 1), "left": (0, 1), "bottom": (-1, -2), "right": (-1, -2)}[edge]
    axis = 0 if edge in ("top", "bottom") else 1
    grids = []
    for grid, far in (
        (chart.photo, np.asarray(photo_px)),
        (chart.look, np.asarray(photo_px) * scale),
    ):
        end, before = np.take(grid, last, axis=axis), np.take(grid, inner, axis=axis)
        way = end - before
        way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
        line = np.expand_dims(end + way * np.reshape(far, (-1, 1)), axis)
        grids.append(np.concatenate([line, grid] if last == 0 else [grid, line], axis=axis))
    return Chart(chart.part, grids[0], grids[1])
