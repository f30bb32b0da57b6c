"""How a garment holds on the shoulders, by what of it lies above the armpits."""

from typing import Final

import numpy as np

from compositing.template.model import Shoulders
from compositing.template.silhouette import Array, Silhouette

BELOW_TOP: Final = 0.1
"""Where a top edge is measured, below it, over half the chest."""
FLAT_SLEEVED, FLAT_BARE = 2.2, 1.7
"""A top edge at least so wide, over half the chest, runs straight across."""
SHALLOW: Final = 0.85
"""Armpits this near to a straight top edge: off the shoulder."""
STRAP: Final = 0.32
"""A shoulder narrower than this share of half the chest is a strap."""
ONE_SIDED: Final = 0.4


def shoulders(
    silhouette: Silhouette, necks: Array, tips: Array, pits: Array, *, sleeved: bool
) -> Shoulders:
    """Of points left and right (2, 2), in the silhouette's pixels."""
    chest = max(0.5 * float(np.hypot(*(pits[1] - pits[0]))), 1.0)
    depth = 0.5 * float((pits[:, 1] - necks[:, 1]).sum())
    if depth < SHALLOW * chest:
        rows = np.nonzero(silhouette.mask.any(1))[0]
        row = min(int(rows[0] + BELOW_TOP * chest + 1), int(rows[-1]))
        if silhouette.mask[row].sum() > (FLAT_SLEEVED if sleeved else FLAT_BARE) * chest:
            return "off"
    if sleeved:
        return "full"
    if _one_sided(silhouette, pits):
        return "one"
    wide = np.hypot(*(tips - necks).T)
    return "straps" if float(wide.mean()) < STRAP * chest else "full"


def _one_sided(silhouette: Silhouette, pits: Array) -> bool:
    """Whether cloth above the armpits lies on one side only."""
    left, right = (int(np.clip(round(x), 0, silhouette.mask.shape[1])) for x in pits[:, 0])
    row = int(np.clip(round(pits[:, 1].mean()), 0, silhouette.mask.shape[0]))
    middle = (left + right) // 2
    above = silhouette.mask[:row]
    areas = int(above[:, left:middle].sum()), int(above[:, middle:right].sum())
    return min(areas) < ONE_SIDED * max(areas)
