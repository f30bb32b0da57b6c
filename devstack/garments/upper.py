"""Tops, shirts, jackets and the upper half of dresses: panels from a cut and its trimmings, back
to front.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Colour, Fabric
from devstack.garments.curves import (
    Line,
    at,
    beside,
    bowed,
    evenly,
    joined,
    mirrored,
    neckline,
    straight,
    through,
    waved,
)
from devstack.garments.panel import Fade, Panel
from devstack.garments.pieces import band, label, pressed, stitched
from devstack.garments.shape import (
    SIDES,
    Sign,
    UpperCut,
    armhole,
    back_neck,
    behind_neck,
    flank,
    front_neck,
    hem_line,
    points_of,
    shoulder,
    sleeve_edges,
    trunk,
)

NeckCut = Literal["crew", "bound", "turtle", "polo", "shirt", "hood", "lapel", "stand", "open"]
Front = Literal["plain", "buttons", "placket", "zip"]
Pocket = Literal["none", "chest", "kangaroo", "flap", "welt"]
EdgeFinish = Literal["hem", "rib", "cuff", "tailored"]


@dataclass(frozen=True, slots=True)
class Trim:
    """What is sewn on a cut.

    `ends`: of sleeves and hem; `second`: the cloth of collar, ribs and cuffs.
    """

    cloth: Fabric
    second: Fabric
    neck: NeckCut = "crew"
    front: Front = "plain"
    pocket: Pocket = "none"
    ends: EdgeFinish = "hem"
    button: Colour = (232, 228, 218)
    depth: float = 1.0
    label: bool = True
    band_cm: float = 1.9
    waist_seam: bool = False


def back_panels(shape: UpperCut, trim: Trim) -> list[Panel]:
    """The inside of the back, its neck band, and the label."""
    inside = trim.cloth.ungraphic()
    shade = Fade((0.0, shape.dip * 0.9), (shape.neck * 1.1, shape.dip * 0.62), 0.62)
    lift = trim.band_cm * 0.55 if trim.neck in ("crew", "turtle") else 0.2
    panels = [Panel(behind_neck(shape, lift), inside, patches=(shade,), shade=0.74, crumple=0.4)]
    back = back_neck(shape, lift)
    if trim.neck in ("crew", "bound"):
        low = beside(back, -trim.band_cm)
        panels.append(
            band(
                back,
                low,
                trim.second.plain(),
                ribs_cm=0.30 if trim.neck == "crew" else 0,
                shade=0.72,
            )
        )
    if trim.label and shape.dip - shape.back > 4.5:
        panels += label(
            (0.0, shape.back - lift + (trim.band_cm if trim.neck == "crew" else 0.3) + 0.2),
            min(3.6, shape.neck * 0.42),
        )
    return panels


def front_panels(shape: UpperCut, trim: Trim, rng: np.random.Generator) -> list[Panel]:
    """The trunk's front with its folds, hem and armhole seams."""
    points = {side: points_of(shape, side) for side in SIDES}
    hem = hem_line(shape)[::-1]
    folds = creases.drape(rng, hem, shape.pit[1] + 4, trim.depth, int(rng.integers(4, 8)))
    for side in SIDES:
        if shape.shoulders == "full":
            folds += creases.chest(rng, points[side], side, trim.depth)
        folds += creases.below_arm(
            rng, points[side], side, trim.depth * (1.0 if shape.sleeves else 0.5)
        )
        folds += creases.waist(rng, points[side], side, trim.depth)
    seams = []
    if trim.ends == "hem":
        seams.append(
            stitched(beside(hem, 2.2), beside(hem, 1.85), colour=trim.cloth.colour, pucker=0.05)
        )
    if shape.sleeves:
        seams += [
            pressed(beside(armhole(shape, side), 0.28 * side), depth=0.03, pucker=0.03)
            for side in SIDES
        ]
    elif shape.shoulders == "full":
        edges = [beside(armhole(shape, side), d * side) for side in SIDES for d in (0.9,)]
        seams.append(stitched(*edges, colour=trim.cloth.colour, pucker=0.04))
    whole = Panel(trunk(shape, front_neck(shape)), trim.cloth, tuple(folds), tuple(seams))
    return (
        [half_front(shape, whole, side) for side in SIDES[::-1]]
        if trim.neck == "lapel"
        else [whole]
    )


