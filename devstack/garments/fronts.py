"""What is on the front: plackets with buttons, zips, pockets."""

import numpy as np

from devstack.garments.cloth import shaded
from devstack.garments.curves import beside, flipped, joined, shifted, straight, through
from devstack.garments.fields import Fold
from devstack.garments.panel import Panel, Seam
from devstack.garments.pieces import buttons, patch_pocket, pressed, stitched, zipper
from devstack.garments.shape import SIDES, UpperCut
from devstack.garments.upper import Trim, centre, soft_line


def closure(shape: UpperCut, trim: Trim, rng: np.random.Generator) -> list[Panel]:
    """How the front closes."""
    if trim.front == "plain":
        return []
    start = shape.dip + (0.2 if trim.neck != "stand" else -3.5)
    if trim.front == "zip":
        return _zip(shape, trim, start, rng)
    if trim.neck == "lapel":
        down = straight((0.0, shape.dip + 1.6), (0.0, shape.dip + 12.5))
        return buttons(down, 2, trim.button, radius=1.0)
    low = None if trim.front == "buttons" else shape.dip + 13.0
    line = soft_line(centre(shape, start, low), rng, 0.10 if trim.front == "buttons" else 0.03)
    half = 1.7 if trim.front == "buttons" else 1.5
    strip = joined(beside(line, half), beside(line, -half)[::-1])
    edges = [beside(line, half - 0.35), beside(line, 0.35 - half)]
    cloth = (trim.second if trim.neck == "open" else trim.cloth).ungraphic()
    panels = [
        Panel(
            strip,
            cloth,
            seams=(stitched(*edges, colour=trim.cloth.colour, pucker=0.03),),
            thick=0.55,
            crumple=0.5,
        )
    ]
    if trim.front == "placket":
        return panels + buttons(line[4:-5], 3, trim.button, radius=0.5)
    few = trim.neck == "open"
    panels += buttons(line[3:-6], 5 if few else 7, trim.button, radius=0.95 if few else 0.52)
    return panels


def _zip(shape: UpperCut, trim: Trim, start: float, rng: np.random.Generator) -> list[Panel]:
    line = soft_line(centre(shape, start), rng, 0.08)
    panels = zipper(line[:-1], shaded(trim.cloth.colour, 0.75))
    for side in (-1, 1):
        inner, outer = beside(line, 0.42 * side), beside(line, 1.9 * side)
        seam = stitched(beside(line, 1.5 * side), colour=trim.cloth.colour, pucker=0.05)
        panels.append(
            Panel(
                joined(inner, outer[::-1]),
                trim.cloth.ungraphic(),
                seams=(seam,),
                thick=0.4,
                cast=0.6,
                crumple=0.4,
            )
        )
    return panels


def pockets(shape: UpperCut, trim: Trim, rng: np.random.Generator) -> list[Panel]:
    """Pockets on the front."""
    cloth = trim.cloth.ungraphic()
    x, y = shape.pit
    if trim.pocket == "chest":
        return patch_pocket((0.50 * x, y + 0.5), 0.42 * x, 0.49 * x, cloth)
    if trim.pocket == "kangaroo":
        return [_kangaroo(shape, trim)]
    if trim.pocket == "flap":
        return [
            *_yoke(shape, trim),
            *(panel for side in SIDES for panel in _flap(side, 0.54 * x, y - 3.0, 0.46 * x, trim)),
        ]
    if trim.pocket == "welt":
        low = y + 0.52 * (shape.hem[1] - y)
        chest = [_welt(1, 0.54 * x, y + 1.0, trim, 4.6)] if trim.neck == "lapel" else []
        return [*chest, *(_welt(side, 0.58 * shape.hem[0], low, trim) for side in SIDES)]
    return []


