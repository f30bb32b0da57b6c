"""The opening between a collar's leaves: from the rim down both leaves' inner edges to where they
meet.

Two paths are looked for by dynamic programming, row by row, each along what changes sideways: a
hanger's bars and a label's rim lie across and count little. Where the paths meet, the opening ends.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats
from compositing.charts.lines import Numbers, pinned
from compositing.charts.neck_view import REACH_PX, NeckView

WORTH: Final = 0.42
"""An edge of this strength is worth a row more; a weaker one is not."""
BEGIN, BEGIN_COST = 0.62, 14.0
"""Where a leaf's edge likely meets the rim, beside the middle; the square of being elsewhere costs
so much."""
INNERMOST, OUTERMOST, PAST = 0.22, 1.0, 0.34
"""Where it may begin, and how far beyond the middle the opening may end."""
NARROWING, OUTSIDE = (0.6, 0.16), 0.6
"""An opening is likely no wider than this to each side, less so much per depth; what each row costs
where it is."""
EVEN, UNEVEN = 0.12, 0.9
"""So unlike may the two sides be; what more costs, in each row."""
ALIKE: Final = 1.0
"""Sides that cost no more are alike."""
SLANTED: Final = 8.0
LEAST_WIDE: Final = 0.42
"""Nor is it narrower at the neck points' height; a depth of 1 below it may have ended."""
WIDE, WIDER = 0.5, 0.25
"""What a row is worth more where the opening is wide: a label has edges too."""
STEP_COST: Final = 0.10
"""Of a px aside."""
LIKELY, HIGH, LOW = 1.2, 30.0, 12.0
"""Depth of an opening; what one e times as high or as deep costs."""
LEAST, MOST = 0.5, 3.8
GAP_PX, NARROWED, NEXT = 6.0, 0.3, 14
"""An opening ends where its sides are so near, or where they come nearest, at such a share of
its greatest width, before they part again."""
SIDE_PX: Final = 3
QUIET, CLEAR, FAINT, PLENTY = 1.0, 2.0, 2.0, 12.0
BELIEVED, DEEP, BELIEVED_DEEP = 0.0, 1.5, 1.0
"""Scores above which an opening is believed; deeper ones must be clearer."""
WINDING, LEAST_ROWS = 0.07, 12
"""How far an edge of so many rows, at least, may lie off a parabola, over half the neck's width."""
BEGUN, FURTHEST = 9, 2
"""A path begins here; how far it may step aside in a row."""


def leaves(seen: NeckView, thought: float) -> tuple[Numbers, float, bool]:
    """The line (n, 2), left to right, px from the view's origin; its score; whether it is believed.

    `thought`: how deep it is thought to be, where that is deeper than a collar's usual opening.
    """
    likely = float(np.clip(thought, LIKELY, MOST))
    gain, begin = _gain(seen, _sideways(seen)), _begin(seen)
    free = _paths(seen, gain, begin)
    value, row, column = _meeting(seen, free[0][0], free[0][1], likely)
    own = [_traced(free[1][i], row, column) for i in (0, 1)]
    cost = _uneven(seen, own[::-1])
    if max(_along(cost[:, i], own[i]) for i in (0, 1)) < ALIKE:
        return _found(seen, value, own)
    even = _paths(seen, gain - cost, begin)
    found = []
    for i in (0, 1):  # one side as it is, the other one much like it
        ways = [even if k == i else free for k in (0, 1)]
        value, row, column = _meeting(seen, ways[0][0][0], ways[1][0][1], likely)
        found.append((value, [_traced(ways[k][1][k], row, column) for k in (0, 1)]))
    value, sides = max(found, key=lambda one: one[0])
    return _found(seen, value, sides)


def _found(seen: NeckView, value: float, sides: list[Numbers]) -> tuple[Numbers, float, bool]:
    """The line, its score, and whether it is believed: a deep one takes away much cloth."""
    line, score = _joined(sides[0], sides[1], seen), value / REACH_PX
    deep = float(line[:, 1].max()) > DEEP * REACH_PX
    return line, score, score > (BELIEVED_DEEP if deep else BELIEVED)


def _along(cost: Numbers, path: Numbers) -> float:
    """What a path costs."""
    return float(cost[path[:, 1].astype(int), path[:, 0].astype(int)].sum())


def _meeting(
    seen: NeckView, left: Numbers, right: Numbers, likely: float
) -> tuple[float, int, int]:
    """Where two paths of these worths meet best: the worth there, row and column."""
    rows = np.arange(len(left)) - seen.origin[1]
    columns = (np.arange(left.shape[1]) - seen.origin[0]) / REACH_PX
    rim = float(seen.rim_at(np.array([-BEGIN, BEGIN]) * REACH_PX).mean())
    depth = np.clip((rows - rim) / REACH_PX, 1e-3, None)
    far = np.log(depth / likely)
    cost = np.where(far < 0, -HIGH * far, LOW * far)
    value = left + right - cost[:, None] - SLANTED * (columns / PAST) ** 2
    allowed = ((depth > LEAST) & (depth < MOST))[:, None] & (np.abs(columns) < PAST)
    value = np.where(allowed, value, -np.inf)
    row, column = np.unravel_index(int(value.argmax()), value.shape)
    return float(value[row, column]), int(row), int(column)


