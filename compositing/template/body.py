"""Measured before anything is fitted: how wide the body of a garment is below its sleeves."""

from dataclasses import dataclass

import numpy as np

from compositing.template.silhouette import Silhouette


@dataclass(frozen=True, slots=True)
class Trunk:
    """Of a garment's lower part: half its width, its middle, and whether sleeves hang beside it.

    `bottom`: the lowest row in its middle, above cuffs that hang lower. `narrow`: half the least
    width of the upper part.
    """

    half: float
    middle: float
    parted: bool
    bottom: float
    narrow: float


def body_of(silhouette: Silhouette) -> Trunk:
    """Measured where no shoulder is."""
    left, top, right, bottom = silhouette.box
    height = bottom - top
    lone: list[tuple[float, float]] = []
    beside: list[tuple[float, float]] = []
    high = silhouette.mask[
        top + int(0.2 * height) : top + max(int(0.5 * height), int(0.2 * height) + 1)
    ]
    narrow = 0.5 * float(high.sum(1).min())
    rows = range(top + int(0.55 * height), bottom - int(0.04 * height))
    for row in rows:
        line = np.concatenate([[False], silhouette.mask[row], [False]])
        ends = np.nonzero(line[1:] != line[:-1])[0]
        if not len(ends):
            continue
        starts, stops = ends[::2], ends[1::2]
        off = np.maximum(np.maximum(starts - 0.5 * (left + right), 0.5 * (left + right) - stops), 0)
        k = int(off.argmin())
        if off[k] == 0:
            run = (0.5 * (stops[k] - starts[k]), 0.5 * (stops[k] + starts[k] - 1))
            (beside if len(starts) > 2 else lone).append(run)
    parted = len(beside) > 0.3 * (len(beside) + len(lone))
    runs = beside if parted else beside + lone
    if not runs:
        return Trunk(
            0.4 * (right - left + 1),
            0.5 * (left + right),
            parted=False,
            bottom=bottom,
            narrow=narrow,
        )
    half, middle = np.median(np.array(runs), axis=0)
    columns = silhouette.mask[:, round(middle - 0.3 * half) : round(middle + 0.3 * half) + 1]
    lows = [int(np.nonzero(column)[0][-1]) for column in columns.T if column.any()]
    return Trunk(
        float(half),
        float(middle),
        parted,
        float(np.median(lows)) if lows else float(bottom),
        narrow,
    )
