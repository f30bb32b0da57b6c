"""Shoes and boots, from above and from the side. Lengths in cm; a shoe's middle at (0, 0)."""

from dataclasses import replace

import numpy as np

from devstack.garments.cloth import Colour, Fabric, shaded
from devstack.garments.curves import (
    At,
    Line,
    beside,
    disc,
    evenly,
    joined,
    part,
    ring,
    shifted,
    straight,
    through,
)
from devstack.garments.fabrics import COLOURS, dyed
from devstack.garments.fields import Fold
from devstack.garments.made import GarmentWish, Made
from devstack.garments.panel import Fade, Panel, Seam
from devstack.garments.pieces import band, cord, stitched

SOLE: Colour = (238, 236, 230)
LACE: Colour = (242, 240, 236)


def moved(panels: list[Panel], by: At, *, mirror: bool = False, turn: float = 0.0) -> list[Panel]:
    """Panels turned, mirrored left to right, then moved."""
    c, s, m = np.cos(turn), np.sin(turn), -1.0 if mirror else 1.0

    def go(line: At | Line) -> Line:
        points = np.asarray(line, np.float64) * [m, 1.0]
        return np.asarray(points @ np.array([[c, -s], [s, c]]).T + np.asarray(by, np.float64))

    out = []
    for one in panels:
        folds = tuple(
            replace(f, start=go(f.start), end=go(f.end), bow_cm=m * f.bow_cm) for f in one.folds
        )
        seams = tuple(
            replace(seam, lines=tuple(go(line) for line in seam.lines)) for seam in one.seams
        )
        patches = tuple(
            replace(p, middle=(float(go(p.middle)[0]), float(go(p.middle)[1]))) for p in one.patches
        )
        out.append(
            replace(
                one,
                outline=go(one.outline),
                folds=folds,
                seams=seams,
                patches=patches,
                turn_rad=one.turn_rad + turn,
                holes=tuple(go(hole) for hole in one.holes),
            )
        )
    return out


def from_above(cloth: Fabric, accent: Fabric, rng: np.random.Generator) -> list[Panel]:
    """A laced sneaker, a right one, toe upwards."""
    last = ring(
        (0.3, -14.2),
        (3.4, -12.6),
        (5.2, -7.4),
        (4.7, 0.5),
        (4.1, 7.0),
        (3.3, 12.6),
        (0.0, 14.6),
        (-3.2, 12.6),
        (-3.7, 6.5),
        (-3.6, 1.0),
        (-4.4, -6.6),
        (-3.0, -12.6),
    )
    middle = np.array([0.1, 0.0])
    upper = middle + (last - middle) * [0.90, 0.955]
    cap = through((-4.2, -7.4), (-2.2, -9.0), (0.4, -9.5), (2.9, -9.2), (4.9, -8.0))
    sole = Panel(last, Fabric("rubber", SOLE), thick=1.2, seams=(_welt(last),))
    folds = (
        Fold((-3.4, -6.6), (3.8, -7.2), 0.7, 0.12, 0.5),
        Fold((4.0, -5.4), (-1.0, -6.4), 0.6, 0.10, -0.4),
    )
    body = Panel(
        upper,
        cloth,
        thick=2.4,
        folds=folds,
        seams=(stitched(cap, shifted(cap, 0, -0.5), colour=cloth.colour),),
        patches=(Fade((0.0, -11.0), (2.5, 2.0), 1.08),),
        crumple=0.4,
    )
    holes = [disc((x, y), 0.13) for y in (-12.2, -11.5, -10.8) for x in (-0.9, 0.2, 1.3)]
    vents = [
        Panel(hole, Fabric("rubber", shaded(cloth.colour, 0.4)), thick=0.1, cast=0, crumple=0)
        for hole in holes
    ]
    tongue = Panel(
        joined(
            through((-1.7, -6.4), (0, -7.0), (1.8, -6.4)),
            through((2.1, 3.2), (0, 4.9), (-2.0, 3.2)),
        ),
        cloth,
        thick=1.6,
        shade=0.96,
        crumple=0.3,
    )
    return [sole, body, *vents, *_opening(accent), tongue, *_stays(accent), *_laces(rng)]


def _opening(accent: Fabric) -> list[Panel]:
    """Padded collar, heel tab and what is seen of the inside."""
    mouth = ring(
        (0.0, 2.4),
        (2.3, 4.2),
        (2.7, 8.2),
        (1.9, 11.8),
        (0.0, 12.9),
        (-1.9, 11.8),
        (-2.6, 8.2),
        (-2.2, 4.2),
    )
    rim = np.array([0, 7.8]) + (mouth - np.array([0, 7.8])) * 1.20
    collar = Panel(rim, accent.plain(), thick=2.0, crumple=0.2)
    inside = Panel(
        mouth,
        Fabric("fleece", (204, 200, 192)),
        shade=0.60,
        patches=(Fade((0, 3.5), (3, 4), 0.45),),
        thick=0.1,
        cast=0,
    )
    heel = Panel(
        joined(
            through((-2.6, 13.2), (0, 14.4), (2.6, 13.2)),
            through((2.0, 11.9), (0, 12.9), (-2.0, 11.9)),
        ),
        accent,
        thick=1.2,
    )
    return [collar, heel, inside]


