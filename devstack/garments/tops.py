"""Tops by kind: plausible random cuts, cloth and trimmings for each."""

from dataclasses import replace

import numpy as np

from devstack.garments.cloth import ClothKind
from devstack.garments.fabrics import chosen, trimmed
from devstack.garments.fronts import closure, pockets
from devstack.garments.made import GarmentWish, Made, upper_made
from devstack.garments.necks import (
    collar_behind,
    collar_leaves,
    facing,
    hood,
    lapels,
    stand,
    turtle,
)
from devstack.garments.panel import Panel
from devstack.garments.shape import SIDES, Pose, Sleeve, UpperCut
from devstack.garments.upper import (
    Trim,
    back_panels,
    front_panels,
    neck_band,
    rib_hem,
    sleeve_panels,
)

POSES: tuple[Pose, ...] = ("spread", "hanging", "closed", "folded")
JERSEY: tuple[ClothKind, ...] = ("jersey",)
SHIRTING: tuple[ClothKind, ...] = ("woven", "woven", "linen")
KNIT: tuple[ClothKind, ...] = ("knit", "knit", "wool")


def base(
    rng: np.random.Generator, *, wide: float = 1.0, long: float = 1.0, shaped: float = 0.5
) -> UpperCut:
    """A crew-necked trunk without sleeves. `shaped`: 0 straight, 1 taken in at the waist."""
    pit = rng.uniform(23.0, 26.0) * wide
    tip_y = rng.uniform(3.8, 5.0)
    high = pit * rng.uniform(0.74, 0.82) / wide**0.5
    hem_y = rng.uniform(66, 74) * long
    waist_x = pit * (1 - 0.11 * shaped * rng.uniform(0.5, 1.2))
    hem = pit * rng.uniform(0.96, 1.02)
    pit_y = tip_y + high
    return UpperCut(
        rng.uniform(8.2, 9.4),
        (pit * rng.uniform(0.85, 0.90), tip_y),
        (pit, pit_y),
        (waist_x, pit_y + 0.5 * (hem_y - pit_y)),
        None,
        (hem, hem_y),
        rng.uniform(8.6, 10.5),
        rng.uniform(2.0, 2.4),
        rng.uniform(1.4, 2.2),
        rng.uniform(0.4, 1.4),
        None,
    )


def sleeved(  # noqa: PLR0913 (a cut, and its sleeves' size, pose and fullness)
    rng: np.random.Generator,
    shape: UpperCut,
    length: float,
    half_cuff: float,
    pose: Pose,
    *,
    puff: float = 0.0,
) -> UpperCut:
    """The cut with sleeves in this pose; left and right differ a little, as laid by hand."""
    long = length > 30
    spread = {
        "spread": (0.56, 0.80),
        "hanging": (0.30, 0.42),
        "closed": (0.06, 0.14),
        "folded": (0.16, 0.26),
    }[pose]
    if not long:
        spread = {
            "spread": (0.72, 0.98),
            "hanging": (0.55, 0.68),
            "closed": (0.42, 0.5),
            "folded": (0.42, 0.5),
        }[pose]
    angle, bend = rng.uniform(*spread), rng.uniform(0.02, 0.14) if long else 0.0
    sleeves = []
    for _ in SIDES:
        upper = angle + rng.normal(0, 0.02)
        lower = upper - bend * (1 if pose != "closed" else 0.3) + rng.normal(0, 0.015)
        if pose == "folded" and long:
            lower = -rng.uniform(0.85, 1.15)
        sleeves.append(Sleeve(length, upper, lower, half_cuff, puff))
    return replace(shape, sleeves=(sleeves[0], sleeves[1]), pose=pose)


def pose_of(rng: np.random.Generator, wish: GarmentWish, *, long: bool) -> Pose:
    """As wished, else spread or hanging, rarely closed or folded."""
    drawn: Pose = POSES[int(rng.choice(4, p=(0.5, 0.34, 0.1, 0.06) if long else (0.8, 0.2, 0, 0)))]
    return wish.pose or drawn


