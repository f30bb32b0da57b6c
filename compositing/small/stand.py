"""A shoe stood on the floor in its foot's place, as the photo shows it: one affinity, nothing bent,
and the leg in its opening.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.small.legs import Leg
from compositing.small.placed import Placed, Points
from compositing.small.shape import unlike_a_shoe
from compositing.small.views import Pictured, View, profile

WIDE, LONG, SIDE_LONG = 1.14, 2.0, 2.7
"""A shoe's width over the foot's; its length over its own width where its toe points at the viewer,
at most; its length over the foot's width where it is seen from the side.
"""
ROBUST: Final = (90.0, 1.04)
"""A shoe is as wide as this percentile of its widths, and a little more: laces do not count."""
AHEAD_DEG, ASIDE_DEG, AWAY_DEG, OUT_DEG = 24.0, 62.0, 120.0, 7.0
"""Toes that point aside by less than the first, or away from the viewer by more than the third, are
turned to point ahead, out by the last; those that point aside by more than the second stay as they
are; between the first two is between.
"""
BELOW, SIDE_BELOW = 0.5, 0.16
"""How far a shoe reaches below the bare foot, in widths of the foot, seen from ahead and from the
side: what points at the viewer is nearer.
"""
OPENING, SIDE_OPENING, HEEL_HALF = 0.42, 0.30, 0.55
"""The leg goes in where the shoe is high: in the middle of so much of its height; from above in the
half of the heel.
"""
REACH: Final = 0.62
"""The edge at which the leg goes in is looked for so far to both sides, in leg's widths."""
DEPTHS: Final = np.linspace(0.03, 0.62, 38)
SLOPES: Final = (-0.5, -0.25, 0.0, 0.25, 0.5)
BOWS: Final = (0.15, 0.35, 0.6)
"""Edges that are tried: how far below the shoe's upper end, how steep, and how bowed."""
DEPTH, SIDE_DEPTH, SPREAD = 0.42, 0.10, 0.10
"""Where the edge is expected, in shares of the shoe's height, and how surely."""
CLEAR, ACROSS_PX = 20.0, 3.0
"""Colours that differ so much (L*a*b*) so far apart show an edge."""
DEPTH_COST, SLOPE_COST = 0.3, 0.4
SOFT_PX, POINTS = 1.2, 15


@dataclass(frozen=True, slots=True)
class Footing:
    """How a shoe stands in the look. `matrix` (2, 3): working pixels -> the look's; `aside`: 0
    where its toe points at the viewer, 1 where it is seen from the side.
    """

    matrix: Points
    aside: float

    def at(self, points: Points) -> Points:
        """In the look."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])


def stand(pictured: Pictured, leg: Leg, *, mirrored: bool) -> list[Placed]:
    """What lies behind the leg (the opening's inside and the heel) and what lies before it."""
    shoe, share, outline = pictured.shoe, pictured.share, pictured.outline
    stance = _stance(pictured, leg, mirrored=mirrored)
    edge = _edge(pictured, leg, stance)
    height, width = shoe.mask.shape
    corners = np.stack(np.meshgrid([-1.0, float(width)], [-1.0, float(height)]), -1)
    photo, look = outline.to_photo(corners), stance.at(corners)
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float64)
    there = stance.at(pixels)
    below = there[..., 1] - np.interp(there[..., 0], edge[:, 0], edge[:, 1])
    front = outline.share(np.clip(below / SOFT_PX + 0.5, 0, 1).astype(np.float32))
    name, unlike = "left" if leg.side < 0 else "right", unlike_a_shoe(shoe.mask)
    return [
        Placed(f"{name} shoe back", photo, look, share, mirrored, "behind", unlike),
        Placed(f"{name} shoe front", photo, look, share * front, mirrored, "before", unlike),
    ]


def _stance(pictured: Pictured, leg: Leg, *, mirrored: bool) -> Footing:
    points = _points(pictured)
    turn, aside = _turn(pictured, leg, mirrored=mirrored)
    put = points @ turn.T
    floor = leg.floor + _between(BELOW, SIDE_BELOW, aside) * leg.foot_wide
    top, bottom = float(put[:, 1].min()), float(np.percentile(put[:, 1], 99.8))
    is_high = put[:, 1] < top + _between(OPENING, SIDE_OPENING, aside) * (bottom - top)
    if pictured.shoe.view is not View.SIDE:
        reach = points @ pictured.shoe.along
        is_high &= reach < reach.min() + HEEL_HALF * float(np.ptp(reach))
    high = put[is_high, 0] if is_high.any() else put[:, 0]
    opening = float(np.percentile(high, 2) + np.percentile(high, 98)) / 2
    return Footing(np.column_stack([turn, [_leg_x(leg) - opening, floor - bottom]]), aside)


