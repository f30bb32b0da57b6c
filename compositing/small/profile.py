"""Shoes that were photographed from the side: turned outwards, as on feet that are turned out."""

import numpy as np

from compositing.arrays import Mask
from compositing.small.legs import Leg
from compositing.small.placed import Placed, Points
from compositing.small.views import Pictured

LENGTH_CM = 28.0
TURNED_HEEL, TURNED_TOE = 0.74, 0.56
"""How much of its length is seen of the heel's and the toe's half of a shoe that is turned out."""
ROOM = 1.16
"""The opening is at least this much wider than the leg in it."""
SOLE_CM, TOE_CM = 0.5, 0.9
"""How far below the bare foot the sole stands at the heel and at the toe."""
MAX_TILT = 0.3
COLUMNS, ROWS = 17, 22
SHAFT = 0.62
"""A boot's shaft is higher than this share of its length."""


def outwards(pictured: Pictured, leg: Leg, *, mirrored: bool) -> list[Placed]:
    """One piece, before the leg. The opening lies round the leg's middle; the toe points away from
    the other foot.
    """
    shoe, share, outline = pictured.shoe, pictured.share, pictured.outline
    to = 1 if shoe.along[0] > 0 else -1
    origin, slope, length, height = _level(shoe.mask, to)
    opening = _opening(shoe.mask, to, origin, slope, length)
    x = np.unique(np.concatenate([np.linspace(-0.03, 1.03, COLUMNS), opening]))[None]
    y = np.linspace(-0.04, height + 0.03, ROWS)[:, None]
    along, up = (
        np.array([np.cos(slope), np.sin(slope)]) * [to, to],
        np.array([np.sin(slope), -np.cos(slope)]),
    )
    photo = outline.to_photo(origin + length * (x[..., None] * along + y[..., None] * up))
    unit = LENGTH_CM * leg.cm
    rise = leg.floor + (SOLE_CM + (TOE_CM - SOLE_CM) * x) * leg.cm - y * unit
    inside = (
        leg.width(float(leg.floor - height * unit))
        * ROOM
        / max((opening[1] - opening[0]) * unit, 1)
    )
    heel = max(TURNED_HEEL, min(inside, 1.25))
    far = heel * np.minimum(x, opening[1]) + TURNED_TOE * np.maximum(x - opening[1], 0)
    aside = (far - heel * (opening[0] + opening[1]) / 2) * unit
    look = np.stack([leg.centre(rise) + leg.side * aside, rise], -1)
    name = f"{'left' if leg.side < 0 else 'right'} shoe whole"
    return [Placed(name, photo, look, share, mirrored, "before")]


def _level(mask: Mask, to: int) -> tuple[Points, float, float, float]:
    """The sole's heel end, the sole's slope in the picture, the length in pixels and the height in
    lengths.
    """
    columns = np.nonzero(mask.any(0))[0]
    bottom = len(mask) - 1 - mask[::-1].argmax(0)[columns]
    inner = slice(len(columns) // 10, -len(columns) // 10 or None)
    slope = float(np.polyfit(columns[inner], bottom[inner], 1)[0]) if len(columns) > 12 else 0.0
    slope = slope if abs(slope) < MAX_TILT else 0.0
    rows, cols = np.nonzero(mask)
    points = np.column_stack([cols, rows]).astype(np.float64)
    angle = float(np.arctan(slope))
    level, down = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    reach, depth = points @ level, points @ down
    heel = float(reach.min() if to > 0 else reach.max())
    origin = heel * level + float(np.percentile(depth, 99.8) + 0.5) * down
    length = max(float(np.ptp(reach)), 1.0)
    return origin, angle, length, float(np.ptp(depth)) / length


def _opening(mask: Mask, to: int, origin: Points, slope: float, length: float) -> Points:
    """Where the opening begins and ends, in lengths from the heel: where the shoe is high, or its
    shaft.
    """
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]) - origin
    x = np.clip(points @ np.array([np.cos(slope), np.sin(slope)]) * to / length, 0, 1)
    y = points @ np.array([np.sin(slope), -np.cos(slope)]) / length
    top = np.full(50, 0.0)
    np.maximum.at(top, np.minimum((x * 50).astype(int), 49), y)
    high = np.nonzero(top > (0.75 if top.max() > SHAFT else 0.78) * top.max())[0]
    first, last = float(high[0]) / 50, float(high[-1] + 1) / 50
    return np.array([min(first, 0.3), float(np.clip(last, 0.3, 0.7))])
