"""Dresses and jumpsuits: a bodice and, from the waist's seam down, a skirt or legs."""

from dataclasses import replace

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Fabric
from devstack.garments.curves import (
    Line,
    beside,
    flipped,
    joined,
    mirrored,
    part,
    shifted,
    through,
)
from devstack.garments.fabrics import chosen
from devstack.garments.fields import Fold
from devstack.garments.fronts import closure
from devstack.garments.legs import LegsCut, LegsTrim, leg_panels, leg_points
from devstack.garments.made import GarmentWish, Made, upper_made
from devstack.garments.necks import collar_behind, collar_leaves
from devstack.garments.panel import Panel, Seam
from devstack.garments.pieces import pressed, stitched
from devstack.garments.shape import (
    SIDES,
    UpperCut,
    armhole,
    flank,
    front_neck,
    points_of,
    shoulder,
)
from devstack.garments.skirts import SkirtCut, skirt_front
from devstack.garments.straps import hung, hung_panels
from devstack.garments.tops import base, pose_of, sleeved
from devstack.garments.upper import Trim, back_panels, neck_band, sleeve_panels

PRINTS = ("floral", "ditsy", "leafy", "dots", "shapes", "checks")


def bodice(rng: np.random.Generator, length: float, flare: float) -> UpperCut:
    """A taken-in trunk whose hem is the skirt's."""
    shape = base(rng, shaped=1.0, wide=0.9)
    waist_y = shape.pit[1] + rng.uniform(15, 18)
    waist = shape.pit[0] * rng.uniform(0.78, 0.86)
    return replace(
        shape,
        waist=(waist, waist_y),
        hem=(waist * flare, length),
        hem_drop=2.0 + 2.4 * max(0, flare - 1.2),
        dip=rng.uniform(9, 14),
        hip=None,
    )


def dress(rng: np.random.Generator, wish: GarmentWish, style: str = "a-line") -> Made:
    """A dress: "a-line", "maxi", "sheath", "shirt", "sleeveless"."""
    length = {"maxi": rng.uniform(128, 142), "sheath": rng.uniform(92, 104)}.get(
        style, rng.uniform(92, 112)
    )
    flare = {"maxi": rng.uniform(1.7, 2.1), "sheath": 1.12}.get(style, rng.uniform(1.6, 2.2))
    shape = bodice(rng, length, flare)
    sleeveless = style in ("sleeveless", "sheath") or (style == "maxi" and rng.random() < 0.6)
    if sleeveless:
        shape = replace(
            shape, tip=(shape.pit[0] * rng.uniform(0.70, 0.8), shape.tip[1] - 0.6), inset=1.8
        )
    elif rng.random() < 0.5:
        shape = sleeved(
            rng,
            shape,
            rng.uniform(13, 18),
            rng.uniform(7, 8),
            pose_of(rng, wish, long=False),
            puff=rng.uniform(0, 1.6),
        )
    else:
        shape = sleeved(
            rng,
            shape,
            rng.uniform(45, 50),
            rng.uniform(5, 5.6),
            pose_of(rng, wish, long=True),
            puff=rng.uniform(0, 1.8),
        )
    if style == "shirt":
        shape = replace(shape, neck=rng.uniform(7.4, 8.2), dip=rng.uniform(6.4, 7.2))
    elif rng.random() < 0.5:
        shape = replace(shape, dip=rng.uniform(15, 19), power=1.2)
    cloth = wish.cloth or chosen(rng, ("woven", "jersey", "satin", "linen"), PRINTS)
    return upper_made("dress", dress_panels(shape, cloth, style, rng), shape)


