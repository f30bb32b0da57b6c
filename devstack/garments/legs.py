"""Trousers, jeans, shorts, leggings: panels from a cut.

Lengths in cm, the waist's middle at (0, 0).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Colour, Fabric
from devstack.garments.curves import (
    XY,
    Line,
    at,
    beside,
    bowed,
    flipped,
    joined,
    shifted,
    straight,
    through,
)
from devstack.garments.panel import Fade, Panel, Seam
from devstack.garments.pieces import button, cord, label, loop, patch_pocket, pressed, stitched
from devstack.garments.shape import SIDES, Sign

LegStyle = Literal["jeans", "chino", "dress", "jogger", "legging"]


@dataclass(frozen=True, slots=True)
class LegsCut:
    """Half widths of the flat garment; `rise`: down to the crotch; `leg`: from there to the hem;
    `angle`: outwards.
    """

    waist: float
    hip: tuple[float, float]
    rise: float
    leg: float
    half_knee: float
    half_hem: float
    angle: tuple[float, float]
    gap: float = 0.5
    band_cm: float = 4.0


@dataclass(frozen=True, slots=True)
class LegsTrim:
    """What is sewn on trousers; `thread`: of jeans."""

    cloth: Fabric
    style: LegStyle
    thread: Colour = (196, 142, 78)
    depth: float = 1.0
    turn_up: bool = False
    worn_out: float = 0.0


def leg_points(shape: LegsCut, side: Sign) -> dict[str, XY]:
    """The named points of one side."""
    angle = shape.angle[0 if side < 0 else 1]
    along, out = (
        np.array([side * np.sin(angle), np.cos(angle)]),
        np.array([side * np.cos(angle), -np.sin(angle)]),
    )
    half_top = (shape.hip[0] - shape.gap) / 2 + 0.3
    top = np.array([side * (shape.gap + half_top), shape.rise])
    knee, hem = top + along * shape.leg * 0.47, top + along * shape.leg
    return {
        "waist": np.array([side * shape.waist, 0.0]),
        "hip": np.array([side * shape.hip[0], shape.hip[1]]),
        "top_outer": top + out * half_top,
        "crotch": np.array([0.0, shape.rise]),
        "knee_outer": knee + out * shape.half_knee,
        "knee_inner": knee - out * shape.half_knee,
        "hem_outer": hem + out * shape.half_hem,
        "hem_inner": hem - out * shape.half_hem,
        "hem": hem,
    }


def outer_edge(points: dict[str, XY]) -> Line:
    """From the waist to the hem."""
    return through(
        points["waist"],
        points["hip"],
        points["top_outer"],
        points["knee_outer"],
        points["hem_outer"],
    )


def inner_edge(shape: LegsCut, points: dict[str, XY], side: Sign) -> Line:
    """From the crotch to the hem."""
    start = points["crotch"]
    near = start + (points["knee_inner"] - start) * 0.16 + np.array([side * 0.35 * shape.gap, 0])
    return through(start, near, points["knee_inner"], points["hem_inner"])


def leg_panels(shape: LegsCut, trim: LegsTrim, rng: np.random.Generator) -> list[Panel]:
    """All panels of the garment, back to front."""
    panels = _inside(shape, trim)
    for side in SIDES if rng.random() < 0.5 else SIDES[::-1]:
        panels += _leg(shape, trim, side, rng)
    panels += _fly(shape, trim)
    panels += _waistband(shape, trim)
    return panels


def _waist_line(shape: LegsCut, sag: float, lift: float = 0.0) -> Line:
    w = shape.waist
    return through(
        (-w, -lift),
        (-0.5 * w, 0.8 * sag - lift),
        (0, sag - lift),
        (0.5 * w, 0.8 * sag - lift),
        (w, -lift),
    )


def _inside(shape: LegsCut, trim: LegsTrim) -> list[Panel]:
    outline = joined(_waist_line(shape, 0.5, 0.7), _waist_line(shape, 5.0)[::-1])
    back = Panel(
        outline,
        trim.cloth.plain(darker=0.9),
        shade=0.6,
        crumple=0.3,
        seams=(pressed(_waist_line(shape, 0.4, -2.8)),),
    )
    tag = label((0.0, 0.4), 3.4) if trim.style in ("jeans", "chino", "dress") else []
    return [back, *tag]


def _leg(shape: LegsCut, trim: LegsTrim, side: Sign, rng: np.random.Generator) -> list[Panel]:
    points = leg_points(shape, side)
    outer, inner = outer_edge(points), inner_edge(shape, points, side)
    rise = through(
        points["crotch"],
        (-0.5 * side, shape.rise * 0.8),
        (-0.3 * side, shape.rise * 0.45),
        (0.0, 1.9),
    )
    hem = bowed(points["hem_outer"], points["hem_inner"], -0.5 * side)
    top = through((0.0, 1.9), (0.5 * side * shape.waist, 1.5), shifted(points["waist"], 0, 0.6))
    outline = joined(outer, hem[1:-1], inner[::-1], rise[1:], top[1:-1])
    folds = creases.leg(rng, points, side, trim.depth)
    seams: list[Seam] = []
    crease = trim.style == "dress"
    if crease:
        middle = through(
            (0.52 * side * shape.waist, 9),
            (points["knee_outer"] + points["knee_inner"]) / 2,
            points["hem"],
        )
        seams.append(Seam((middle,), -0.10, 0.35))
    else:
        thread = trim.thread if trim.style == "jeans" else None
        row = [beside(outer, (0.55) * side)[10:-2]]
        seams.append(
            Seam(tuple(row), 0.04, 0.1, thread=thread if thread else None, pucker=0.05, tint=0.975)
        )
    if trim.style not in ("jogger", "dress"):
        line = np.asarray(
            hem
            + (points["knee_outer"] - points["hem_outer"])
            * (2.2 / np.linalg.norm(points["knee_outer"] - points["hem_outer"]))
        )
        colour = trim.thread if trim.style == "jeans" else trim.cloth.colour
        seams.append(
            Seam((line,), 0.04, 0.1, thread=colour, pucker=0.07)
            if trim.style == "jeans"
            else stitched(line, colour=colour)
        )
    angle = shape.angle[0 if side < 0 else 1]
    panel = Panel(
        outline,
        trim.cloth,
        folds=tuple(folds),
        seams=tuple(seams),
        patches=_wear(points, trim, side),
        thick=0.9,
        turn_rad=-side * angle,
        pivot=(side * shape.hip[0] / 2, shape.rise),
    )
    return [panel, *_pocket(shape, trim, side), *_ends(points, trim, side)]


def _wear(points: dict[str, XY], trim: LegsTrim, side: Sign) -> tuple[Fade, ...]:
    """Where jeans are washed out."""
    if not trim.worn_out:
        return ()
    thigh = points["hip"] * 0.45 + points["knee_inner"] * 0.12 + points["knee_outer"] * 0.38
    thigh = thigh * np.array([0.86, 1.0])
    knee = (points["knee_inner"] + points["knee_outer"]) / 2
    more = trim.worn_out
    return (
        Fade((float(thigh[0]), float(thigh[1]) + 4), (5.5, 19.0), 1 + 0.85 * more),
        Fade((float(knee[0]), float(knee[1]) + 2), (4.6, 12.0), 1 + 0.6 * more),
        Fade(
            (float(points["crotch"][0]) + 3 * side, float(points["crotch"][1]) + 1),
            (5.0, 5.0),
            1 - 0.22 * more,
        ),
    )


def _pocket(shape: LegsCut, trim: LegsTrim, side: Sign) -> list[Panel]:
    """Of jeans: a scooped one with a watch pocket; of others: a slanting mouth."""
    w = shape.waist
    if trim.style == "legging":
        return []
    if trim.style == "jeans":
        mouth = through((0.40 * w, 3.6), (0.50 * w, 8.2), (0.72 * w, 10.3), (1.075 * w, 10.6))
        inner = joined(
            mouth,
            through((1.10 * w, 10.6), (1.035 * w, 6.0), (1.0 * w, 3.0)),
            straight((w, 3.0), (0.40 * w, 3.6)),
        )
        watch = (
            patch_pocket((side * 0.76 * w, 5.9), 5.8, 4.2, trim.cloth, point=0.1)
            if side > 0
            else []
        )
        back = Panel(flipped(inner, side), trim.cloth, shade=0.86, crumple=0.4, cast=0.0, thick=0.1)
        lip = flipped(joined(mouth, beside(mouth, 1.5)[::-1]), side)
        rows = tuple(flipped(beside(mouth, d), side) for d in (0.35, 0.95))
        edge = Panel(
            lip,
            trim.cloth,
            seams=(Seam(rows, 0.03, 0.08, thread=trim.thread, pucker=0.05),),
            thick=0.5,
        )
        return [back, *watch, edge]
    mouth = (
        straight((0.66 * w, 3.9), (1.03 * w, 16.5))
        if trim.style != "jogger"
        else straight((0.80 * w, 4.2), (1.10 * w, 17.5))
    )
    lip = joined(mouth, beside(mouth, 1.3)[::-1])
    row = stitched(flipped(beside(mouth, 0.9), side), colour=trim.cloth.colour, pucker=0.02)
    return [Panel(flipped(lip, side), trim.cloth, seams=(row,), thick=0.6, cast=1.0, crumple=0.4)]


def _ends(points: dict[str, XY], trim: LegsTrim, side: Sign) -> list[Panel]:
    """A ribbed ankle or a turned-up hem."""
    if trim.style != "jogger" and not trim.turn_up:
        return []
    up = points["knee_outer"] - points["hem_outer"]
    high = 5.5 if trim.style == "jogger" else 4.2
    hem = bowed(points["hem_outer"], points["hem_inner"], -0.5 * side)
    top = np.asarray(hem + up / np.linalg.norm(up) * high)
    top = np.asarray(top.mean(0) + (top - top.mean(0)) * 1.03)
    ribs = tuple(
        straight(a, b, 2)
        for a, b in zip(at(top, np.linspace(0, 1, 34)), at(hem, np.linspace(0, 1, 34)), strict=True)
    )
    seams = (
        (Seam(ribs, 0.05, 0.2, tint=0.975),)
        if trim.style == "jogger"
        else (stitched(shifted(top, 0, 0.6), colour=trim.cloth.colour),)
    )
    return [Panel(joined(top, hem[::-1]), trim.cloth.plain(), seams=seams, crumple=0.4, thick=1.2)]


def _fly(shape: LegsCut, trim: LegsTrim) -> list[Panel]:
    if trim.style in ("jogger", "legging"):
        return []
    foot = 0.72 * shape.rise
    line = through((0, 3.6), (0.12, 0.6 * foot), (0.1, foot))
    flap = joined(line, through((0.1, foot), (2.2, foot - 2.6), (3.2, foot - 7), (3.2, 3.6))[1:])
    stitch = through((0.5, foot - 0.6), (2.0, foot - 3.0), (2.7, foot - 7), (2.75, 4.2))
    rows = (stitch, shifted(stitch, -0.55, -0.3)) if trim.style == "jeans" else (stitch,)
    colour = trim.thread if trim.style == "jeans" else None
    seam = (
        Seam(rows, 0.03, 0.09, thread=colour, pucker=0.05)
        if colour
        else stitched(*rows, colour=trim.cloth.colour)
    )
    return [
        Panel(
            flap,
            trim.cloth,
            seams=(seam, pressed(line, depth=0.06)),
            thick=0.45,
            crumple=0.5,
            cast=0.8,
        )
    ]


def _waistband(shape: LegsCut, trim: LegsTrim) -> list[Panel]:
    high, sag = shape.band_cm, 1.9
    top = _waist_line(shape, sag)
    w = shape.waist * (1 + 0.10 * high / shape.hip[1])
    foot = through(
        (-w, high),
        (-0.5 * w, high + 0.8 * sag),
        (0, high + sag),
        (0.5 * w, high + 0.8 * sag),
        (w, high),
    )
    outline = joined(top, foot[::-1])
    if trim.style in ("jogger", "legging"):
        return _elastic(top, foot, outline, trim)
    rows = [beside(top, -0.5), beside(foot, 0.5)]
    colour = trim.thread if trim.style == "jeans" else None
    seam = (
        Seam(tuple(rows), 0.03, 0.08, thread=colour, pucker=0.03)
        if colour
        else stitched(*rows, colour=trim.cloth.colour, pucker=0.01)
    )
    panels = [Panel(outline, trim.cloth.ungraphic(), seams=(seam,), crumple=0.4, thick=1.0)]
    end = straight((-1.2, sag + 0.1), (-1.2, sag + high - 0.1))
    panels.append(
        Panel(
            joined(shifted(end, 0.9, 0), straight((3.6, sag + high - 0.2), (3.6, sag))),
            trim.cloth.ungraphic(),
            crumple=0.2,
            thick=0.4,
            cast=0.9,
        )
    )
    for x in (-0.58, 0.58):
        panels.append(loop(x * shape.waist, sag * 0.75 - 0.6, high + 1.3, trim.cloth.ungraphic()))
    metal = trim.style == "jeans"
    panels += button(
        (1.0, sag + high / 2),
        (150, 120, 84) if metal else (70, 60, 52),
        radius=0.85 if metal else 0.65,
    )
    return panels


def _elastic(top: Line, foot: Line, outline: Line, trim: LegsTrim) -> list[Panel]:
    count = 46
    ribs = tuple(
        straight(a, b, 2)
        for a, b in zip(
            at(top, np.linspace(0, 1, count)), at(foot, np.linspace(0, 1, count)), strict=True
        )
    )
    band = Panel(
        outline,
        trim.cloth.plain(),
        seams=(Seam(ribs, 0.05, 0.4, tint=0.985),),
        crumple=0.6,
        thick=1.0,
    )
    if trim.style == "legging":
        return [Panel(outline, trim.cloth.plain(), crumple=0.2, seams=(pressed(foot),))]
    ends = []
    for side in SIDES:
        line = through((side * 1.6, 4.2), (side * 2.0, 9), (side * 1.4, 13), (side * 2.2, 17))
        ends += cord(line, 0.55, (232, 230, 224))
    return [band, *ends]
