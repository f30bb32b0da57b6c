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
ONE_SIDED, ONE_HIGH, ONE_SIDED_AT = 0.5, 0.6, (0.5, 0.7)
"""Cloth between these sides of the middle, over half the chest, rises so much less above armpits
on one side than on the other, and there so high: one shoulder is bare."""


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
    if one_sided(silhouette, pits):
        return "one"
    narrow = float(np.hypot(*(tips - necks).T).mean()) < STRAP * chest
    return "straps" if narrow else "full"


def one_sided(silhouette: Silhouette, pits: Array) -> bool:
    """Whether cloth reaches far above the armpits on one side only."""
    half = 0.5 * abs(float(pits[1, 0] - pits[0, 0]))
    rises = _rises(silhouette, pits)
    return min(rises) < ONE_SIDED * max(rises) and max(rises) > ONE_HIGH * half


def bare_side(silhouette: Silhouette, pits: Array) -> int:
    """Of a garment on one shoulder, which side has none: 0 left, 1 right."""
    return int(np.argmin(_rises(silhouette, pits)))


def _rises(silhouette: Silhouette, pits: Array) -> list[float]:
    """How far cloth reaches above the armpits, left and right."""
    low = float(pits[:, 1].mean())
    middle, half = float(pits[:, 0].mean()), 0.5 * abs(float(pits[1, 0] - pits[0, 0]))
    rises = []
    for s in (-1, 1):
        x = middle + s * half * np.linspace(ONE_SIDED_AT[0], ONE_SIDED_AT[1], 9)
        columns = silhouette.mask[
            :, np.clip(x.round(), 0, silhouette.mask.shape[1] - 1).astype(int)
        ]
        rises.append(low - float(np.median(np.where(columns.any(0), columns.argmax(0), low))))
    return rises
