"""Tops that are held by thin straps, by one shoulder, or below the shoulders."""

from dataclasses import replace

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Fabric
from devstack.garments.curves import Line, beside, flipped, joined, mirrored, part, shifted, through
from devstack.garments.fabrics import chosen
from devstack.garments.fields import Fold
from devstack.garments.made import GarmentWish, Made, upper_made
from devstack.garments.panel import Fade, Panel, Seam
from devstack.garments.pieces import band, stitched
from devstack.garments.shape import SIDES, UpperCut, armhole, flank, hem_line, points_of, shoulder
from devstack.garments.tops import base, sleeved
from devstack.garments.upper import Trim, front_panels, sleeve_panels

SOFT = ("jersey", "satin", "woven")


def camisole(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A camisole on spaghetti straps."""
    shape = hung(base(rng, shaped=0.5, wide=0.86, long=0.92), rng)
    cloth = wish.cloth or chosen(rng, ("satin", "jersey", "satin"), ("ditsy", "dots", "leafy"))
    return upper_made("tank", hung_panels(shape, cloth, rng), shape)


def hung(shape: UpperCut, rng: np.random.Generator) -> UpperCut:
    """A cut whose neck and tip are the ends of two thin straps."""
    x = shape.pit[0] * rng.uniform(0.44, 0.52)
    pit_y = rng.uniform(19, 23)
    return replace(
        shape,
        neck=x - 0.4,
        tip=(x + 0.4, 0.1),
        pit=(shape.pit[0], pit_y),
        dip=pit_y - rng.uniform(4, 6.5),
        shoulders="straps",
    )


def _cups(shape: UpperCut) -> Line:
    """The front's upper edge, from the left armpit to the right one; a peak below each strap."""
    (px, py), x = shape.pit, shape.neck + 0.4
    peak = py - 9.0
    right = through((0, shape.dip), (0.45 * x, shape.dip - 1.2), (0.85 * x, peak + 1.4), (x, peak))
    down = through((x, peak), (x + 1.2, peak + 1.6), (0.5 * (x + px) + 0.5, py - 3.2), (px, py))
    half = joined(right, down[1:])
    return joined(mirrored(half)[:-1], half)


def hung_panels(shape: UpperCut, cloth: Fabric, rng: np.random.Generator) -> list[Panel]:
    """A garment on thin straps, back to front."""
    top, x = _cups(shape), shape.neck + 0.4
    py = shape.pit[1]
    low = through(
        (-shape.pit[0], py),
        (-0.5 * shape.pit[0], py - 1.0),
        (0, py - 0.6),
        (0.5 * shape.pit[0], py - 1.0),
        shape.pit,
    )
    back = joined(low * [0.98, 1], (shifted(top, 0, 6) * [0.96, 1])[::-1])
    plain = cloth.plain()
    panels = [
        Panel(
            back,
            cloth.ungraphic(),
            shade=0.66,
            crumple=0.4,
            patches=(Fade((0, py), (16, 5), 0.8),),
        )
    ]
    for side in SIDES:
        line = flipped(through((x, 0.1), (x - 1.2, 0.45 * py), (x - 2.5, py - 0.4)), side)
        panels.append(
            Panel(
                joined(beside(line, 0.35), beside(line, -0.35)[::-1]),
                plain,
                shade=0.72,
                crumple=0,
                thick=1.2,
            )
        )
    right = flank(shape, 1)
    outline = joined(top, right[1:], hem_line(shape)[1:-1], mirrored(right)[:-1])
    hem = hem_line(shape)[::-1]
    folds = creases.drape(rng, hem, py - 2, 1.3, int(rng.integers(5, 9)))
    for side in SIDES:
        folds += creases.waist(rng, points_of(shape, side), side, 1.0)
    panels.append(
        Panel(
            outline,
            cloth,
            folds=tuple(folds),
            seams=(stitched(beside(hem, 1.4), colour=cloth.colour),),
        )
    )
    edge = part(top, 0.012, 0.988, 90)
    panels.append(band(edge, beside(edge, -0.75), plain))
    for side in SIDES:
        line = flipped(through((x, 0.1), (x + 0.5, 0.3 * py), (x, py - 8.8)), side)
        panels.append(
            Panel(joined(beside(line, 0.4), beside(line, -0.4)[::-1]), plain, crumple=0, thick=1.4)
        )
    return panels


def off_shoulder(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A top cut straight across below the shoulders, gathered, with short full sleeves."""
    shape = base(rng, shaped=0.6, wide=0.92, long=0.66)
    pit = (shape.pit[0], rng.uniform(13, 16))
    tip_x = pit[0] * rng.uniform(0.98, 1.05)
    shape = replace(
        shape,
        pit=pit,
        neck=tip_x - 3.0,
        tip=(tip_x, 1.2),
        dip=rng.uniform(1.2, 2.4),
        power=2.2,
        back=0.4,
        shoulders="off",
        inset=0.4,
        waist=(shape.waist[0], (pit[1] + shape.hem[1]) / 2),
    )
    shape = sleeved(
        rng, shape, rng.uniform(13, 19), rng.uniform(6.5, 8), "spread", puff=rng.uniform(1.2, 2.4)
    )
    cloth = wish.cloth or chosen(rng, ("woven", "jersey"), ("floral", "ditsy", "gingham", "shapes"))
    trim = Trim(cloth, cloth, neck="bound", depth=1.2, label=False)
    edge = through((-shape.neck, 0.0), (0, shape.dip), (shape.neck, 0.0))
    inside = Panel(
        joined(shifted(edge, 0, -0.7), (shifted(edge, 0, 3))[::-1]),
        cloth.ungraphic(),
        shade=0.7,
        crumple=0.3,
    )
    front = front_panels(shape, trim, rng)[0]
    gathers = tuple(creases.gathered(rng, shifted(edge, 0, 1.8), 7.0, 1.5, 1.3))
    front = replace(front, folds=front.folds + gathers)
    sleeves = [panel for side in SIDES for panel in sleeve_panels(shape, trim, side, rng)]
    casing = band(edge, shifted(edge, 0, 1.7), cloth.ungraphic())
    casing = replace(casing, folds=tuple(creases.gathered(rng, edge, 2.0, 1.2, 0.8)))
    return upper_made("top", [inside, *sleeves, front, casing], shape)


def one_shoulder(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A top on one shoulder: its neckline runs aslant to the other armpit."""
    bare = int(rng.choice(SIDES))
    shape = base(rng, shaped=0.8, wide=0.86, long=0.86)
    shape = replace(
        shape, neck=rng.uniform(8.5, 10), dip=rng.uniform(10, 13), inset=2.0, shoulders="one"
    )
    shape = replace(shape, tip=(shape.neck + rng.uniform(4.5, 7), 2.6), hem_drop=0.6)
    (px, py), n = shape.pit, shape.neck
    aslant = through(
        (n, 0.0), (0.55 * n, 5.6), (-0.1 * n, shape.dip * 0.98), (-0.72 * px, py - 2.6), (-px, py)
    )
    covered = joined(shoulder(shape, 1), armhole(shape, 1)[1:], flank(shape, 1)[1:])
    outline = joined(covered, hem_line(shape)[1:-1], mirrored(flank(shape, 1)), aslant[::-1][1:-1])
    cloth = wish.cloth or chosen(rng, SOFT, ("leafy", "shapes", "dots"))  # type: ignore[arg-type]  # kinds, all of them
    folds = creases.drape(rng, hem_line(shape)[::-1], py, 1.2, 5)
    for k in (0.25, 0.45, 0.65):
        start = np.array([0.8 * n, 4.0 + 9 * k])
        folds += [Fold(start, (-px * 0.7, py + 18 * k), 1.1, 0.22, 1.5)]
    behind = part(aslant, 0.02, 0.94, 60)
    back = joined(shifted(behind, 0, -1.4), shifted(behind, 0, 5)[::-1])
    panels = [
        Panel(back, cloth.ungraphic(), shade=0.68, crumple=0.3),
        Panel(outline, cloth, folds=tuple(folds), seams=(_hem(shape, cloth),)),
        band(
            part(aslant, 0.02, 0.98, 60), beside(part(aslant, 0.02, 0.98, 60), 1.1), cloth.plain()
        ),
    ]
    if bare > 0:
        panels = [
            replace(
                panel,
                outline=mirrored(panel.outline),
                folds=_mirrored_folds(panel),
                seams=_mirrored_seams(panel),
            )
            for panel in panels
        ]
    made = upper_made("top", panels, shape)
    return replace(made, points=_bared(made, bare), middle=np.array([0.0, _at_middle(aslant)]))


def _at_middle(line: Line) -> float:
    order = np.argsort(line[:, 0])
    return float(np.interp(0.0, line[order, 0], line[order, 1]))


def _hem(shape: UpperCut, cloth: Fabric) -> Seam:
    return stitched(beside(hem_line(shape)[::-1], 1.6), colour=cloth.colour)


def _mirrored_folds(panel: Panel) -> tuple[Fold, ...]:
    s = np.array([-1.0, 1.0])
    return tuple(
        replace(
            one, start=np.asarray(one.start) * s, end=np.asarray(one.end) * s, bow_cm=-one.bow_cm
        )
        for one in panel.folds
    )


def _mirrored_seams(panel: Panel) -> tuple[Seam, ...]:
    return tuple(
        replace(one, lines=tuple(mirrored(line) for line in one.lines)) for one in panel.seams
    )


def _bared(made: Made, bare: int) -> tuple[dict[str, Line], dict[str, Line]]:
    """The points of a side without a shoulder: neck, tip and armhole all lie at the armpit."""
    assert made.points is not None
    sides = [dict(one) for one in made.points]
    one = sides[0 if bare < 0 else 1]
    for name in (
        "neck",
        "tip",
        "elbow",
        "elbow_outer",
        "elbow_inner",
        "cuff",
        "cuff_outer",
        "cuff_inner",
    ):
        one[name] = one["pit"].copy()
    return sides[0], sides[1]
