"""Hooks, wires and pegs that stick out of a garment; straps, which join it at both ends or come in
pairs, stay."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.pieces import disc, largest, opened

THIN_SHARE: Final = 0.016
LONG: Final = 3.0
"""What sticks out less than this many times its greatest half width is a ruffle, a corner or a
fringe."""
PAIR_SHARE: Final = 0.06
OWN_COLOUR: Final = 18.0


@dataclass(frozen=True, slots=True)
class _Part:
    mask: Mask
    x: float
    y: float
    length: float


def without_hooks(mask: Mask, colours: Floats, *, pair: bool) -> Mask:
    """`colours`: CIE L*a*b*, of the mask's size. `pair`: two things lie there, each of which is
    kept."""
    columns = np.nonzero(mask.any(0))[0]
    if not len(columns):
        return mask
    side = max(np.ptp(columns), np.ptp(np.nonzero(mask.any(1))[0])) + 1
    radius = max(2, round(THIN_SHARE * side / 2))
    thick = largest(opened(mask, radius), 0.2 if pair else 0.1)
    if thick.sum() < 0.6 * mask.sum():
        return mask
    near = cv2.dilate(thick.astype(np.uint8), disc(radius + 1)) > 0
    own = np.median(colours[thick], axis=0)
    parts = _parts(mask & ~near)
    kept = mask.copy()
    for part in parts:
        if part.length < LONG * radius or _joins(part.mask, near & mask) > 1:
            continue
        like = (
            float(np.percentile(np.linalg.norm(colours[part.mask] - own, axis=-1), 25)) < OWN_COLOUR
        )
        twin = any(
            abs(part.x + other.x - columns[0] - columns[-1]) < PAIR_SHARE * side
            and abs(part.y - other.y) < PAIR_SHARE * side
            and other is not part
            for other in parts
        )
        if not (like and twin):
            around = cv2.dilate(part.mask.astype(np.uint8), disc(radius + 3)) > 0
            kept &= ~around | thick
    return largest(kept, 0.2 if pair else 0.1)


def _parts(thin: Mask) -> list[_Part]:
    count, pieces, boxes, centres = cv2.connectedComponentsWithStats(
        thin.astype(np.uint8), connectivity=8
    )
    found = []
    for number in range(1, count):
        if boxes[number, cv2.CC_STAT_AREA] < 4:
            continue
        part = np.asarray(pieces == number)
        length = float(
            np.hypot(boxes[number, cv2.CC_STAT_WIDTH], boxes[number, cv2.CC_STAT_HEIGHT])
        )
        found.append(_Part(part, float(centres[number][0]), float(centres[number][1]), length))
    return found


def _joins(part: Mask, rest: Mask) -> int:
    """At how many places a part meets the rest."""
    ring = (cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & rest
    joined = cv2.dilate(ring.astype(np.uint8), np.ones((3, 3), np.uint8))
    return int(cv2.connectedComponents(joined, connectivity=8)[0]) - 1