def _sideways(seen: NeckView) -> Floats:
    """How strongly colours change sideways, 0..1, against what is usual around."""
    left, right = (np.roll(seen.colours, s * SIDE_PX, 1) for s in (1, -1))
    size = np.linalg.norm(left - right, axis=-1)
    size[seen.cloth < 0.5] = 0
    usual = cv2.blur(size, (45, 45))
    full = np.clip(CLEAR * usual, FAINT, PLENTY)
    return np.asarray(np.clip((size - QUIET * usual) / full, 0, 1), np.float32)


def _aside(seen: NeckView) -> Numbers:
    """How far columns lie on each side beside the middle (2, columns)."""
    u = (np.arange(seen.cloth.shape[1]) - seen.origin[0]) / REACH_PX
    return np.stack([-u, u])


def _begin(seen: NeckView) -> Numbers:
    """What a path that begins in a column is worth (2, columns)."""
    u = _aside(seen)
    may = (u > INNERMOST) & (u < OUTERMOST)
    return np.where(may, -BEGIN_COST * (u - BEGIN) ** 2, -np.inf)


def _gain(seen: NeckView, strong: Floats) -> Numbers:
    """What a px on the path is worth (rows, 2, columns)."""
    u = _aside(seen)[None]
    depth = (np.arange(len(strong)) - seen.origin[1])[:, None, None] / REACH_PX
    outside = np.maximum(u - NARROWING[0] + NARROWING[1] * np.maximum(depth, 0), 0)
    inside = np.maximum(LEAST_WIDE * (1 - np.maximum(depth, 0)) - u, 0)
    doubt = OUTSIDE * (outside + inside) - WIDER * np.clip(u, 0, WIDE)
    return np.where(u > -PAST, strong[:, None] - WORTH - doubt, -np.inf)


def _uneven(seen: NeckView, others: list[Numbers]) -> Numbers:
    """What being unlike the other side's path costs (rows, 2, columns)."""
    u = _aside(seen)
    cost = np.zeros((len(seen.cloth), *u.shape))
    for i, other in enumerate(others):
        rows = other[:, 1].astype(int)
        at = u[1 - i][other[:, 0].astype(int)]
        off = np.abs(u[i][None] - at[:, None]) - EVEN
        cost[rows, i] = UNEVEN * np.maximum(off, 0)
    return cost


def _paths(seen: NeckView, gain: Numbers, begin: Numbers) -> tuple[Numbers, NDArray[np.int8]]:
    """By side: the best path's worth that comes down to each px, and from which step aside."""
    height, _, width = gain.shape
    first = np.clip(np.round(seen.rim + seen.origin[1]), 0, height - 1).astype(int)
    worth = np.full((2, height, width), -np.inf)
    came = np.full((2, height, width), BEGUN, np.int8)
    total = np.full((2, width + 2 * FURTHEST), -np.inf)
    inner = total[:, FURTHEST : FURTHEST + width]
    windows = np.lib.stride_tricks.sliding_window_view(total, 2 * FURTHEST + 1, axis=1)
    cost = STEP_COST * np.abs(np.arange(-FURTHEST, FURTHEST + 1))
    last = min(height, int(seen.origin[1] + (MOST + 1) * REACH_PX))
    for row in range(int(first.min()), last):
        choices = windows - cost
        which = choices.argmax(-1)
        best = choices.max(-1)
        fresh = (first == row)[None] & (begin > best)
        came[:, row] = np.where(fresh, BEGUN, FURTHEST - which)
        inner[:] = worth[:, row] = np.where(fresh, begin, best) + gain[row]
    return worth, came


def _traced(came: NDArray[np.int8], row: int, column: int) -> Numbers:
    """The path's points (n, 2) from the top."""
    points = [(column, row)]
    while row > 0 and came[row, column] != BEGUN:
        column -= int(came[row, column])
        row -= 1
        points.append((column, row))
    return np.array(points[::-1], float)


def _joined(left: Numbers, right: Numbers, seen: NeckView) -> Numbers:
    """One line, down to where the two come together."""
    low, high = max(left[0, 1], right[0, 1]), left[-1, 1]
    rows = np.arange(low, high + 1)
    gap = np.interp(rows, right[:, 1], right[:, 0]) - np.interp(rows, left[:, 1], left[:, 0])
    widest = np.maximum.accumulate(gap)
    ahead = np.pad(gap, (0, NEXT), mode="edge")
    ahead = np.lib.stride_tricks.sliding_window_view(ahead, NEXT + 1).min(1)
    narrowest = (gap <= ahead) & (gap < NARROWED * widest)
    shut = rows[((gap < GAP_PX) | narrowest) & (widest > 2 * GAP_PX)]
    end = float(shut[0]) if len(shut) else float(high)
    left, right = left[left[:, 1] <= end], right[right[:, 1] <= end]
    if len(left) < 2 or len(right) < 2:
        return np.concatenate([left, right[::-1]]) - seen.origin
    meet = 0.5 * (left[-1] + right[-1])[None]
    sides = [_calm(pinned(np.concatenate([one, meet]), 4.0)) for one in (left, right)]
    return np.concatenate([sides[0], sides[1][-2::-1]]) - seen.origin


def _calm(side: Numbers) -> Numbers:
    """A leaf's edge; one that winds, as between the seams of quilting, becomes the parabola nearest
    to it through its ends."""
    if len(side) < LEAST_ROWS:
        return side
    t = np.linspace(0, 1, len(side))
    straight = side[0] + t[:, None] * (side[-1] - side[0])
    bow = 4 * t * (1 - t)
    even = straight + bow[:, None] * (bow @ (side - straight) / (bow @ bow))[None]
    off = np.sqrt(((side - even) ** 2).sum(1).mean())
    return np.asarray(even if off > WINDING * REACH_PX else side)
