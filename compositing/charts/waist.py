"""The waist of trousers and skirts on a clip hanger: the bar lies above what the learned segmenter
takes for the inside of the back, and both are no front."""

from dataclasses import replace
from typing import Final

import numpy as np

from compositing.arrays import Floats
from compositing.charts.lines import Numbers, bridged, pinned, robust
from compositing.charts.neck_view import REACH_PX, NeckView, across, cheapest, sampled, view
from compositing.cut.cutout import Cutout
from compositing.template.model import Legs, Skirt

LEAST_PX: Final = 8.0
"""A narrower waist is none."""
SIDE: Final = 1.0
"""How far aside the inside is looked for, in halves of the waist's width."""
SHOWN: Final = 0.35
"""It shows in so many of the columns there, at least."""
DEEPEST: Final = 0.4
"""And reaches no lower below the waist than this: an open front does."""
THICK_PX: Final = 2.0
BACK: Final = 0.6
"""So much of what is taken off is inside where nothing hangs above it."""
BAND, STAYING, PLENTY = 4, 0.1, 8.0
"""Its lower edge is moved by so many px, at a cost each, to edges no stronger than (dE)."""
CLEAR: Final = 0.45
"""And shows so clearly, of PLENTY."""


def off_hanger(cutout: Cutout, template: Legs | Skirt) -> Cutout | None:
    """Without the bar, and the back below it. None where no inside shows above the front's edge, or
    nothing hangs above that: a back that is seen over the front is cloth.
    """
    left, right = template.left.waist, template.right.waist
    if cutout.inside is None or float(np.linalg.norm(right - left)) < LEAST_PX:
        return None
    seen = view(cutout.rgb, cutout.mask, left, right, collared=False)
    inside = seen.shown(cutout.inside, cutout.from_photo())
    line = _edge(seen, inside)
    if line is None:
        return None
    columns = np.arange(seen.cloth.shape[1]) - seen.origin[0]
    below = np.interp(columns, line[:, 0], line[:, 1]) + seen.origin[1]
    rows = np.arange(len(seen.cloth))[:, None]
    taken = np.clip(below[None] - rows, 0, 1) * (np.abs(columns) <= np.abs(line[-1, 0]) + 2)
    back = seen.placed(np.asarray(taken, np.float32), cutout.alpha.shape)
    cloth = (taken > 0.5) & (seen.cloth > 0.5)
    if float((cloth & (inside > 0.5)).sum()) > BACK * float(cloth.sum()):
        return None
    return replace(cutout, alpha=np.asarray(cutout.alpha * (1 - back), np.float32))


def _edge(seen: NeckView, inside: Floats) -> Numbers | None:
    """The front's upper edge (n, 2), px from the view's origin."""
    half = round(SIDE * REACH_PX)
    middle = int(seen.origin[0])
    at = slice(middle - half, middle + half + 1)
    there = (inside > 0.5) & (seen.cloth > 0.5)
    columns = there[:, at].any(0)
    if columns.mean() < SHOWN:
        return None
    lowest = len(there) - 1 - there[::-1, at].argmax(0) + 1 - seen.origin[1]
    depth = np.where(columns, lowest, np.nan)
    found = robust(bridged(depth, 0.0), 5)
    if np.percentile(found, 90) > DEEPEST * REACH_PX:
        return None
    if np.median(found - seen.rim[at]) < THICK_PX:
        return None
    x = np.arange(-half, half + 1, dtype=np.float64)
    line = pinned(np.column_stack([x, found])[::3], 1.0)
    moved = across(line, BAND)
    strength = sampled(seen.edge, seen, moved)
    steps = np.abs(np.arange(-BAND, BAND + 1))
    edge = cheapest(moved, np.maximum(PLENTY - strength, 0) / PLENTY + STAYING * steps)
    clear = np.minimum(sampled(seen.edge, seen, edge[None])[0], PLENTY).mean() / PLENTY
    return edge if clear > CLEAR else None