def _turn(pictured: Pictured, leg: Leg, *, mirrored: bool) -> tuple[Points, float]:
    """The linear part of a stance (2, 2), and how far the shoe is seen from the side."""
    shoe, points = pictured.shoe, _points(pictured)
    flip = -1.0 if mirrored else 1.0
    if shoe.view is View.SIDE:
        wide, tall = (float(np.ptp(points[:, axis])) + 1 for axis in (0, 1))
        own = max(wide, shoe.frame.length) if tall < wide else wide  # a boot's axis is its shaft's
        scale = SIDE_LONG * leg.foot_wide / own
        return np.diag([flip * scale, scale]), 1.0
    seen = float(np.degrees(np.arctan2(shoe.along[0] * flip * leg.side, shoe.along[1])))
    aside = float(np.clip((abs(seen) - AHEAD_DEG) / (ASIDE_DEG - AHEAD_DEG), 0, 1))
    aside = aside if abs(seen) < AWAY_DEG else 0.0
    edges = profile(shoe.mask, shoe.frame.centre, shoe.along)
    width = ROBUST[1] * float(np.nanpercentile(edges.width, ROBUST[0])) + 1
    length = float(np.ptp(points @ shoe.along)) + 1
    wide = WIDE * leg.foot_wide
    long = _between(min(length / width, LONG) * wide, SIDE_LONG * leg.foot_wide, aside)
    thick = _between(wide / width, long / length, aside)
    to = np.radians(_between(OUT_DEG, seen, aside))
    toe = np.array([np.sin(to) * leg.side, np.cos(to)])
    left = np.array([toe[1], -toe[0]]) * flip
    return np.outer(toe, shoe.along) * long / length + np.outer(left, shoe.across) * thick, aside


def _edge(pictured: Pictured, leg: Leg, stance: Footing) -> Points:
    """The line (n, 2) of the look, left to right, at which the leg disappears in the shoe: where
    colours part best, near the place where that is expected.
    """
    middle, half = _leg_x(leg), REACH * max(leg.width(leg.foot_top - 20), 1.0)
    put = stance.at(_points(pictured))
    u = np.linspace(-1, 1, POINTS)
    x = middle + half * u
    near = put[np.abs(put[:, 0] - middle) < half, 1]
    top = float(np.percentile(near if len(near) else put[:, 1], 0.5))
    base = (1 - stance.aside) * top + stance.aside * _upper_edge(put, x)
    tall = float(put[:, 1].max()) - top
    expected = _between(DEPTH, SIDE_DEPTH, stance.aside)
    best, most = base + expected * tall, -np.inf
    for slope in SLOPES:
        for bow in BOWS:
            shape = half * (slope * u + bow * (np.sqrt(1 - 0.9 * u**2) - 1))
            lines = base + DEPTHS[:, None] * tall + shape[None]
            clear = np.tanh(_parting(pictured, stance, x, lines) / CLEAR)
            worth = clear - DEPTH_COST * ((DEPTHS - expected) / SPREAD) ** 2
            index = int(np.argmax(worth))
            if worth[index] - SLOPE_COST * abs(slope) > most:
                best, most = lines[index], float(worth[index]) - SLOPE_COST * abs(slope)
    return np.column_stack([x, best])


def _upper_edge(put: Points, x: Points) -> Points:
    """The shoe's highest row at columns of the look, smooth."""
    at = np.floor((put[:, 0] - x[0]) / (x[1] - x[0]) + 0.5).astype(int)
    inside = (at >= 0) & (at < len(x))
    top = np.full(len(x), np.inf)
    np.minimum.at(top, at[inside], put[inside, 1])
    known = np.isfinite(top)
    if known.sum() < 3:
        return np.full(len(x), float(put[:, 1].min()))
    away = x - x.mean()
    return np.asarray(np.polyval(np.polyfit(away[known], top[known], 2), away))


def _parting(pictured: Pictured, stance: Footing, x: Points, lines: Points) -> Points:
    """How much colours differ across each line of the look (lines, points), in L*a*b*."""
    back = np.linalg.inv(np.vstack([stance.matrix, [0, 0, 1]]))[:2]
    sides = []
    for away in (-ACROSS_PX, ACROSS_PX):
        at = np.stack([np.broadcast_to(x, lines.shape), lines + away], -1)
        spot = (at @ back[:, :2].T + back[:, 2]).astype(np.float32)
        seen = cv2.remap(
            pictured.colours,
            spot[..., 0],
            spot[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        sides.append(seen)
    return np.asarray(np.linalg.norm((sides[0] - sides[1]).mean(1), axis=-1), np.float64)


def _points(pictured: Pictured) -> Points:
    """The shoe's pixels (n, 2)."""
    rows, columns = np.nonzero(pictured.shoe.mask)
    return np.column_stack([columns, rows]).astype(np.float64)


def _leg_x(leg: Leg) -> float:
    """The leg's middle right above the foot."""
    return float(leg.centre(np.array([leg.foot_top]))[0])


def _between(ahead: float, aside: float, share: float) -> float:
    return (1 - share) * ahead + share * aside
