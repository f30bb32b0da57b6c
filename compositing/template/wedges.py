"""Where background may be shut in: between a sleeve and the body, and between two legs."""

import numpy as np
from numpy.typing import NDArray

from compositing.template.model import Legs, LegsSide, Suit, Template, Upper, UpperSide

Polygon = NDArray[np.float64]
SPREAD = 0.35
"""How far a wedge reaches into cloth on both sides, in shares of a cuff's width."""
BELOW_HIPS = 0.25


def wedges(template: Template) -> list[Polygon]:
    """As polygons in the template's px."""
    match template:
        case Suit():
            return [*wedges(template.upper), *wedges(template.legs)]
        case Upper():
            sides = (template.left, template.right)
            return [_under_arm(side) for side in sides if side.sleeved]
        case Legs():
            return [_between(template.left, template.right)]
    return []


def pockets_from(template: Template) -> float:
    """From which share of the garment's height on background may fill a gap in it: not at a waist,
    whose parts may have any colour.
    """
    match template:
        case Suit() | Upper():
            return 0.0
        case Legs():
            return BELOW_HIPS
    return 1.0


def _under_arm(side: UpperSide) -> Polygon:
    reach = SPREAD * (side.cuff_outer - side.cuff_inner)
    return np.array(
        [
            side.pit,
            side.elbow_inner + reach,
            side.cuff_inner + reach,
            side.cuff_inner + 0.2 * (side.cuff_inner - side.elbow_inner),
            side.hem - reach,
            side.waist - reach,
        ]
    )


def _between(left: LegsSide, right: LegsSide) -> Polygon:
    wide = 0.25 * (right.hem_outer - right.hem_inner)
    return np.array(
        [
            left.crotch,
            right.knee_inner + wide,
            right.hem_inner + wide,
            left.hem_inner - wide,
            left.knee_inner - wide,
        ]
    )
