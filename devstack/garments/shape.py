"""The cut of a garment that hangs from the shoulders, and its named points.

Lengths in cm, the neck's middle at (0, 0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from devstack.garments.curves import (
    XY,
    Line,
    at,
    beside,
    flipped,
    joined,
    mirrored,
    neckline,
    through,
)

Sign = Literal[-1, 1]
SIDES: tuple[Sign, Sign] = (-1, 1)
ShoulderCut = Literal["full", "straps", "one", "off"]
Pose = Literal["spread", "hanging", "closed", "folded"]
LONG_CM = 32.0
"""Sleeves from this length on have an elbow of their own."""


@dataclass(frozen=True, slots=True)
class Sleeve:
    """`length`: from the armhole's middle to the cuff; angles from straight down, outwards, above
    and below the elbow.
    """

    length: float
    upper_rad: float
    lower_rad: float
    half_cuff: float
    puff: float = 0.0


@dataclass(frozen=True, slots=True)
class UpperCut:
    """Half widths and heights of the right side; both sides are alike but for the sleeves.

    `dip`: the front neckline's.
    """

    neck: float
    tip: tuple[float, float]
    pit: tuple[float, float]
    waist: tuple[float, float]
    hip: tuple[float, float] | None
    hem: tuple[float, float]
    dip: float
    power: float
    back: float
    hem_drop: float
    sleeves: tuple[Sleeve, Sleeve] | None
    pose: Pose = "spread"
    shoulders: ShoulderCut = "full"
    inset: float = 0.9


NamedPoints = Mapping[str, XY]


def points_of(shape: UpperCut, side: Sign) -> dict[str, XY]:
    """The named points of one side; a garment without sleeves has its elbow and cuff in the
    armhole.
    """
    s = np.array([side, 1.0])
    tip, pit = np.array(shape.tip) * s, np.array(shape.pit) * s
    points = {"neck": np.array([side * shape.neck, 0.0]), "tip": tip, "pit": pit}
    points |= {"waist": np.array(shape.waist) * s, "hem": np.array(shape.hem) * s}
    middle = (tip + pit) / 2
    if shape.sleeves is None:
        return points | {
            "elbow": middle,
            "elbow_outer": tip,
            "elbow_inner": pit,
            "cuff": middle,
            "cuff_outer": tip,
            "cuff_inner": pit,
        }
    sleeve = shape.sleeves[0 if side < 0 else 1]
    upper, lower = (
        np.array([side * np.sin(a), np.cos(a)]) for a in (sleeve.upper_rad, sleeve.lower_rad)
    )
    elbow = middle + upper * sleeve.length * 0.5
    cuff = elbow + lower * sleeve.length * 0.5
    bend = (upper + lower) / np.linalg.norm(upper + lower)
    half = float(np.linalg.norm(tip - pit)) / 2 * 0.42 + sleeve.half_cuff * 0.50 + sleeve.puff * 0.5
    across_elbow = np.array([bend[1] * side, -bend[0] * side]) * half
    across = np.array([lower[1] * side, -lower[0] * side]) * sleeve.half_cuff
    points |= {
        "elbow": elbow,
        "elbow_outer": elbow + across_elbow,
        "elbow_inner": elbow - across_elbow,
    }
    points |= {"cuff": cuff, "cuff_outer": cuff + across, "cuff_inner": cuff - across}
    if sleeve.length < LONG_CM:
        outer, inner = _short_edges(points, side, sleeve.puff)
        points["elbow_outer"], points["elbow_inner"] = at(outer, 0.5), at(inner, 0.5)
        points["elbow"] = (points["elbow_outer"] + points["elbow_inner"]) / 2
    return points


def _short_edges(points: NamedPoints, side: Sign, puff: float) -> tuple[Line, Line]:
    tip, cuff = points["tip"], points["cuff_outer"]
    along = (cuff - tip) / np.linalg.norm(cuff - tip)
    out = np.array([along[1], -along[0]]) * side
    outer = through(tip, tip + 0.45 * (cuff - tip) + out * (0.7 + puff), cuff - out * 0.1 * puff)
    inner = through(
        points["pit"],
        (points["pit"] + points["cuff_inner"]) / 2 - 0.35 * out * (1 + puff),
        points["cuff_inner"],
    )
    return outer, inner


def sleeve_edges(shape: UpperCut, points: NamedPoints, side: Sign) -> tuple[Line, Line]:
    """The outer edge from the tip to the cuff and the inner one from the pit to the cuff."""
    assert shape.sleeves is not None
    sleeve = shape.sleeves[0 if side < 0 else 1]
    if sleeve.length < LONG_CM:
        return _short_edges(points, side, sleeve.puff)
    tip, elbow, cuff = points["tip"], points["elbow_outer"], points["cuff_outer"]
    out = np.array([(elbow - tip)[1], -(elbow - tip)[0]]) / np.linalg.norm(elbow - tip) * side
    cap = tip + 0.42 * (elbow - tip) + out * (1.0 + sleeve.puff)
    below = (elbow + cuff) / 2 + out * (0.1 + 1.2 * sleeve.puff)
    outer = through(tip, cap, elbow, below, cuff)
    inner = through(
        points["pit"],
        (points["pit"] + points["elbow_inner"]) / 2,
        points["elbow_inner"],
        (points["elbow_inner"] + points["cuff_inner"]) / 2 - out * (0.5 + 1.2 * sleeve.puff),
        points["cuff_inner"],
    )
    return outer, inner


def armhole(shape: UpperCut, side: Sign) -> Line:
    """From the tip to the pit; cut in by `inset` cm."""
    (tx, ty), (px, py) = shape.tip, shape.pit
    inset, high = shape.inset, py - ty
    line = through(
        shape.tip,
        (tx - 0.75 * inset, ty + 0.38 * high),
        (px - 0.62 * abs(px - tx) - 1.15 * inset, ty + 0.76 * high),
        (px - 0.22 * abs(px - tx) - 0.35 * inset, ty + 0.945 * high),
        shape.pit,
    )
    return flipped(line, side)


def flank(shape: UpperCut, side: Sign) -> Line:
    """From the pit down to the hem."""
    knots = [shape.pit, shape.waist, *([shape.hip] if shape.hip else []), shape.hem]
    return flipped(through(*knots), side)


def shoulder(shape: UpperCut, side: Sign) -> Line:
    """From the neck to the tip, very slightly hollow, rounded off at its end."""
    (tx, ty), neck = shape.tip, (shape.neck, 0.0)
    middle = ((neck[0] + tx) / 2, ty * 0.47)
    return flipped(through(neck, middle, (tx - 1.2, ty - 0.42), (tx, ty)), side)


def hem_line(shape: UpperCut) -> Line:
    """From the right hem corner to the left one."""
    x, y = shape.hem
    low = y + shape.hem_drop
    right = through(
        (x, y),
        (0.94 * x, y + 0.16 * shape.hem_drop),
        (0.62 * x, y + 0.72 * shape.hem_drop),
        (0.0, low),
    )
    return joined(right[:-1], mirrored(right))


def front_neck(shape: UpperCut) -> Line:
    """From the left neck point through the dip to the right one."""
    return neckline(shape.neck, shape.dip, shape.power)


def trunk(shape: UpperCut, top: Line) -> Line:
    """The trunk's outline, clockwise from the left neck point; `top`: its neckline."""
    right = joined(shoulder(shape, 1), armhole(shape, 1)[1:], flank(shape, 1)[1:])
    return joined(top, right[1:], hem_line(shape)[1:-1], mirrored(right))


def back_neck(shape: UpperCut, lift: float = 0.0) -> Line:
    """The back's neckline from left to right, seen through the front's."""
    return through(
        (-shape.neck - 0.25, 0.1),
        (-0.55 * shape.neck, shape.back * 0.8 - lift),
        (0, shape.back - lift),
        (0.55 * shape.neck, shape.back * 0.8 - lift),
        (shape.neck + 0.25, 0.1),
    )


def behind_neck(shape: UpperCut, lift: float = 0.0) -> Line:
    """The inside of the back, as a closed line that runs on beneath the front."""
    return joined(back_neck(shape, lift), beside(front_neck(shape), -1.2)[::-1])
