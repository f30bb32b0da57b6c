"""Jumpsuits and dungarees: an upper garment to the waist and legs from there, fitted apart.

Where legs part, a notch shows; the waist is the narrowest row in reach above it. What lies above is
fitted as a top, what hangs below as trousers; both share the waist's corners.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.errors import GarmentError
from compositing.template.fitting import fitted
from compositing.template.landmarks import template
from compositing.template.model import Legs, Suit, Upper
from compositing.template.notch import Notch, notch
from compositing.template.silhouette import reduced
from schemas.categories import GarmentCategory as G

SUITS: Final = {G.JUMPSUIT: 0.05, G.DRESS: 0.28}
"""What may be one, and how deep its legs are parted then, over its height: a dress may have a slit,
or a hem that dips."""
WIDE_SLIT: Final = 0.045
"""A dress is parted so widely, half way down its legs, over the hips, to have legs."""
WAIST_FROM, ABOVE_NOTCH = 0.2, 0.3
"""The waist is looked for from this share of the height down to so far above the notch, over the
hips."""
MOST_RISE, RISE = 0.85, 0.68
"""Legs that part farther below the waist than this, over the hips, lie against each other above:
they are taken to part where most do."""
SIDE_PX: Final = 256


def suit(rgb: NDArray[np.uint8], alpha: Floats, category: G) -> Suit | None:
    """None where the cut-out has no legs, or its parts can't be fitted."""
    mask = np.asarray(np.nan_to_num(alpha) > 0.5)
    scale = min(1.0, SIDE_PX / max(mask.shape))
    small = cv2.resize(mask.astype(np.float32), None, fx=scale, fy=scale) > 0.5
    found = notch(np.asarray(small))
    height = np.ptp(np.nonzero(small.any(1))[0]) if small.any() else 0
    if found is None or found.depth < SUITS[category] * height:
        return None
    if category is G.DRESS and not _wide(np.asarray(small), found):
        return None
    waist_y = _waist(np.asarray(small), found)
    try:
        return _fitted(rgb, alpha, (waist_y + 0.5) / scale - 0.5)
    except GarmentError:
        return None


def _wide(mask: Mask, found: Notch) -> bool:
    """Whether it is parted as legs are, not as a slit is."""
    row = mask[min(int(found.y + 0.5 * found.depth), len(mask) - 1)]
    near = row[max(int(found.x - found.hips / 2), 0) : int(found.x + found.hips / 2) + 1]
    return float((~near).sum()) > WIDE_SLIT * found.hips


def _waist(mask: Mask, found: Notch) -> int:
    """The narrowest row in reach above the legs."""
    there = np.nonzero(mask.any(1))[0]
    first = int(there[0] + WAIST_FROM * np.ptp(there))
    rows = np.arange(first, max(int(found.y - ABOVE_NOTCH * found.hips), first + 1))
    half = int(0.75 * found.hips)
    wide = mask[rows, max(found.x - half, 0) : found.x + half + 1].sum(1)
    return int(rows[int(wide.argmin())])


def _fitted(rgb: NDArray[np.uint8], alpha: Floats, waist_y: float) -> Suit | None:
    row = round(waist_y)
    below = np.zeros_like(alpha)
    below[row:] = alpha[row:]
    count, labels, stats, _ = cv2.connectedComponentsWithStats((below > 0.5).astype(np.uint8))
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    own = cv2.dilate((labels == largest).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    lower = np.where(own, below, 0).astype(np.float32)
    upper = (alpha - lower).astype(np.float32)
    parts = []
    for part, family, kind in ((upper, "upper", G.TOP), (lower, "legs", G.TROUSERS)):
        shown = reduced(rgb, part)
        parts.append(template(fitted(shown, family, kind), shown, part, kind))  # type: ignore[arg-type]  # a literal in a tuple
    top, legs = parts
    if not isinstance(top, Upper) or not isinstance(legs, Legs):
        return None
    ends = np.nonzero(labels[row] == largest)[0]
    seam = {-1: np.array([float(ends[0]), waist_y]), 1: np.array([float(ends[-1]), waist_y])}
    top = replace(top, left=replace(top.left, hem=seam[-1]), right=replace(top.right, hem=seam[1]))
    legs = replace(
        legs, left=replace(legs.left, waist=seam[-1]), right=replace(legs.right, waist=seam[1])
    )
    legs = _parted(legs)
    areas = np.array([float(upper.sum()), float(lower.sum())])
    iou = float((areas * [top.iou, legs.iou]).sum() / areas.sum())
    turn = 0.5 * (top.turn_rad + legs.turn_rad)
    return Suit(top, legs, turn, iou, max(top.strain, legs.strain))


def _parted(legs: Legs) -> Legs:
    """With a crotch that is no farther below the waist than crotches are."""
    waist = 0.5 * (legs.left.waist + legs.right.waist)
    hips = float(np.hypot(*(legs.right.hip - legs.left.hip)))
    way = legs.left.crotch - waist
    rise = float(np.hypot(*way))
    if rise <= MOST_RISE * hips:
        return legs
    crotch = waist + way * (RISE * hips / rise)
    sides = [
        replace(side, crotch=crotch, top_outer=side.hip, hip=0.5 * (side.waist + side.hip))
        if float(side.hip[1]) > float(crotch[1])
        else replace(side, crotch=crotch)
        for side in (legs.left, legs.right)
    ]
    return replace(legs, left=sides[0], right=sides[1])
