"""What is at the neck: shirt and polo collars, stand-up collars, lapels, hoods, turtlenecks.

Painted back to front.
"""

import numpy as np

from devstack.garments.cloth import Fabric
from devstack.garments.curves import (
    Line,
    at,
    beside,
    flipped,
    joined,
    mirrored,
    neckline,
    part,
    shifted,
    straight,
    through,
)
from devstack.garments.fields import Fold
from devstack.garments.panel import Fade, Panel
from devstack.garments.pieces import band, cord, label, pressed, stitched
from devstack.garments.shape import SIDES, UpperCut, front_neck
from devstack.garments.upper import Trim


def collar_behind(shape: UpperCut, trim: Trim) -> list[Panel]:
    """A collar's back, standing up behind the neck, and its inner stand with the label."""
    n = shape.neck
    top = through((-n - 0.2, 0.6), (-0.8 * n, -1.9), (0, -2.9), (0.8 * n, -1.9), (n + 0.2, 0.6))
    foot = through((n, 2.6), (0.5 * n, 3.4), (0, 3.6), (-0.5 * n, 3.4), (-n, 2.6))
    seam = through((-n, 1.4), (-0.5 * n, 0.6), (0, 0.4), (0.5 * n, 0.6), (n, 1.4))
    cloth = trim.second.ungraphic()
    panel = Panel(
        joined(top, foot),
        cloth,
        seams=(pressed(seam),),
        shade=0.82,
        crumple=0.3,
        patches=(Fade((0, 4.5), (n, 3.2), 0.68),),
    )
    return [panel, *(label((0.0, 1.0), 3.6) if trim.label else [])]


def collar_leaves(
    shape: UpperCut, trim: Trim, *, spread: float = 6.6, drop: float = 5.2
) -> list[Panel]:
    """The two leaves of a turned-down collar; they meet at the dip."""
    n, dip = shape.neck, shape.dip
    panels = []
    for side in SIDES:
        fold = through((n + 0.25, 0.3), (n * 0.93, -1.6), (n * 0.78, -1.9))
        inner = through(
            (n * 0.78, -1.9), (0.68 * n, 0.25 * dip), (0.34 * n, 0.72 * dip), (0.25, dip)
        )
        point = np.array([spread, dip + drop])
        front = straight((0.25, dip), point)
        outer = through(
            point, (0.6 * (spread + n) + 0.7, 0.55 * (dip + drop)), (n + 2.4, 2.2), (n + 0.25, 0.3)
        )
        outline = flipped(joined(fold, inner[1:], front[1:], outer[1:-1]), side)
        edge = flipped(joined(part(front, 0.03, 0.95), part(outer, 0.05, 0.9)), side)
        rows = stitched(beside(edge, 0.45 * side), colour=trim.second.colour, pucker=0.015)
        shade = Fade((side * 0.72 * n, -0.4), (1.6, 2.4), 1.06)
        panels.append(
            Panel(
                outline,
                trim.second.ungraphic(),
                seams=(rows,),
                patches=(shade,),
                crumple=0.3,
                thick=1.3,
                turn_rad=-0.5 * side,
                pivot=(side * n, 0.0),
            )
        )
    return panels


def stand(
    shape: UpperCut, trim: Trim, high: float = 4.5, *, ribs_cm: float = 0.0
) -> tuple[list[Panel], list[Panel]]:
    """A collar that stands up round the neck: what lies behind and what lies in front."""
    n = shape.neck
    lean = 0.90 * n
    back_top = through((-lean, -high), (0, -high + 0.9), (lean, -high))
    behind = Panel(
        joined(back_top, straight((n, 2), (-n, 2))), trim.second.plain(), shade=0.66, crumple=0.2
    )
    low = neckline(n, shape.dip, shape.power)
    top = neckline(lean, 1.7, 2.0) + np.array([0, -high])
    front = band(top, low, trim.second.plain(), ribs_cm=ribs_cm)
    return [behind], [front]


def turtle(shape: UpperCut, trim: Trim, high: float = 7.0) -> tuple[list[Panel], list[Panel]]:
    """A rolled collar: a tube turned down over itself."""
    n = shape.neck
    top_half = 0.86 * n
    back = joined(
        through((-top_half, -high), (0, -high + 0.5), (top_half, -high)), straight((n, 1), (-n, 1))
    )
    behind = Panel(back, trim.second.plain(), shade=0.6, crumple=0.2)
    top = neckline(top_half, 1.9, 2.0) + np.array([0, -high])
    foot = neckline(n + 0.6, shape.dip, 2.0) + np.array([0, 0.6])
    roll = band(top, foot, trim.second.plain(), ribs_cm=0.42)
    folds = tuple(
        Fold((x, 0.5), (x * 0.4 + 1, -high * 0.4), 0.9, 0.12, 0.5) for x in (-0.7 * n, 0.6 * n)
    )
    return [behind], [
        Panel(roll.outline, roll.cloth, folds=folds, seams=roll.seams, thick=1.3, crumple=0.6)
    ]