def slip_dress(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A long dress on thin straps."""
    shape = hung(base(rng, shaped=0.8, wide=0.84, long=1.0), rng)
    waist_y = shape.pit[1] + 17
    shape = replace(
        shape,
        waist=(shape.pit[0] * 0.86, waist_y),
        hip=(shape.pit[0] * 1.02, waist_y + 22),
        hem=(shape.pit[0] * rng.uniform(1.15, 1.4), rng.uniform(112, 132)),
        hem_drop=3.0,
    )
    cloth = wish.cloth or chosen(rng, ("satin", "satin", "woven"), ("floral", "leafy", "dots"))
    return upper_made("dress", hung_panels(shape, cloth, rng), shape)


def waist_line(shape: UpperCut) -> Line:
    """The waist's seam, from left to right."""
    x, y = shape.waist
    return through((-x, y), (-0.5 * x, y + 0.7), (0, y + 0.9), (0.5 * x, y + 0.7), (x, y))


def _upper_half(shape: UpperCut, cloth: Fabric, rng: np.random.Generator) -> Panel:
    side = joined(shoulder(shape, 1), armhole(shape, 1)[1:], part(flank(shape, 1), 0, 0.5, 30)[1:])
    x, y = shape.waist
    trunk_flank = through(
        shape.pit, ((shape.pit[0] + x) / 2 - 0.35, (shape.pit[1] + y) / 2), shape.waist
    )
    side = joined(shoulder(shape, 1), armhole(shape, 1)[1:], trunk_flank[1:])
    outline = joined(
        front_neck(shape), side[1:], waist_line(shape)[::-1][1:-1], mirrored(side)[:-1]
    )
    folds = creases.gathered(rng, waist_line(shape), -9.0, 1.0, 2.6)
    seams: list[Seam] = []
    for s in SIDES:
        points = points_of(shape, s)
        folds += creases.below_arm(rng, points, s, 0.7)
        if shape.sleeves:
            seams.append(pressed(beside(armhole(shape, s), 0.28 * s), depth=0.03, pucker=0.03))
        else:
            seams.append(stitched(beside(armhole(shape, s), 0.8 * s), colour=cloth.colour))
        dart = through((0.55 * x, y), (0.53 * x, y - 8), (0.56 * x, y - 14))
        seams.append(pressed(flipped(dart, s), depth=0.04, pucker=0.02))
    return Panel(outline, cloth, folds=tuple(folds), seams=tuple(seams))


def dress_panels(
    shape: UpperCut, cloth: Fabric, style: str, rng: np.random.Generator
) -> list[Panel]:
    """All panels of a dress, back to front."""
    shirt = style == "shirt"
    trim = Trim(
        cloth,
        cloth,
        neck="shirt" if shirt else "bound",
        front="buttons" if shirt else "plain",
        band_cm=1.0,
        ends="cuff" if shape.sleeves and shape.sleeves[0].length > 30 else "hem",
        label=not shirt or True,
    )
    panels = [*back_panels(shape, trim), *(collar_behind(shape, trim) if shirt else [])]
    sleeves = [panel for side in SIDES for panel in sleeve_panels(shape, trim, side, rng)]
    beneath = shape.pose in ("spread", "hanging")
    panels += sleeves if beneath else []
    panels += [_skirt(shape, cloth, style, rng), _upper_half(shape, cloth, rng)]
    if style in ("a-line", "shirt") and rng.random() < 0.6:
        line = waist_line(shape)
        panels.append(
            Panel(
                joined(shifted(line, 0, -1.6), (shifted(line, 0, 1.6))[::-1]),
                cloth,
                crumple=0.4,
                thick=0.8,
                seams=(
                    stitched(shifted(line, 0, -1.2), shifted(line, 0, 1.2), colour=cloth.colour),
                ),
            )
        )
    panels += (
        [*closure(shape, trim, rng), *collar_leaves(shape, trim)]
        if shirt
        else neck_band(shape, trim)
    )
    return panels + ([] if beneath else sleeves)


def _skirt(shape: UpperCut, cloth: Fabric, style: str, rng: np.random.Generator) -> Panel:
    x, y = shape.waist
    hem_x, hem_y = shape.hem
    flat = style == "sheath"
    hip_y = 20.0
    hip_x = x + (hem_x - x) * (0.75 if flat else 0.34) + (1.5 if flat else 1.2)
    skirt = SkirtCut(
        x, (hip_x, hip_y), (hem_x, hem_y - y), shape.hem_drop, 0.0, "pencil" if flat else "gathered"
    )
    panel = skirt_front(skirt, cloth, 1.1, rng, shifted(waist_line(shape), 0, -y))
    return replace(
        panel,
        outline=shifted(panel.outline, 0, y),
        folds=_lowered(panel, y),
        seams=tuple(
            replace(seam, lines=tuple(shifted(line, 0, y) for line in seam.lines))
            for seam in panel.seams
        ),
    )


def _lowered(panel: Panel, by: float) -> tuple[Fold, ...]:
    down = np.array([0.0, by])
    return tuple(
        replace(one, start=np.asarray(one.start) + down, end=np.asarray(one.end) + down)
        for one in panel.folds
    )


def jumpsuit(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A bodice with trousers sewn on."""
    shape = bodice(rng, 142.0, 1.0)
    shape = sleeved(
        rng, shape, rng.uniform(13, 17), rng.uniform(7, 8), pose_of(rng, wish, long=False)
    )
    x, y = shape.waist
    legs = LegsCut(
        x,
        (x * 1.24, 20.0),
        rng.uniform(29, 31),
        rng.uniform(70, 76),
        11.5,
        rng.uniform(10, 13),
        (0.05, 0.05),
        0.5,
        3.4,
    )
    cloth = wish.cloth or chosen(rng, ("woven", "linen"), ("leafy", "pinstripes"))
    lower = [_moved(panel, y - 1.3) for panel in leg_panels(legs, LegsTrim(cloth, "dress"), rng)]
    trim = Trim(cloth, cloth, neck="bound", band_cm=1.0)
    panels = back_panels(shape, trim)
    panels += [panel for side in SIDES for panel in sleeve_panels(shape, trim, side, rng)]
    panels += [_upper_half(shape, cloth, rng), *lower[1:], *neck_band(shape, trim)]
    hem = leg_points(legs, 1)["hem_outer"]
    shape = replace(shape, hem=(float(hem[0]), float(hem[1]) + y - 1.3), hem_drop=0.0)
    made = upper_made("jumpsuit", panels, shape)
    return replace(made, sizes_cm=made.sizes_cm | {"inseam": legs.leg})


def _moved(panel: Panel, by: float) -> Panel:
    down = np.array([0.0, by])
    seams = tuple(
        replace(seam, lines=tuple(line + down for line in seam.lines)) for seam in panel.seams
    )
    patches = tuple(
        replace(one, middle=(one.middle[0], one.middle[1] + by)) for one in panel.patches
    )
    pivot = (panel.pivot[0], panel.pivot[1] + by)
    return replace(
        panel,
        outline=panel.outline + down,
        folds=_lowered(panel, by),
        seams=seams,
        patches=patches,
        pivot=pivot,
        holes=tuple(hole + down for hole in panel.holes),
    )
