"""Shoes that were photographed from above or from the front, as the feet are seen: toes to the
viewer, foreshortened.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats
from compositing.small.legs import Leg
from compositing.small.placed import Placed, Points
from compositing.small.views import Pictured, Shoe, profile

SHOE_CM, AROUND_FOOT = 10.4, 1.10
"""A shoe's width, and at least this much of the foot's."""
SOLE_CM = 0.8
"""The sole stands so far below the bare foot."""
DEPTH_CM: Final = 4.2
"""From the toe to the heel the floor rises by so much in the picture: the camera looks down a
little.
"""
SHARES: Final = np.array([0, 0.04, 0.1, 0.18, 0.3, 0.4, 0.5, 0.6, 0.72])
RIDGE_CM: Final = np.array([0, 1.9, 3.6, 5.0, 6.9, 8.5, 10.2, 11.8, 13.2])
"""How high in the picture the ridge of a worn shoe is, from the toe on, in shares of its length."""
DIP: Final = 0.24
"""Beside the tongue the opening's edge is lower by this share."""
HEEL_CM, BACK_CM = 11.0, 1.7
"""The heel's edge; and how far it is above the throat at least."""
THROAT, THROAT_SPREAD = 0.58, 0.10
THROATS: Final = (0.42, 0.70)
CONTRAST: Final = 14.0
WALL: Final = 0.7
"""Towards the sides a worn shoe rises evenly, not first steeply as at its toe."""
ROBUST: Final = (85.0, 1.05)
"""A shoe is as wide as this percentile of its widths, and a little more: laces and straps that
stick out do not count.
"""
CORNER_CM, ROUND = 1.3, 5
"""Seen from the front the sole's ends are rounded up by so much."""
OVER: Final = 1.2
"""The mesh is wider than the shoe by this."""
ROOM, MOST_ROOM = 1.14, 1.3
"""A boot's shaft is so much wider than the leg in it; but it is not stretched more than this."""
UNDER: Final = 0.12
COLUMNS, FRONT_ROWS, BACK_ROWS = 41, 18, 7
INSIDE, FRINGE, RIM_CM = 0.012, 0.05, 0.25
"""The mesh begins so far inside the outline, in shares of the length; what is outside is laid on a
rim of that height.
"""


def throat_share(shoe: Shoe, colours: Floats) -> float:
    """Where the foot goes in, in shares of the length from the toe: the middle is of another colour
    from there to the heel.
    """
    rows, columns = np.nonzero(shoe.mask)
    points = np.column_stack([columns, rows]) - shoe.frame.centre
    position = points @ shoe.along
    t = (position.max() - position) / max(float(np.ptp(position)), 1e-6)
    inner = np.abs(points @ shoe.across) < 0.14 * shoe.frame.width
    own = colours[rows, columns]
    best, most = THROAT, 0.0
    for share in np.arange(THROATS[0], THROATS[1] + 1e-6, 0.02):
        before, after = inner & (t > share - 0.2) & (t <= share), inner & (t > share) & (t <= 0.9)
        if not before.any() or not after.any():
            continue
        apart = float(
            np.linalg.norm(np.median(own[before], axis=0) - np.median(own[after], axis=0))
        )
        near = inner & (np.abs(t - share) < 0.04)
        change = (apart + float(own[near].std(0).sum())) * np.exp(
            -0.5 * ((share - THROAT) / (2 * THROAT_SPREAD)) ** 2
        )
        if apart > CONTRAST and change > most:
            best, most = float(share), change
    return best


@dataclass(frozen=True, slots=True)
class _Straight:
    """A shoe from above as if its middle line were straight. `t`: 0 at the toe, 1 at the heel; `u`:
    -1..1 across.
    """

    shoe: Shoe
    toe: float
    length: float
    half: float
    bend: Points
    sign: float

    def at(self, t: Points, u: Points) -> Points:
        """In working pixels."""
        aside = np.polyval(self.bend, t) + u * self.half * self.sign
        return np.asarray(
            self.shoe.frame.centre
            + (self.toe - t * self.length)[..., None] * self.shoe.along
            + aside[..., None] * self.shoe.across
        )

    def toe_edge(self, u: Points, latest: float) -> Points:
        """Where each column of the shoe begins, just inside its outline; later and later to both
        sides.
        """
        t = np.linspace(0, latest, 160)[:, None]
        found = self.at(t + 0 * u[None], u[None] * 0.985 + 0 * t).astype(np.float32)
        there = (
            cv2.remap(
                self.shoe.mask.astype(np.float32), found[..., 0], found[..., 1], cv2.INTER_LINEAR
            )
            > 0.5
        )
        begins = np.where(there.any(0), t[there.argmax(0), 0], latest)
        middle = len(u) // 2
        begins[middle:] = np.maximum.accumulate(begins[middle:])
        begins[middle::-1] = np.maximum.accumulate(begins[middle::-1])
        even = np.convolve(np.pad(begins, 3, "edge"), np.array([1, 2, 3, 4, 3, 2, 1]) / 16, "valid")
        return np.minimum(np.maximum(begins, even) + INSIDE, latest)