def lapels(
    shape: UpperCut, trim: Trim, *, notch_y: float = 11.5, width: float = 9.0
) -> list[Panel]:
    """Lapels and the collar above them; they roll down to the dip."""
    n, dip = shape.neck, shape.dip
    panels = []
    roll = through((n * 0.92, -1.2), (0.80 * n, 0.3 * dip), (0.42 * n, 0.70 * dip), (0.1, dip))
    top = at(roll, 0.26)
    notch = np.array([top[0] + width * 0.72, notch_y - 2.4])
    corner = np.array([top[0] + width, notch_y - 3.6])
    for side in SIDES:
        edge = through(
            corner,
            (corner[0] * 0.88, 0.42 * dip + 2),
            (0.50 * corner[0], 0.74 * dip),
            (0.1, dip + 0.6),
        )
        lapel = joined(
            part(roll, 0.22, 1), edge[::-1][1:], straight(corner, at(roll, 0.22), 8)[1:-1]
        )
        panels.append(_lapel(flipped(lapel, side), flipped(edge, side), trim, side))
        outer = through((n + 2.7, 2.6), (notch[0] * 0.96, 0.42 * notch[1] + 1.2), notch)
        collar = joined(
            part(roll, 0, 0.25),
            straight(at(roll, 0.25), notch, 8)[1:],
            outer[::-1][1:],
            through((n + 2.7, 2.6), (n + 0.6, 0.2), (n * 0.92, -1.2))[1:-1],
        )
        rows = stitched(flipped(beside(outer, -0.4), side), colour=trim.second.colour, pucker=0.0)
        panels.append(
            Panel(
                flipped(collar, side),
                trim.second.ungraphic(),
                seams=(rows,),
                crumple=0.25,
                thick=0.9,
            )
        )
    return panels


def _lapel(outline: Line, edge: Line, trim: Trim, side: int) -> Panel:
    rows = stitched(beside(edge, -0.4 * side), colour=trim.second.colour, pucker=0.0)
    shade = Fade((float(outline[0, 0]), float(outline[0, 1]) + 10), (2.2, 9.0), 1.07)
    return Panel(
        outline,
        trim.second.ungraphic(),
        seams=(rows,),
        patches=(shade,),
        crumple=0.3,
        thick=0.9,
        turn_rad=-0.25 * side,
    )


def hood(
    shape: UpperCut, trim: Trim, rng: np.random.Generator, *, cords: bool = True
) -> tuple[list[Panel], list[Panel]]:
    """A hood that lies above the neck, open to the front, and its drawstrings."""
    n, dip = shape.neck, shape.dip
    high = rng.uniform(27, 31)
    right = through(
        (0, -high),
        (0.55 * n, -high + 0.8),
        (1.22 * n, -0.74 * high),
        (1.42 * n, -0.42 * high),
        (1.28 * n, -0.12 * high),
        (1.05 * n, 0.9),
        (0.6 * n, dip + 2),
        (0.0, dip + 2.6),
    )
    hole = through(
        (0, -0.80 * high),
        (0.42 * n, -0.74 * high),
        (0.74 * n, -0.48 * high),
        (0.72 * n, -0.2 * high),
        (0.42 * n, 0.35 * dip),
        (0.0, dip),
    )
    outline, opening = joined(right, mirrored(right)[1:-1]), joined(hole, mirrored(hole)[1:-1])
    inside = Panel(
        beside(opening, 0.5),
        trim.second.plain(),
        shade=0.56,
        patches=(Fade((0, dip), (n, 12), 0.7),),
        seams=(pressed(straight((0, -high), (0, dip), 20)),),
    )
    folds = _hood_folds(n, dip, high, rng)
    hem = np.vstack([beside(opening, -1.9), beside(opening, -1.9)[:1]])
    face = Panel(
        outline,
        trim.cloth.ungraphic(),
        folds=tuple(folds),
        holes=(opening,),
        crumple=1.1,
        cast=0.8,
        seams=(stitched(hem, colour=trim.cloth.colour),),
    )
    front = [inside, face]
    for side in SIDES if cords else ():
        start = np.array([side * 0.40 * n, dip - 0.3])
        line = through(
            start,
            shifted(start, side * 0.9, 5),
            shifted(start, side * rng.uniform(0.2, 1.6), 12),
            shifted(start, side * 0.9, rng.uniform(17, 21)),
        )
        front += cord(line, 0.62, (228, 226, 220))
    return [], front


def _hood_folds(n: float, dip: float, high: float, rng: np.random.Generator) -> list[Fold]:
    folds = [
        Fold(
            (s * n * 1.0, -1.0),
            (s * n * rng.uniform(0.8, 1.2), -high * rng.uniform(0.3, 0.6)),
            1.4,
            0.3,
            s,
        )
        for s in SIDES
    ]
    folds += [
        Fold((s * n * 1.3, -high * 0.35), (s * n * 0.7, -high * 0.6), 1.6, 0.22, -s) for s in SIDES
    ]
    folds += [Fold((s * n * 0.5, dip), (s * n * 1.1, -0.25 * high), 1.2, 0.25, s) for s in SIDES]
    return folds


def facing(shape: UpperCut, trim: Trim, width: float = 3.0) -> Panel:
    """A turned-in edge that follows the neckline: of cardigans and collarless jackets."""
    inner = front_neck(shape)
    panel = band(inner, beside(inner, -width), trim.second.plain(), ribs_cm=0.0)
    rows = stitched(beside(inner, -width + 0.4), colour=trim.second.colour)
    return Panel(
        panel.outline, Fabric(trim.second.kind, trim.second.colour), seams=(rows,), crumple=0.3
    )