def assembled(shape: UpperCut, trim: Trim, rng: np.random.Generator) -> list[Panel]:
    """All panels of a top, back to front."""
    behind, before = _neck(shape, trim, rng)
    sleeves = [panel for side in SIDES for panel in sleeve_panels(shape, trim, side, rng)]
    beneath = shape.pose in ("spread", "hanging")
    panels = [] if trim.neck == "hood" else back_panels(shape, trim)
    panels = [*behind, *panels] if trim.neck in ("stand", "turtle") else [*panels, *behind]
    panels += sleeves if beneath else []
    panels += front_panels(shape, trim, rng)
    if trim.ends == "rib":
        panels.append(rib_hem(shape, trim))
    panels += pockets(shape, trim, rng)
    panels += (
        [*before, *closure(shape, trim, rng)]
        if trim.neck == "open"
        else [*closure(shape, trim, rng), *before]
    )
    return panels + ([] if beneath else sleeves)


def _neck(shape: UpperCut, trim: Trim, rng: np.random.Generator) -> tuple[list[Panel], list[Panel]]:
    if trim.neck in ("crew", "bound"):
        return [], neck_band(shape, trim)
    if trim.neck in ("shirt", "polo"):
        return collar_behind(shape, trim), collar_leaves(shape, trim)
    if trim.neck == "lapel":
        return collar_behind(shape, trim), lapels(shape, trim, width=rng.uniform(8, 9.5))
    if trim.neck == "hood":
        return hood(shape, trim, rng)
    if trim.neck in ("stand", "turtle"):
        ribs = 0.42 if trim.second.kind == "knit" else 0.0
        return turtle(shape, trim) if trim.neck == "turtle" else stand(shape, trim, ribs_cm=ribs)
    return [], [facing(shape, trim)]


def tee(rng: np.random.Generator, wish: GarmentWish, neck: str = "crew") -> Made:
    """A T-shirt: crew, V or scoop neck."""
    shape = base(rng, shaped=rng.uniform(0, 1), wide=rng.uniform(0.9, 1.1))
    if neck == "v":
        shape = replace(shape, dip=rng.uniform(14, 19), power=rng.uniform(1.12, 1.25))
    if neck == "scoop":
        shape = replace(
            shape, neck=rng.uniform(9.5, 11), dip=rng.uniform(13, 17), power=rng.uniform(2.1, 2.6)
        )
    shape = sleeved(
        rng, shape, rng.uniform(14, 20), rng.uniform(7.6, 8.8), pose_of(rng, wish, long=False)
    )
    cloth = wish.cloth or chosen(rng, JERSEY, ("breton", "stripes", "dots", "shapes"), graphic=0.3)
    trim = Trim(
        cloth,
        trimmed(rng, cloth),
        neck="crew" if neck == "crew" else "bound",
        band_cm=1.9 if neck == "crew" else 1.2,
    )
    return upper_made("t-shirt", assembled(shape, trim, rng), shape)