def _welt(last: Line) -> Seam:
    inner = np.array([0.1, 0.0]) + (last - np.array([0.1, 0.0])) * [0.95, 0.98]
    return Seam((np.vstack([inner, inner[:1]]),), 0.05, 0.2, tint=0.85)


def _stays(accent: Fabric) -> list[Panel]:
    out = []
    for s in (-1, 1):
        inner = through((s * 1.05, -6.6), (s * 1.35, -2.0), (s * 1.6, 3.4))
        outer = through((s * 2.6, -6.8), (s * 3.0, -2.0), (s * 2.9, 3.8))
        rows = stitched(beside(outer, 0.3 * s), colour=accent.colour)
        out.append(Panel(joined(inner, outer[::-1]), accent, seams=(rows,), thick=0.7, crumple=0.1))
        for y in np.linspace(-5.9, 2.9, 6):
            out.append(
                Panel(
                    disc((s * (1.75 + 0.03 * y), y), 0.27),
                    Fabric("metal", (150, 148, 142)),
                    thick=0.5,
                    crumple=0,
                )
            )
    return out


def _laces(rng: np.random.Generator) -> list[Panel]:
    out = []
    rows = np.linspace(-5.9, 2.9, 6)
    for i, y in enumerate(rows):
        a, b = (-1.8, y), (1.8, y + (0.9 if i < 5 else 0.0))
        if i % 2:
            a, b = (1.8, y), (-1.8, y + 0.9)
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 0.3)
        out += cord(through(a, middle, b), 0.62, LACE, tipped=False)
    for s in (-1, 1):
        loop = through((0, 2.8), (s * 2.4, 1.0), (s * 4.4, 2.4), (s * 3.2, 4.6), (s * 0.4, 3.2))
        out += cord(loop, 0.5, LACE, tipped=False)
        out += cord(
            through((0, 3.0), (s * 1.4, 5.4), (s * rng.uniform(1.6, 3.0), 8.0)),
            0.5,
            LACE,
            tipped=False,
        )
    out += cord(through((-0.6, 2.8), (0, 3.2), (0.6, 2.8)), 0.9, LACE, tipped=False)
    return out


def from_the_side(cloth: Fabric, accent: Fabric, *, shaft: float = 0.0) -> list[Panel]:
    """A sneaker, or a boot with a shaft so high, toe to the right, seen from its side; the floor
    is at y = 3.
    """
    top = shaft or 0.0
    upper = _upper(top)
    folds = [
        Fold((4.6, -1.2), (2.2, -5.8), 0.9, 0.2, 0.6),
        Fold((6.8, -0.8), (5.2, -4.6), 0.8, 0.16, 0.5),
        Fold((-9.5, -1), (-7, -6), 1.6, 0.12),
    ]
    if top:
        folds += [
            Fold((-12, -9 - 0.25 * top), (-4, -8 - 0.2 * top), 1.0, 0.3, 1.0),
            Fold((-4.6, -11), (-11, -8), 1.0, 0.26, -1.0),
        ]
    body = Panel(
        upper,
        cloth,
        folds=tuple(folds),
        thick=2.6,
        crumple=0.6,
        patches=(Fade((11, -2), (3, 2), 1.08),),
    )
    quarter = through((-1.2, 0.4), (-2.2, -3.6), (-0.6, -7.4 if not top else -9))
    seams = replace(body, seams=(stitched(quarter, shifted(quarter, 0.5, 0), colour=cloth.colour),))
    return [
        _tongue(cloth, top),
        seams,
        _counter(accent),
        _sole(top),
        *([] if top else _side_stripes(accent)),
        *_side_laces(top),
    ]


def _upper(top: float) -> Line:
    ankle = (
        [(-12.6, -9.8 - top), (-9.2, -8.2 - top), (-5.0, -9.4 - top)]
        if top
        else [(-12.6, -8.6), (-9.6, -7.3), (-4.6, -10.6)]
    )
    front = [(-4.4, -14.0), (-2.6, -9.0)] if top else [(-3.4, -10.4)]
    return joined(
        through(
            (-13.3, 0.4),
            (-13.8, -3.4),
            (-13.3, -6.6),
            *([(-12.8, -9.0 - 0.5 * top)] if top else []),
            ankle[0],
        ),
        through(*ankle)[1:],
        through(
            ankle[-1], *front, (2.6, -5.9), (8.0, -4.1), (12.4, -3.0), (14.5, -0.6), (14.6, 0.8)
        )[1:],
        straight((14.6, 0.8), (-13.3, 0.8))[1:-1],
    )


