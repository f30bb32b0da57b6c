"""Trousers, shorts and skirts by kind: plausible random cuts and cloth for each."""

from dataclasses import replace

import numpy as np

from devstack.garments.cloth import Fabric
from devstack.garments.fabrics import chosen, solid
from devstack.garments.legs import LegsCut, LegsTrim, LegStyle, leg_panels, leg_points
from devstack.garments.made import GarmentWish, Made
from devstack.garments.skirts import SkirtCut, SkirtStyle, skirt_panels, skirt_points


def cut(
    rng: np.random.Generator, *, leg: float, knee: float, hem: float, angle: float = 0.05
) -> LegsCut:
    """A cut with these leg length, half knee and half hem widths in cm."""
    waist = rng.uniform(18.5, 21.5)
    hip = waist * rng.uniform(1.22, 1.32)
    rise = rng.uniform(25.5, 29)
    angles = (angle + rng.normal(0, 0.008), angle + rng.normal(0, 0.008))
    return LegsCut(
        waist,
        (hip, rise * rng.uniform(0.68, 0.76)),
        rise,
        leg,
        knee,
        hem,
        angles,
        rng.uniform(0.3, 1.2),
    )


def made_of(category: str, shape: LegsCut, trim: LegsTrim, rng: np.random.Generator) -> Made:
    """Trousers with their truth."""
    sizes = {
        "waist_half_girth": 2 * shape.waist,
        "hip_half_girth": 2 * shape.hip[0],
        "rise": shape.rise,
        "inseam": shape.leg,
        "outseam": shape.rise + shape.leg,
        "hem_width": 2 * shape.half_hem,
        "knee_width": 2 * shape.half_knee,
    }
    points = leg_points(shape, -1), leg_points(shape, 1)
    return Made(category, leg_panels(shape, trim, rng), sizes, "legs", points)


def jeans(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """Jeans: straight, slim or wide."""
    fit = rng.uniform(0, 1)
    shape = cut(
        rng,
        leg=rng.uniform(74, 81),
        knee=9.6 + 3.2 * fit,
        hem=7.8 + 4.5 * fit,
        angle=rng.uniform(0.03, 0.08),
    )
    cloth = wish.cloth or solid(rng, "denim")
    trim = LegsTrim(cloth, "jeans", worn_out=rng.uniform(0.0, 0.38), turn_up=rng.random() < 0.12)
    return made_of("jeans", shape, trim, rng)


def trousers(rng: np.random.Generator, wish: GarmentWish, style: LegStyle = "chino") -> Made:
    """Chinos, pressed trousers or joggers."""
    fit = rng.uniform(0, 1)
    shape = cut(
        rng,
        leg=rng.uniform(74, 81),
        knee=10.2 + 2.4 * fit,
        hem=8.6 + 3.4 * fit,
        angle=rng.uniform(0.03, 0.08),
    )
    if style == "jogger":
        shape = replace(shape, half_knee=11.0, half_hem=6.8, band_cm=5.0)
    kinds = {"chino": ("woven", "linen"), "dress": ("wool", "woven"), "jogger": ("fleece",)}.get(
        style, ("woven",)
    )
    names = (
        "sand",
        "olive",
        "navy",
        "charcoal",
        "chocolate",
        "sage",
        "grey",
        "black",
        "camel",
        "ecru",
    )
    cloth = wish.cloth or solid(rng, str(rng.choice(kinds)), names)  # type: ignore[arg-type]  # one of the kinds above
    return made_of(
        "trousers",
        shape,
        LegsTrim(cloth, style, turn_up=style == "chino" and rng.random() < 0.2),
        rng,
    )


def wide_trousers(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """Flowing wide-legged trousers."""
    shape = cut(
        rng,
        leg=rng.uniform(74, 80),
        knee=rng.uniform(13.5, 15),
        hem=rng.uniform(14.5, 18),
        angle=0.10,
    )
    cloth = wish.cloth or chosen(
        rng, ("woven", "satin", "linen"), ("leafy", "floral", "shapes", "uprights")
    )
    return made_of("trousers", shape, LegsTrim(cloth, "dress", depth=1.2), rng)


def shorts(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """Shorts: chino or denim."""
    shape = cut(rng, leg=rng.uniform(12, 26), knee=14.2, hem=14.6, angle=0.13)
    shape = replace(shape, half_knee=shape.hip[0] * 0.535, half_hem=shape.hip[0] * 0.53)
    denim = wish.cloth.kind == "denim" if wish.cloth else rng.random() < 0.4
    cloth = wish.cloth or (
        solid(rng, "denim") if denim else chosen(rng, ("woven", "linen"), ("gingham", "leafy"))
    )
    return made_of(
        "shorts",
        shape,
        LegsTrim(cloth, "jeans" if denim else "chino", worn_out=0.1 if denim else 0.0),
        rng,
    )


def leggings(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """Tight and stretchy."""
    shape = cut(rng, leg=rng.uniform(64, 70), knee=6.8, hem=4.6, angle=0.05)
    shape = replace(
        shape,
        waist=shape.waist * 0.82,
        hip=(shape.hip[0] * 0.78, shape.hip[1]),
        band_cm=8.0,
        gap=0.4,
    )
    cloth = wish.cloth or Fabric(
        "jersey", solid(rng, "jersey", ("black", "charcoal", "navy", "burgundy", "forest")).colour
    )
    return made_of("leggings", shape, LegsTrim(cloth, "legging", depth=0.5), rng)


def skirt(rng: np.random.Generator, wish: GarmentWish, style: SkirtStyle = "a-line") -> Made:
    """A skirt: A-line, pencil, pleated, buttoned, gathered."""
    waist = rng.uniform(17, 20)
    hip = waist * rng.uniform(1.24, 1.34)
    length = rng.uniform(52, 78) if style in ("pleated", "gathered") else rng.uniform(44, 66)
    hem = {"pencil": hip * rng.uniform(0.92, 1.0), "a-line": waist * rng.uniform(1.6, 2.0)}.get(
        style, waist * rng.uniform(1.8, 2.3)
    )
    if style not in ("pencil",):
        hip = waist + (hem - waist) * rng.uniform(0.40, 0.48)
    drop = 0.6 if style == "pencil" else 2.2 + 1.6 * (hem / waist - 1)
    shape = SkirtCut(waist, (hip, 19.0), (hem, length), drop, 3.6, style)
    kinds = {
        "pencil": ("wool", "woven"),
        "pleated": ("satin", "woven"),
        "buttoned": ("denim", "woven", "linen"),
    }.get(style, ("woven", "linen"))
    repeats = () if style in ("buttoned",) else ("floral", "ditsy", "leafy", "checks", "dots")
    cloth = wish.cloth or chosen(rng, kinds, repeats)  # type: ignore[arg-type]  # kinds, all of them
    sizes = {
        "waist_half_girth": 2 * waist,
        "hip_half_girth": 2 * hip,
        "body_length": length + drop,
        "hem_width": 2 * hem,
    }
    points = skirt_points(shape, -1), skirt_points(shape, 1)
    return Made(
        "skirt",
        skirt_panels(shape, cloth, 1.1, rng),
        sizes,
        "skirt",
        points,
        np.array([0.0, length + drop]),
    )
