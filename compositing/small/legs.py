"""Where the mannequin's legs and feet are, for what is worn on them."""

from dataclasses import dataclass

import numpy as np

from compositing.mannequin import FOOT_PART, HEAD, Mannequin
from compositing.small.placed import BODY_CM, Points, box_of

EVEN_CM = 3.0
"""A leg's middle line is averaged over so much to both sides."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg below the crotch. `left`, `right`: its edges per row of the look, NaN where it is
    not.
    """

    side: int
    left: Points
    right: Points
    foot_left: float
    foot_right: float
    foot_top: float
    floor: float  # the foot's lowest row
    toes_x: float  # the middle of the foot where it stands
    cm: float  # pixels per centimetre

    @property
    def foot_wide(self) -> float:
        """Pixels."""
        return self.foot_right - self.foot_left + 1

    def centre(self, rows: Points) -> Points:
        """Its middle at rows of the look, straight on beyond its ends."""
        known = np.nonzero(np.isfinite(self.left))[0]
        ankle = known[known <= self.foot_top]
        ys = ankle if len(ankle) else known
        reach = max(1, round(EVEN_CM * self.cm))
        middle = np.pad((self.left[ys] + self.right[ys]) / 2, reach, "edge")
        even = np.convolve(middle, np.ones(2 * reach + 1) / (2 * reach + 1), "valid")
        return np.asarray(np.interp(rows, ys, even), np.float64)

    def width(self, row: float) -> float:
        """Across, at a row above the foot."""
        at = int(np.clip(row, 0, len(self.left) - 1))
        return float(np.nan_to_num(self.right[at] - self.left[at] + 1, nan=0.0))


def cm_px(body: Mannequin) -> float:
    """Pixels of the look per centimetre."""
    _, top, _, _ = box_of(body.labels == HEAD)
    floor = max(box_of(body.labels == part)[3] for part in FOOT_PART.values())
    return (floor - top) / BODY_CM


def leg(body: Mannequin, side: int) -> Leg:
    """The one on the picture's left (-1) or right (1)."""
    foot = body.labels == FOOT_PART[side]
    left, top, right, floor = box_of(foot)
    columns = np.arange(body.labels.shape[1])
    own = body.body & ((columns < body.centre_x) if side < 0 else (columns >= body.centre_x))[None]
    own[: body.crotch_y] = False
    there = own.any(1)
    first = np.where(there, own.argmax(1), np.nan).astype(np.float64)
    last = np.where(there, own.shape[1] - 1 - own[:, ::-1].argmax(1), np.nan).astype(np.float64)
    low = np.nonzero(foot[int(top + 0.65 * (floor - top)) :].any(0))[0]
    return Leg(side, first, last, left, right, top, floor, float(low[0] + low[-1]) / 2, cm_px(body))
