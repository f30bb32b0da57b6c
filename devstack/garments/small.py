"""Hats, scarves, bags, belts. Lengths in cm."""

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Fabric, shaded
from devstack.garments.curves import (
    Line,
    beside,
    disc,
    evenly,
    joined,
    mirrored,
    part,
    shifted,
    straight,
    through,
)
from devstack.garments.fabrics import COLOURS, chosen, dyed, solid
from devstack.garments.fields import Fold
from devstack.garments.made import GarmentWish, Made
from devstack.garments.panel import Fade, Panel, Seam
from devstack.garments.pieces import band, fringe, stitched

METAL = Fabric("metal", (196, 166, 104))


def hat(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A hat with a brim and a ribbon, a little from above."""
    cloth = wish.cloth or solid(
        rng, "wool", ("camel", "black", "sand", "chocolate", "olive", "ecru")
    )
    brim_x, brim_y, x, high = (
        rng.uniform(18.5, 22),
        rng.uniform(6.5, 8),
        rng.uniform(9.5, 10.5),
        rng.uniform(11, 13),
    )
    brim = disc((0, 0), brim_x, tall=brim_y / brim_x)
    crown_right = through(
        (0, -high),
        (0.45 * x, -high - 0.4),
        (0.86 * x, -high + 1.8),
        (0.97 * x, -0.45 * high),
        (x + 0.3, 0.6),
    )
    foot = through((x + 0.3, 0.6), (0.6 * x, 2.6), (0, 3.3))
    crown = joined(crown_right, foot[1:], mirrored(joined(crown_right, foot[1:]))[1:-1])
    ribbon_top = joined(
        mirrored(through((0, -0.4), (0.6 * x, -1.0), (x, -2.8)))[:-1],
        through((0, -0.4), (0.6 * x, -1.0), (x, -2.8)),
    )
    ribbon_low = joined(mirrored(foot[::-1])[:-1], foot[::-1])
    folds = (
        Fold((0.2, -high + 0.2), (0.0, -0.4 * high), 2.4, -0.5, 0.2),
        Fold((-0.7 * x, -high + 3), (-0.75 * x, -1), 2.0, 0.2),
    )
    panels = [
        Panel(
            brim,
            cloth,
            thick=0.7,
            patches=(Fade((2, 3.5), (x, 2.6), 0.72),),
            seams=(
                stitched(disc((0, 0), 0.96 * brim_x, tall=brim_y / brim_x), colour=cloth.colour),
            ),
        ),
        Panel(
            crown,
            cloth,
            thick=3.2,
            folds=folds,
            patches=(
                Fade((-0.4 * x, -0.6 * high), (4, 6), 1.10),
                Fade((0.8 * x, 0), (4, 9), 0.8),
            ),
        ),
        band(ribbon_top, ribbon_low, Fabric("satin", shaded(cloth.colour, 0.45))),
    ]
    return Made("hat", panels, {"head_girth": 2 * np.pi * x * 0.92})


def beanie(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A ribbed knitted cap with a turned-up edge."""
    cloth = wish.cloth or solid(
        rng, "knit", ("mustard", "navy", "grey", "burgundy", "ecru", "forest")
    )
    x, high = rng.uniform(10.5, 11.5), rng.uniform(20, 22)
    right = through((0, -high), (0.5 * x, -high + 1.2), (0.93 * x, -0.58 * high), (x, -3))
    dome = joined(right, through((x, -3), (0, -1.8), (-x, -3))[1:], mirrored(right)[1:-1])
    lines = tuple(
        through((k * x, -3), (k * x * 0.92, -0.6 * high), (k * 0.25 * x, -high + 0.8))
        for k in np.linspace(-0.95, 0.95, 24)
    )
    body = Panel(
        dome,
        cloth,
        thick=2.0,
        seams=(Seam(lines, 0.09, 0.4, tint=0.86),),
        folds=(Fold((3, -high), (5, -6), 1.5, 0.3, 1),),
    )
    top, foot = (
        through((-x - 0.4, -6.6), (0, -5.2), (x + 0.4, -6.6)),
        through((-x - 0.3, 0), (0, 1.5), (x + 0.3, 0)),
    )
    return Made("hat", [body, band(top, foot, cloth, ribs_cm=0.75)], {"head_girth": 4 * x})


def scarf(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A scarf laid in a loop, both ends down, with fringes."""
    cloth = wish.cloth or chosen(rng, ("wool", "knit"), ("checks", "breton"))
    half, drop = rng.uniform(7, 9), rng.uniform(62, 76)
    loop = through((-8, 15), (-12.5, 5), (-9.5, -7), (0, -11), (9.5, -7), (12.5, 5), (8, 15))
    back = Panel(
        joined(beside(loop, -half * 0.55), beside(loop, half * 0.55)[::-1]),
        cloth,
        shade=0.92,
        thick=1.3,
        folds=tuple(
            Fold(a, b, 1.4, 0.4, 2)
            for a, b in (((-14, 12), (-2, -13)), ((14, 10), (2, -10)), ((-11, 6), (6, -12)))
        ),
    )
    panels = [back]
    for side, reach in ((-1, drop), (1, drop * rng.uniform(0.86, 1.0))):
        left = through(
            (side * 5.5 - 0.86 * half, 7),
            (side * 7.5 - half, 0.5 * reach),
            (side * (9 + rng.uniform(0, 3)) - half, reach),
        )
        right = shifted(left, 2 * half, 0)
        top = through(left[0], (side * 6, 5.0), right[0])
        hem = straight(left[-1], right[-1])
        folds = creases.flared(rng, straight(left[0], right[0]), hem, 1.1, 3)
        folds += [
            Fold((side * 6 + d, 4), (side * 7 + d * 1.4, 26), 1.2, 0.4, 0.6) for d in (-4, 0, 4)
        ]
        panels += fringe(shifted(hem, 0, -0.3), 6.5, cloth, rng)
        panels.append(
            Panel(
                joined(top, right[1:], hem[::-1][1:], left[::-1][1:-1]),
                cloth,
                folds=tuple(folds),
                thick=1.2,
            )
        )
    return Made("scarf", panels, {"body_length": drop + 6.5, "width": 2 * half})


def bag(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A shopper with two handles."""
    names = ("camel", "black", "burgundy", "navy", "chocolate", "sage", "terracotta")
    cloth = wish.cloth or Fabric("leather", dyed(rng, COLOURS[str(rng.choice(names))]))
    x, high, foot = rng.uniform(17, 21), rng.uniform(25, 31), rng.uniform(14, 18)
    right = (
        through((0, 0.7), (0.6 * x, 0.4), (x, 0)),
        through((x, 0), ((x + foot) / 2 + 0.6, 0.5 * high), (foot, high - 1.5)),
        through((foot, high - 1.5), (foot - 1.0, high), (0, high + 0.5)),
    )
    half = joined(right[0], right[1][1:], right[2][1:])
    body = joined(half, mirrored(half)[1:-1])
    rows = (
        stitched(
            np.array([0, high / 2]) + (body - np.array([0, high / 2])) * [0.965, 0.965],
            colour=cloth.colour,
        ),
    )
    folds = (
        Fold((-x * 0.9, 4), (-x * 0.3, high * 0.7), 3.0, 0.3, 1),
        Fold((x * 0.8, high * 0.9), (x * 0.2, high * 0.2), 3.2, 0.24, 1),
    )
    inside = joined(through((-x, 0), (0, -1.6), (x, 0)), through((x, 0), (0, 0.8), (-x, 0))[1:-1])
    strap = _handles(x, cloth)
    panels = [
        strap[0],
        Panel(inside, cloth.plain(), shade=0.45),
        Panel(body, cloth, folds=folds, seams=rows, thick=1.6),
        strap[1],
        *_tabs(x, cloth),
    ]
    return Made("bag", panels, {"width": 2 * x, "body_length": high})


def _handles(x: float, cloth: Fabric) -> list[Panel]:
    """The one behind and the one in front."""
    handle = through(
        (-0.42 * x, 3.5),
        (-0.42 * x, -8),
        (-0.26 * x, -17),
        (0, -19.5),
        (0.26 * x, -17),
        (0.42 * x, -8),
        (0.42 * x, 3.5),
    )
    back_handle = shifted(handle * [0.92, 0.93], 0.8, -0.9)
    return [
        Panel(
            joined(beside(line, 0.8), beside(line, -0.8)[::-1]),
            cloth,
            shade=shade,
            thick=1.4,
            crumple=0.2,
            seams=(stitched(beside(line, 0.5), beside(line, -0.5), colour=cloth.colour, pucker=0),),
        )
        for line, shade in ((back_handle, 0.78), (handle, 1.0))
    ]


def _tabs(x: float, cloth: Fabric) -> list[Panel]:
    """Where the handles are riveted on."""
    tabs = [
        Panel(
            np.array(
                [
                    [s * 0.42 * x - 1.3, 2.2],
                    [s * 0.42 * x + 1.3, 2.2],
                    [s * 0.42 * x + 1.3, 7],
                    [s * 0.42 * x, 8.2],
                    [s * 0.42 * x - 1.3, 7],
                ]
            ),
            cloth,
            thick=0.9,
            crumple=0.1,
        )
        for s in (-1, 1)
    ]
    rivets = [Panel(disc((s * 0.42 * x, 5.9), 0.45), METAL, thick=1, crumple=0) for s in (-1, 1)]
    return [*tabs, *rivets]


def belt(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A belt, closed, laid in a loop seen a little from above."""
    cloth = wish.cloth or Fabric(
        "leather", dyed(rng, COLOURS[str(rng.choice(("black", "chocolate", "camel", "burgundy")))])
    )
    x, y, high = rng.uniform(15, 17), rng.uniform(5, 6.5), rng.uniform(3.0, 4.0)
    angle = np.linspace(0, np.pi, 60)
    arc = np.stack([x * np.cos(angle), y * np.sin(angle)], -1)
    back, front = arc * [1, -1], arc[::-1]
    behind = Panel(
        joined(back, (shifted(back, 0, high))[::-1]),
        cloth.plain(darker=0.8),
        shade=0.55,
        crumple=0.1,
        thick=0.6,
    )
    rows = stitched(
        shifted(front, 0, 0.4), shifted(front, 0, high - 0.4), colour=cloth.colour, pucker=0
    )
    face = Panel(
        joined(front, (shifted(front, 0, high))[::-1]),
        cloth,
        seams=(rows,),
        thick=1.0,
        crumple=0.25,
        patches=(Fade((-x * 0.5, y), (5, 4), 1.15), Fade((x, 0), (4, 6), 0.75)),
    )
    holes = [
        Panel(
            disc(shifted(one, 0, high / 2), 0.2),
            Fabric("rubber", (20, 18, 16)),
            thick=0.1,
            cast=0,
            crumple=0,
        )
        for one in evenly(part(front, 0.62, 0.78), 5)
    ]
    return Made(
        "belt",
        [behind, face, *holes, *_buckle(front, high, cloth)],
        {"width": high, "waist_girth": float(np.pi * (x + y) * 1.05)},
    )


def _buckle(front: Line, high: float, cloth: Fabric) -> list[Panel]:
    """The keeper, the frame and its pin."""
    middle, w, h = np.array([0.0, front[:, 1].max() + high / 2]), 2.9, high / 2 + 0.7
    frame = _rounded(middle, w, h)
    ring = Panel(frame, METAL, holes=(_rounded(middle, w - 0.7, h - 0.7),), thick=2.0, crumple=0)
    pin = Panel(
        joined(
            straight(shifted(middle, -w + 0.2, -0.25), shifted(middle, w, -0.2)),
            straight(shifted(middle, w, 0.2), shifted(middle, -w + 0.2, 0.25)),
        ),
        METAL,
        thick=1.6,
        crumple=0,
    )
    loop_x = 5.2
    keeper_y = float(np.interp(loop_x, front[:, 0], front[:, 1]))
    keeper = Panel(
        np.array(
            [
                [loop_x - 0.7, keeper_y - 0.3],
                [loop_x + 0.7, keeper_y - 0.5],
                [loop_x + 0.7, keeper_y + high + 0.1],
                [loop_x - 0.7, keeper_y + high + 0.3],
            ]
        ),
        cloth,
        thick=1.2,
        crumple=0,
    )
    return [keeper, ring, pin]


def _rounded(middle: Line, w: float, h: float) -> Line:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(
        middle
        + np.stack([w * np.sign(c) * np.abs(c) ** 0.4, h * np.sign(s) * np.abs(s) ** 0.4], -1)
    )
