"""How a garment holds on the shoulders, by what of it lies above the armpits."""

from typing import Final

import numpy as np

from compositing.template.model import Shoulders
from compositing.template.silhouette import Array, Silhouette

FLAT_BELOW, FLAT = 0.2, 3.0
"""So far below its top a garment with sleeves that runs straight across is so wide, over half the
chest: off the shoulder."""
STRAPS_BELOW, STRAPS = 0.3, 0.25
"""So far below its top a garment with sleeves is so narrow: straps above bare shoulders."""
BARE_BELOW, BARE, BARE_DEPTH = 0.1, 1.7, 0.7
"""Without sleeves, and armpits no deeper than that below the top: strapless."""
STRAP: Final = 0.25
"""A shoulder narrower than this share of half the chest is a strap."""
ONE_SIDED: Final = 0.4


def shoulders(
    silhouette: Silhouette, necks: Array, tips: Array, pits: Array, *, sleeved: bool
) -> Shoulders:
    """Of points left and right (2, 2), in the silhouette's pixels."""
    chest = max(0.5 * float(np.hypot(*(pits[1] - pits[0]))), 1.0)

    def wide(below: float) -> float:
        """Of the garment, so far below its top; both over half the chest."""
        rows = np.nonzero(silhouette.mask.any(1))[0]
        return (
            float(silhouette.mask[min(int(rows[0] + below * chest + 1), int(rows[-1]))].sum())
            / chest
        )

    if sleeved:
        return "off" if wide(FLAT_BELOW) > FLAT or wide(STRAPS_BELOW) < STRAPS else "full"
    if float((pits - necks)[:, 1].mean()) < BARE_DEPTH * chest and wide(BARE_BELOW) > BARE:
        return "off"
    if _one_sided(silhouette, pits):
        return "one"
    narrow = float(np.hypot(*(tips - necks).T).mean()) < STRAP * chest
    return "straps" if narrow else "full"


def _one_sided(silhouette: Silhouette, pits: Array) -> bool:
    """Whether cloth above the armpits lies on one side only."""
    left, right = (int(np.clip(round(x), 0, silhouette.mask.shape[1])) for x in pits[:, 0])
    row = int(np.clip(round(pits[:, 1].mean()), 0, silhouette.mask.shape[0]))
    middle = (left + right) // 2
    above = silhouette.mask[:row]
    areas = int(above[:, left:middle].sum()), int(above[:, middle:right].sum())
    return min(areas) < ONE_SIDED * max(areas)
