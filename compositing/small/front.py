"""Boots that were photographed from the front: upright, along the leg."""

from typing import Final

import numpy as np

from compositing.small.legs import Leg
from compositing.small.placed import Placed, Points
from compositing.small.shape import unlike_a_shoe
from compositing.small.views import Pictured

SHOE_CM, AROUND_FOOT = 10.4, 1.10
"""A boot's width, and at least this much of the foot's."""
SOLE_CM = 0.8
"""The sole stands so far below the bare foot."""
ROOM, MOST_ROOM = 1.14, 1.3
"""A boot's shaft is so much wider than the leg in it; but it is not stretched more than this."""
ROWS, COLUMNS, RIM_PX = 24, 5, 2.0
UPPER: Final = 4
"""The upper part of this many is shaft."""


def standing(pictured: Pictured, leg: Leg, *, mirrored: bool) -> list[Placed]:
    """A boot from the front: upright, as wide as the foot needs, its shaft along the leg."""
    shoe, share, outline = pictured.shoe, pictured.share, pictured.outline
    rows, columns = np.nonzero(shoe.mask)
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    scale = max(SHOE_CM * leg.cm, AROUND_FOOT * leg.foot_wide) / (right - left)
    y = np.linspace(top - RIM_PX, bottom + RIM_PX, ROWS)[:, None] + np.zeros((1, COLUMNS))
    x = np.linspace(left - RIM_PX, right + RIM_PX, COLUMNS)[None] + np.zeros((ROWS, 1))
    rise = leg.floor + SOLE_CM * leg.cm - (bottom - y) * scale
    upper = slice(top, max(top + 1, top + (bottom - top) // UPPER))
    shaft = max(float(np.median(shoe.mask[upper].sum(1))), 1.0) * scale
    wide = float(np.clip(ROOM * leg.width(float(rise.min())) / shaft, 1, MOST_ROOM))
    aside = (x - (left + right) / 2) * scale * wide * (-1 if mirrored else 1)
    middle = np.where(rise > leg.foot_top, _middle(rise, leg), leg.centre(rise))
    photo, look = outline.to_photo(np.stack([x, y], -1)), np.stack([middle + aside, rise], -1)
    name = f"{'left' if leg.side < 0 else 'right'} shoe whole"
    return [Placed(name, photo, look, share, mirrored, "before", unlike_a_shoe(shoe.mask))]


def _middle(y: Points, leg: Leg) -> Points:
    """From the middle of the toes up to the leg's middle above the foot."""
    up = np.clip((leg.floor - y) / max(leg.floor - leg.foot_top, 1), 0, 1)
    ankle = float(leg.centre(np.array([leg.foot_top]))[0])
    smooth = up * up * (3 - 2 * up)
    return np.asarray(leg.toes_x + smooth * (ankle - leg.toes_x), np.float64)