def _kangaroo(shape: UpperCut, trim: Trim) -> Panel:
    low = shape.hem[1] - 6.5
    top, half = low - 19.0, 0.62 * shape.hem[0]
    right = joined(
        straight((0, top), (0.55 * half, top)),
        through((0.55 * half, top), (0.72 * half, top + 5), (half, top + 11.5)),
        straight((half, top + 11.5), (half, low)),
        straight((half, low), (0, low)),
    )
    outline = joined(right, right[::-1][1:] * [-1, 1])
    slant = through((0.55 * half, top), (0.72 * half, top + 5), (half, top + 11.5))
    rows = [flipped(beside(slant, d), side) for side in SIDES for d in (-0.8, -1.5)]
    around = straight((-0.5 * half, top + 0.5), (0.5 * half, top + 0.5))
    seams = (stitched(*rows, around, colour=trim.cloth.colour, pucker=0.05),)
    return Panel(outline, trim.cloth.ungraphic(), seams=seams, thick=0.8, crumple=1.2)


def _yoke(shape: UpperCut, trim: Trim) -> list[Panel]:
    """The seams of a denim jacket: across the chest, and down to the hem in a narrow V."""
    x, y = shape.pit
    low, out = shape.hem[1], []
    for side in SIDES:
        across = through((2.0, y - 3.6), (0.5 * x, y - 3.2), (shape.tip[0] - 1.2, y - 4.6))
        downs = [
            straight((k * x, y - 2), (m * x, low - 4.4)) for k, m in ((0.36, 0.22), (0.72, 0.50))
        ]
        lines = [flipped(beside(line, d), side) for line in (across, *downs) for d in (-0.25, 0.25)]
        edge = flipped(straight((1.8, low - 4.4), (shape.hem[0], low - 4.4)), side)
        box = flipped(
            np.array([[2.0, y - 6.5], [x - 3.2, y - 6.5], [x - 0.8, low - 4.6], [2.0, low - 4.6]]),
            side,
        )
        seams = (
            Seam((*lines,), 0.04, 0.09, thread=(184, 134, 76), pucker=0.05),
            pressed(edge, depth=0.06),
        )
        out.append(
            Panel(
                box,
                trim.cloth.ungraphic(),
                seams=seams,
                thick=0.02,
                cast=0.0,
                folds=_creased(side, x, y),
            )
        )
    return out


def _creased(side: int, x: float, y: float) -> tuple[Fold, ...]:
    spots = ((0.9, 4, 0.4, 12), (0.8, 16, 0.35, 19), (0.95, 22, 0.5, 28))
    return tuple(
        Fold((side * a * x, y + b), (side * c * x, y + d), 1.0, 0.16, side * 0.8)
        for a, b, c, d in spots
    )


def _flap(side: int, x: float, y: float, width: float, trim: Trim) -> list[Panel]:
    half = width / 2
    pocket = patch_pocket(
        (side * x, y + 1.0), width, width * 1.05, trim.cloth.ungraphic(), point=0.7
    )
    flap = joined(
        straight((side * x - half - 0.2, y), (side * x + half + 0.2, y)),
        straight((side * x + half + 0.2, y + 4), (side * x, y + 5.6)),
        straight((side * x, y + 5.6), (side * x - half - 0.2, y + 4)),
    )
    rows = stitched(
        straight((side * x - half, y + 0.5), (side * x + half, y + 0.5)),
        shifted(flap[14:-2], 0, -0.5),
        colour=trim.cloth.colour,
    )
    return [
        *pocket,
        Panel(flap, trim.cloth.ungraphic(), seams=(rows,), thick=0.9, crumple=0.4),
        *buttons(
            straight((side * x, y + 4.2), (side * x, y + 4.3), 2)[:1], 1, trim.button, radius=0.6
        ),
    ]


def _welt(side: int, x: float, y: float, trim: Trim, half: float = 7.0) -> Panel:
    tilt = 0.17 * half
    box = np.array(
        [
            [x - half, y - tilt],
            [x + half, y + tilt * 0.2],
            [x + half, y + 2.3 + tilt * 0.2],
            [x - half, y + 2.3 - tilt],
        ]
    )
    box = box * [side, 1]
    rim = np.vstack([box, box[:1]])
    return Panel(
        box, trim.cloth.ungraphic(), seams=(pressed(rim, depth=0.03),), thick=0.7, crumple=0.2
    )
