"""What stands above a garment's neck points: collars, the band of a halter, hoods.

A chart of its own above the yoke, with which it shares the edge between the neck points, so that
what stands there does not bend the shoulders. A hood lies folded down behind the neck.
"""

from typing import Final

import numpy as np

from compositing.charts.chart import Chart
from compositing.charts.lines import Numbers, smooth
from compositing.charts.upper_photo import UpperPhoto

ROWS: Final = 12
LEAST_PX: Final = 2.0
"""What stands out less above the neck points is the yoke's."""
BETWEEN: Final = 0.7
"""It stands there between the neck points, over so much of the way: straps stand at its ends."""
STANDING: Final = 0.9
"""A collar's height in the look, over its height in the photo at the garment's scale."""
FOLDED_PX: Final = 62.0
"""A hood that lies behind the neck is no higher than this, in px of a look 1024 wide."""
ABOVE_SHOULDER: Final = 0.08
"""What overhangs the shoulder stands so much above it, over how far it may reach."""
OVERHANG: Final = 0.8
"""How far a hood or a collar may reach beyond the neck points, over half the neck's width."""


def collar_chart(photo: UpperPhoto, edge: tuple[Numbers, Numbers], scale: float) -> Chart | None:
    """`edge`: the yoke's upper edge between the neck points, in photo and look (columns, 2)."""
    in_photo, in_look = edge
    inside = np.arange(int(in_photo[0, 0]), int(in_photo[-1, 0]) + 1, dtype=np.float64)
    up = np.interp(inside, in_photo[:, 0], in_photo[:, 1]) - _rim(photo, inside)
    aside = len(up) * (1 - BETWEEN) / 2
    if float(np.median(up[int(aside) : len(up) - int(aside)])) < LEAST_PX:
        return None
    rise = float(np.max(up))
    share = np.linspace(0, 1, ROWS)[::-1]
    left, right = _sides(photo, in_photo, share * rise)
    across = np.linspace(0, 1, len(in_photo))
    wide = in_look[-1, 0] - in_look[0, 0]
    stretch = wide / max(float(in_photo[-1, 0] - in_photo[0, 0]), 1.0)
    high = rise * scale * STANDING
    if photo.hooded:
        high = min(high, FOLDED_PX)
    grids = np.zeros((2, ROWS, len(in_photo), 2))
    for row, up in enumerate(share):
        x = left[row] + across * (right[row] - left[row])
        x = in_photo[:, 0] + (x - in_photo[:, 0]) * min(up * 3, 1)
        grids[0, row] = np.column_stack([x, in_photo[:, 1] - up * rise])
        aside = (x - in_photo[:, 0]) * stretch
        if photo.hooded:  # it lies in the middle
            aside -= 0.5 * (aside[0] + aside[-1])
        grids[1, row] = np.column_stack([in_look[:, 0] + aside, in_look[:, 1] - up * high])
    return Chart("collar", grids[0], grids[1])


def _rim(photo: UpperPhoto, x: Numbers) -> Numbers:
    return np.asarray(photo.top[np.clip(x, 0, len(photo.top) - 1).astype(int)])


def _sides(photo: UpperPhoto, edge: Numbers, up: Numbers) -> tuple[Numbers, Numbers]:
    """Where cloth begins and ends so far above the edge; where there is none, as at the edge."""
    middle = 0.5 * float(edge[0, 0] + edge[-1, 0])
    half = 0.5 * float(edge[-1, 0] - edge[0, 0])
    found = []
    for s, end in ((-1, edge[0]), (1, edge[-1])):
        most = (1 + OVERHANG) * half
        at = [_reach(photo, middle, float(end[1]) - one, s, most) for one in up]
        # at the edge itself the shoulders begin
        at[-1] = half
        found.append(middle + s * smooth(np.clip(at, 0.3 * half, most), 0.8))
    return found[0], found[1]


def _reach(photo: UpperPhoto, middle: float, row: float, s: int, most: float) -> float:
    """How far from the middle the outermost cloth of a row is that is no shoulder's, at most so
    far."""
    columns = np.nonzero(photo.mask[int(np.clip(row, 0, len(photo.mask) - 1))])[0]
    line = photo.shoulder[s][:: int(s)]  # from left to right
    shoulder = np.interp(columns, line[:, 0], line[:, 1], left=np.inf, right=np.inf)
    off = s * (columns - middle)
    off = off[(off > 0) & (off <= most) & (row < shoulder - ABOVE_SHOULDER * most)]
    return float(off.max()) if len(off) else 0.0
