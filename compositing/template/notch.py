"""The notch between two legs: how far background reaches up from below, near the middle."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Mask

CENTRAL: Final = 0.3
"""A notch's top lies within this share of the hips from their middle."""
BESIDE: Final = 0.75
"""Hips are measured so far down to the notch's top."""
LEAST_PX: Final = 12
LEAST_LEG: Final = 0.18
"""A leg is at least so wide, over the hips."""
DIP, LOWEST, AT_CORNERS, WITHIN = 0.045, 0.1, 0.06, (0.3, 0.7)
"""What rises no more between two lower places near the middle, over the height, parts no legs,
where the lowest place lies so much below the corners; those lie so far from the sides."""


@dataclass(frozen=True, slots=True)
class Notch:
    """Its top (column, row), and how deep it is and how wide the hips are above it; the mask's
    px."""

    x: int
    y: int
    depth: float
    hips: float


def notch(mask: Mask) -> Notch | None:
    """Of an upright garment; None where background does not part it from below."""
    box = _box(mask)
    if box is None:
        return None
    rows, _ = box
    low = len(mask) - 1 - mask[::-1].argmax(0)
    low = np.where(mask.any(0), low, rows[0])
    top = int(rows[0] + 0.3 * (rows[-1] - rows[0]))
    for y in range(top, int(rows[-1])):
        hips = _run(mask[int(rows[0] + BESIDE * (y - rows[0]))])
        if hips is None:
            continue
        left, right = hips
        middle, wide = (left + right) / 2, float(right - left + 1)
        reach = slice(int(middle - CENTRAL * wide), int(middle + CENTRAL * wide) + 1)
        parted = np.nonzero(low[reach] <= y)[0]
        if len(parted):
            x = int(parted.mean()) + reach.start
            legs = low[left : x + 1], low[x : right + 1]
            if any((leg > y).sum() < LEAST_LEG * wide for leg in legs):
                return None
            ends = [float(np.percentile(leg, 80)) for leg in legs]
            return Notch(x, y, min(ends) - y, wide)
    return None


def joined(mask: Mask) -> bool:
    """Whether shorts end where their legs begin: lowest near the middle, and not parted there."""
    box = _box(mask)
    if box is None:
        return False
    rows, columns = box
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    low = len(part) - 1.0 - part[::-1].argmax(0)
    wide = len(low)
    first, last = (int(share * wide) for share in WITHIN)
    lowest = np.minimum(np.maximum.accumulate(low), np.maximum.accumulate(low[::-1])[::-1])
    corners = np.median(low[[int(AT_CORNERS * wide), int((1 - AT_CORNERS) * wide)]])
    parted = float((lowest - low)[first:last].max()) > DIP * len(part)
    return not parted and bool(low.max() - corners > LOWEST * len(part))


def _box(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """The rows and columns that have cloth; None where hardly any do."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return None if min(len(rows), len(columns)) < LEAST_PX else (rows, columns)


def _run(row: Mask) -> tuple[int, int] | None:
    """The longest run of cloth: its first and last column."""
    line = np.concatenate([[0], row, [0]]).astype(int)
    ends = np.nonzero(np.diff(line))[0]
    if not len(ends):
        return None
    starts, stops = ends[::2], ends[1::2]
    k = int((stops - starts).argmax())
    return int(starts[k]), int(stops[k]) - 1