def half_front(shape: UpperCut, whole: Panel, side: Sign) -> Panel:
    """One half of a front that is worn open: it reaches over the middle, its lower corner is
    rounded off.
    """
    neck, hem = front_neck(shape), hem_line(shape)
    low, over = shape.hem[1] + shape.hem_drop, 1.9
    edge = through(
        (0.0, shape.dip),
        (over, shape.dip + 1.8),
        (over, 0.5 * (shape.dip + low)),
        (over, low - 9),
        (over - 1.2, low - 3.4),
        (over - 5.5, low - 0.3),
    )
    outer = mirrored(joined(shoulder(shape, 1), armhole(shape, 1)[1:], flank(shape, 1)[1:]))
    left = joined(neck[: len(neck) // 2], edge, hem[hem[:, 0] < over - 7][:-1], outer[:-1])
    outline = left if side < 0 else mirrored(left)
    rows = stitched(
        beside(edge, 0.5) if side < 0 else mirrored(beside(edge, 0.5)),
        colour=whole.cloth.colour,
        pucker=0.0,
    )
    return replace(whole, outline=outline, seams=(*whole.seams, rows), thick=0.7)


def neck_band(shape: UpperCut, trim: Trim) -> list[Panel]:
    """The ribbed or bound edge round the front neckline."""
    inner = front_neck(shape)
    outer = neckline(
        shape.neck + 0.92 * trim.band_cm, shape.dip + trim.band_cm - 0.6, shape.power
    ) + np.array([0, 0.6])
    ribs = 0.30 if trim.neck == "crew" else 0.0
    panel = band(inner, outer, trim.second.plain(), ribs_cm=ribs)
    rows = stitched(beside(inner, -trim.band_cm - 0.35), colour=trim.cloth.colour, pucker=0.02)
    below = Panel(
        joined(outer, beside(inner, -trim.band_cm - 0.9)[::-1]),
        trim.cloth,
        seams=(rows,),
        cast=0,
        thick=0.05,
    )
    return [panel] if trim.cloth.tile is not None or trim.neck == "bound" else [below, panel][1:]


def sleeve_panels(shape: UpperCut, trim: Trim, side: Sign, rng: np.random.Generator) -> list[Panel]:
    """A sleeve and its cuff.

    Sleeves that are spread reach on beneath the trunk; others lie on it.
    """
    if shape.sleeves is None:
        return []
    sleeve, points = shape.sleeves[0 if side < 0 else 1], points_of(shape, side)
    outer, inner = sleeve_edges(shape, points, side)
    beneath = shape.pose in ("spread", "hanging")
    hole = armhole(shape, side)
    hole = beside(hole, -1.3 * side) if beneath else hole
    long = sleeve.length > 30
    cuff = _across(outer, inner, 1.0, 0.7 if long else 0.9)
    outline = joined(outer, cuff[1:-1], inner[::-1], hole[::-1][1 if not beneath else 0 : -1])
    depth = trim.depth
    folds = (
        creases.sleeve(rng, points, side, depth)
        if long
        else creases.short_sleeve(rng, points, depth)
    )
    seams = []
    hem_cm = 2.0 / max(8.0, sleeve.length)
    if trim.ends == "hem" or (not long and trim.ends != "tailored"):
        lines = [_across(outer, inner, 1 - k * hem_cm, 0.9) for k in (1.0, 0.82)]
        seams.append(stitched(*lines, colour=trim.cloth.colour, pucker=0.04))
    turn = -side * (sleeve.upper_rad + sleeve.lower_rad) / 2
    pivot = (float(points["elbow"][0]), float(points["elbow"][1]))
    panels = [
        Panel(
            outline,
            trim.cloth.ungraphic(),
            folds=tuple(folds),
            seams=tuple(seams),
            turn_rad=turn,
            pivot=pivot,
        )
    ]
    if long and trim.ends in ("rib", "cuff"):
        panels.append(_cuff(outer, inner, trim, 6.0 / sleeve.length))
    return panels


def _across(outer: Line, inner: Line, share: float, bow: float) -> Line:
    """From the outer to the inner edge at this share of the sleeve, bowed towards the hand."""
    a, b = at(outer, share), at(inner, share)
    down, over = outer[-1] - outer[0], inner[-1] - outer[-1]
    side = 1.0 if down[0] * over[1] - down[1] * over[0] > 0 else -1.0
    return bowed(a, b, -bow * side)


def _cuff(outer: Line, inner: Line, trim: Trim, share: float) -> Panel:
    top, foot = _across(outer, inner, 1 - share, 0.7), _across(outer, inner, 1.0, 0.7)
    top = np.asarray(top.mean(0) + (top - top.mean(0)) * 1.02)
    if trim.ends == "rib":
        return band(top, foot, trim.second.plain(), ribs_cm=0.42)
    panel = band(top, foot, trim.second.ungraphic())
    rows = [np.asarray(top + (foot - top) * k) for k in (0.12, 0.9)]
    return Panel(
        panel.outline,
        panel.cloth,
        seams=(stitched(*rows, colour=trim.cloth.colour),),
        crumple=0.5,
        thick=1.1,
    )


def rib_hem(shape: UpperCut, trim: Trim, high_cm: float = 6.0) -> Panel:
    """The ribbed band round the hem."""
    foot = hem_line(shape)[::-1]
    top = np.array([0, -high_cm]) + foot * [1.015, 1.0]
    return band(top, foot, trim.second.plain(), ribs_cm=0.45)


def centre(shape: UpperCut, top_y: float, bottom_y: float | None = None) -> Line:
    """The line down the middle of the front."""
    low = shape.hem[1] + shape.hem_drop if bottom_y is None else bottom_y
    return straight((0.0, top_y), (0.0, low), 40)


def soft_line(line: Line, rng: np.random.Generator, by_cm: float = 0.15) -> Line:
    """A line with the small waves of cloth that has been worn."""
    dense = evenly(line, 80)
    return waved(waved(dense, 2.2, by_cm, rng.uniform(0, 6)), 5.3, 0.4 * by_cm, rng.uniform(0, 6))