def long_sleeve(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A top with long or three-quarter sleeves and a boat or crew neck."""
    shape = replace(
        base(rng, shaped=0.8, wide=0.93), neck=rng.uniform(8.8, 11.5), dip=rng.uniform(6.5, 9)
    )
    shape = sleeved(
        rng,
        shape,
        rng.choice([37.0, 50.0]) + rng.uniform(-2, 3),
        5.4,
        pose_of(rng, wish, long=True),
    )
    cloth = wish.cloth or chosen(rng, JERSEY, ("breton", "ditsy", "stripes"))
    return upper_made(
        "top",
        assembled(shape, Trim(cloth, trimmed(rng, cloth), neck="bound", band_cm=1.3), rng),
        shape,
    )


def polo(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A polo shirt: ribbed collar, short placket."""
    shape = replace(base(rng, shaped=0.3), neck=rng.uniform(7.8, 8.6), dip=rng.uniform(6.5, 7.5))
    shape = sleeved(
        rng, shape, rng.uniform(16, 20), rng.uniform(7.6, 8.4), pose_of(rng, wish, long=False)
    )
    cloth = wish.cloth or chosen(rng, JERSEY, ("stripes", "breton"))
    trim = Trim(cloth, trimmed(rng, cloth.plain()), neck="polo", front="placket")
    return upper_made("polo", assembled(shape, trim, rng), shape)


def shirt(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A buttoned shirt with a collar, cuffs and a chest pocket."""
    shape = replace(
        base(rng, long=1.07),
        neck=rng.uniform(7.4, 8.2),
        dip=rng.uniform(6.2, 7.2),
        hem_drop=rng.uniform(3, 6),
    )
    short = rng.random() < 0.2 and wish.pose is None
    length, cuff = (
        (rng.uniform(18, 22), rng.uniform(8.2, 9))
        if short
        else (rng.uniform(50, 54), rng.uniform(5.4, 6.2))
    )
    shape = sleeved(rng, shape, length, cuff, pose_of(rng, wish, long=not short))
    cloth = wish.cloth or chosen(
        rng, SHIRTING, ("checks", "gingham", "pinstripes", "uprights", "ditsy")
    )
    trim = Trim(
        cloth,
        cloth,
        neck="shirt",
        front="buttons",
        pocket="chest",
        ends="hem" if short else "cuff",
        depth=1.1,
    )
    return upper_made("shirt", assembled(shape, trim, rng), shape)


def blouse(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A soft blouse with full sleeves gathered into cuffs."""
    shape = replace(
        base(rng, shaped=0.4, wide=0.95), dip=rng.uniform(12, 17), power=rng.uniform(1.15, 1.4)
    )
    shape = sleeved(
        rng,
        shape,
        rng.uniform(46, 52),
        5.2,
        pose_of(rng, wish, long=True),
        puff=rng.uniform(1.5, 3.0),
    )
    cloth = wish.cloth or chosen(rng, ("satin", "woven"), ("ditsy", "floral", "dots", "leafy"))
    trim = Trim(cloth, cloth, neck="bound", ends="cuff", depth=1.35, band_cm=1.1)
    return upper_made("blouse", assembled(shape, trim, rng), shape)


def tank(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A tank top with broad straps."""
    shape = replace(
        base(rng, shaped=0.7, wide=0.9, long=0.95),
        neck=rng.uniform(8.5, 10),
        dip=rng.uniform(13, 18),
    )
    shape = replace(
        shape,
        tip=(shape.neck + rng.uniform(4, 6), rng.uniform(1.8, 2.6)),
        inset=2.4,
        shoulders="straps",
        back=7.0,
    )
    cloth = wish.cloth or chosen(rng, JERSEY, ("breton", "stripes", "ditsy"))
    return upper_made(
        "tank",
        assembled(shape, Trim(cloth, trimmed(rng, cloth), neck="bound", band_cm=1.2), rng),
        shape,
    )


def crop_top(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A short top, with short sleeves or without."""
    shape = replace(base(rng, shaped=0.5, wide=0.9, long=0.62), dip=rng.uniform(9, 13))
    shape = replace(shape, waist=(shape.waist[0], (shape.pit[1] + shape.hem[1]) / 2))
    if rng.random() < 0.6:
        shape = sleeved(
            rng, shape, rng.uniform(11, 15), rng.uniform(7.2, 8), pose_of(rng, wish, long=False)
        )
    else:
        shape = replace(shape, tip=(shape.pit[0] * 0.74, shape.tip[1]), inset=2.0)
    cloth = wish.cloth or chosen(rng, JERSEY, ("breton", "ditsy", "gingham"))
    return upper_made(
        "crop-top",
        assembled(shape, Trim(cloth, trimmed(rng, cloth), neck="bound", band_cm=1.4), rng),
        shape,
    )