def _sole(top: float) -> Panel:
    line = through((-13.4, 0.1), (-6, 0.5), (4, 0.5), (11, -0.1), (14.9, -1.0))
    high = 4.0 if top else 3.0
    ground = through(
        (14.9, -1.0),
        (15.5, 0.5),
        (13.8, 2.4),
        (9, 3.0),
        (2, high),
        (-8, high),
        (-12.8, high - 0.2),
        (-14.1, 1.6),
        (-13.4, 0.1),
    )
    return Panel(
        joined(line, ground),
        Fabric("rubber", (52, 44, 40) if top else SOLE),
        thick=1.3,
        seams=(Seam((beside(line, -1.1), beside(ground, 0.7)), 0.05, 0.16, tint=0.85),),
    )


def _counter(accent: Fabric) -> Panel:
    counter = joined(
        through((-13.4, 0.4), (-13.8, -3.4), (-13.1, -6.4)),
        through((-13.1, -6.4), (-9.6, -4.6), (-8.2, 0.4))[1:],
    )
    return Panel(
        counter,
        accent,
        seams=(
            stitched(
                beside(through((-13.1, -6.4), (-9.6, -4.6), (-8.2, 0.4)), 0.4), colour=accent.colour
            ),
        ),
        thick=0.7,
    )


def _tongue(cloth: Fabric, top: float) -> Panel:
    if top:
        return Panel(
            through((-12.6, -9.8 - top), (-9, -11.0 - top), (-5.0, -9.4 - top), (-9, -7 - top)),
            cloth.plain(),
            shade=0.45,
            thick=0.3,
        )
    return Panel(
        through((-5.0, -9.4), (-4.4, -12.3), (-2.6, -12.0), (-0.6, -8.0), (-2.4, -7.4)),
        cloth,
        thick=1.5,
        shade=0.9,
    )


def _side_stripes(accent: Fabric) -> list[Panel]:
    """A wave along the side."""
    top = through((-7.6, -2.6), (-3.6, -4.4), (0.6, -2.6), (4.4, -2.2))
    low = through((-7.9, -1.2), (-3.4, -2.9), (0.8, -1.2), (4.6, -1.2))
    return [
        replace(
            band(top, low, accent),
            seams=(
                stitched(
                    shifted(top, 0, 0.25), shifted(low, 0, -0.25), colour=accent.colour, pucker=0
                ),
            ),
        )
    ]


def _side_laces(top: float) -> list[Panel]:
    edge = (
        through((-4.6, -16), (-3.0, -10.4), (2.6, -5.9), (5.6, -4.9))
        if top
        else through((-3.2, -10.2), (0, -7.6), (2.6, -6.0), (5.4, -4.9))
    )
    out = []
    for one in evenly(part(edge, 0.05, 0.95), 8 if top else 5):
        away = one + np.array([-1.5, 1.5])
        out += cord(
            through(shifted(one, 0.2, -0.2), shifted((one + away) / 2, -0.2, -0.15), away),
            0.6,
            LACE if not top else (60, 48, 40),
            tipped=False,
        )
    return out


def shoes(rng: np.random.Generator, wish: GarmentWish, view: str = "above") -> Made:
    """Sneakers: a pair from "above", a pair from the "side", or "one" from the side."""
    names = ("white", "black", "navy", "sand", "rose", "sage", "red", "ecru")
    cloth = wish.cloth or Fabric(
        "leather" if rng.random() < 0.6 else "woven", dyed(rng, COLOURS[str(rng.choice(names))])
    )
    accent = (
        cloth
        if rng.random() < 0.4
        else Fabric(
            cloth.kind,
            dyed(
                rng, COLOURS[str(rng.choice(("navy", "black", "camel", "sage", "coral", "white")))]
            ),
        )
    )
    if view == "above":
        gap, turn = rng.uniform(5.3, 6.6), rng.uniform(-0.02, 0.10)
        right = from_above(cloth, accent, rng)
        panels = [
            *moved(right, (-gap, rng.uniform(-0.4, 0.4)), mirror=True, turn=-turn),
            *moved(right, (gap, 0.0), turn=turn),
        ]
    elif view == "side":
        near, far = from_the_side(cloth, accent), from_the_side(cloth, accent)
        panels = [*moved(far, (rng.uniform(-5, -3), -5.5)), *moved(near, (3.0, 0.0))]
    else:
        panels = from_the_side(cloth, accent)
    return Made("shoes", panels, {"foot_length": 27.5})


def boots(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """Leather boots, a pair from the side."""
    cloth = wish.cloth or Fabric(
        "leather", dyed(rng, COLOURS[str(rng.choice(("black", "chocolate", "camel", "burgundy")))])
    )
    shaft = rng.uniform(6, 20)
    one = from_the_side(cloth, cloth, shaft=shaft)
    panels = [*moved(one, (rng.uniform(-8, -6), -4.6)), *moved(one, (5.0, 0.0))]
    return Made("boots", panels, {"foot_length": 27.5, "shaft_height": 9 + shaft})