def _straightened(shoe: Shoe, *, mirrored: bool) -> _Straight:
    edges = profile(shoe.mask, shoe.frame.centre, shoe.along)
    last, first = float(edges.at[-1]), float(edges.at[0])
    length = (last - first) * len(edges.at) / (len(edges.at) - 1)
    toe = last + 0.5 * length / len(edges.at)
    t = (toe - edges.at) / length
    middle = (edges.low + edges.high) / 2
    known = np.isfinite(middle) & (t > 0.08) & (t < 0.95)
    bend = np.polyfit(t[known], middle[known], 2) if known.sum() > 4 else np.zeros(3)
    away = np.maximum(edges.high - np.polyval(bend, t), np.polyval(bend, t) - edges.low)
    half = max(ROBUST[1] * float(np.nanpercentile(away, ROBUST[0])), 1.0)
    return _Straight(shoe, toe, max(length, 1.0), half, bend, -1.0 if mirrored else 1.0)


def from_above(pictured: Pictured, leg: Leg, *, mirrored: bool) -> list[Placed]:
    """The part behind the leg (the opening and the heel) and the part before it."""
    shoe, share, outline, throat = pictured.shoe, pictured.share, pictured.outline, pictured.throat
    straight = _straightened(shoe, mirrored=mirrored)
    u = np.linspace(-OVER, OVER, COLUMNS)
    start = straight.toe_edge(u, throat - 0.14)
    wide = max(SHOE_CM * leg.cm, AROUND_FOOT * leg.foot_wide) / 2

    def photo(t: Points) -> Points:
        return outline.to_photo(straight.at(t, u + 0 * t))

    def look(height_cm: Points) -> Points:
        y = leg.floor + (SOLE_CM - height_cm) * leg.cm
        return np.stack([_middle(y, leg) + u * wide, y], -1)

    rise = _throat_height(throat, u)
    v = np.concatenate([[0.0], np.linspace(0, 1, FRONT_ROWS)])[:, None]
    t_front = start + v * (throat - start)
    t_front[0] -= FRINGE  # the outline's soft edge, laid on a narrow rim
    base = DEPTH_CM * start + CORNER_CM * np.minimum(np.abs(u), 1) ** ROUND
    ridge = np.interp(v * throat, SHARES, RIDGE_CM) / np.interp(throat, SHARES, RIDGE_CM)
    heights = base + (rise - base) * (ridge + WALL * np.minimum(np.abs(u), 1) ** 2 * (v - ridge))
    heights[0] -= RIM_CM
    front = Placed(_name(leg, "front"), photo(t_front), look(heights), share, mirrored, "before")
    w = np.linspace(-UNDER, 1.06, BACK_ROWS)[:, None]  # it begins under the front
    heel = max(HEEL_CM, float(rise.max()) + BACK_CM)
    t_back = throat + w * (1 - throat) + 0 * u
    back = Placed(
        _name(leg, "back"), photo(t_back), look(rise + w * (heel - rise)), share, mirrored, "behind"
    )
    return [back, front]


def _name(leg: Leg, part: str) -> str:
    return f"{'left' if leg.side < 0 else 'right'} shoe {part}"


def _middle(y: Points, leg: Leg) -> Points:
    """From the middle of the toes up to the leg's middle above the foot."""
    up = np.clip((leg.floor - y) / max(leg.floor - leg.foot_top, 1), 0, 1)
    ankle = float(leg.centre(np.array([leg.foot_top]))[0])
    smooth = up * up * (3 - 2 * up)
    return np.asarray(leg.toes_x + smooth * (ankle - leg.toes_x), np.float64)


def _throat_height(throat: float, u: Points) -> Points:
    """The front edge of the opening in the picture, in cm above the sole: highest in the middle."""
    middle = float(np.interp(throat, SHARES, RIDGE_CM))
    return np.asarray(middle * (1 - DIP * np.minimum(np.abs(u), 1) ** 2), np.float64)


def standing(pictured: Pictured, leg: Leg, *, mirrored: bool) -> list[Placed]:
    """A boot from the front: upright, as wide as the foot needs, its shaft along the leg."""
    shoe, share, outline = pictured.shoe, pictured.share, pictured.outline
    rows, columns = np.nonzero(shoe.mask)
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    scale = max(SHOE_CM * leg.cm, AROUND_FOOT * leg.foot_wide) / (right - left)
    y = np.linspace(top - 2, bottom + 2, 24)[:, None] + np.zeros((1, 5))
    x = np.linspace(left - 2, right + 2, 5)[None] + np.zeros((24, 1))
    rise = leg.floor + SOLE_CM * leg.cm - (bottom - y) * scale
    upper = slice(top, max(top + 1, top + (bottom - top) // 4))
    shaft = max(float(np.median(shoe.mask[upper].sum(1))), 1.0) * scale
    wide = float(np.clip(ROOM * leg.width(float(rise.min())) / shaft, 1, MOST_ROOM))
    aside = (x - (left + right) / 2) * scale * wide * (-1 if mirrored else 1)
    middle = np.where(rise > leg.foot_top, _middle(rise, leg), leg.centre(rise))
    photo, look = outline.to_photo(np.stack([x, y], -1)), np.stack([middle + aside, rise], -1)
    return [Placed(_name(leg, "whole"), photo, look, share, mirrored, "before")]
