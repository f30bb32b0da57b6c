"""The parts of a garment as polygons, in the cut-out's pixels: for measures and tests."""

import numpy as np

from compositing.template.model import Legs, LegsSide, Skirt, Suit, Template, Upper, UpperSide
from compositing.template.silhouette import Array


def parts(template: Template) -> dict[str, Array]:
    """By name: trunk, sleeve_left, sleeve_right; hips, leg_left, leg_right; skirt. Each (n, 2)."""
    if isinstance(template, Suit):
        return _upper(template.upper) | _legs(template.legs)
    if isinstance(template, Upper):
        return _upper(template)
    if isinstance(template, Legs):
        return _legs(template)
    return {"skirt": _skirt(template)}


def _upper(upper: Upper) -> dict[str, Array]:
    left, right = upper.left, upper.right
    down = [_down(left), _down(right)]
    found = {"trunk": np.array([*down[0], *reversed(down[1]), upper.dip])}
    for name, side in (("sleeve_left", left), ("sleeve_right", right)):
        if side.sleeved:
            outer = [side.tip, side.elbow_outer, side.cuff_outer]
            found[name] = np.array([*outer, side.cuff_inner, side.elbow_inner, side.pit])
    return found


def _down(side: UpperSide) -> list[Array]:
    return [side.neck, side.tip, side.pit, side.waist, side.hem]


def _legs(legs: Legs) -> dict[str, Array]:
    left, right = legs.left, legs.right
    hips = [
        left.waist,
        left.hip,
        left.top_outer,
        left.crotch,
        right.top_outer,
        right.hip,
        right.waist,
    ]
    return {"hips": np.array(hips), "leg_left": _leg(left), "leg_right": _leg(right)}


def _leg(side: LegsSide) -> Array:
    outer = [side.top_outer, side.knee_outer, side.hem_outer]
    return np.array([*outer, side.hem_inner, side.knee_inner, side.crotch])


def _skirt(skirt: Skirt) -> Array:
    left, right = skirt.left, skirt.right
    return np.array([left.waist, left.hip, left.hem, skirt.hem, right.hem, right.hip, right.waist])
