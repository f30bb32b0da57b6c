"""Hangers with a hook, in front of a garment's back; clips on a waistband.

No part of the garment.
"""

import numpy as np

from devstack.garments.cloth import Fabric
from devstack.garments.curves import (
    beside,
    bowed,
    disc,
    flipped,
    joined,
    shifted,
    straight,
    through,
)
from devstack.garments.made import Made
from devstack.garments.panel import Panel
from devstack.garments.shape import SIDES

STEEL = Fabric("metal", (176, 176, 174))
PALE, DARK = (206, 168, 122), (58, 46, 40)


def hung_up(made: Made, rng: np.random.Generator) -> list[Panel]:
    """The garment's panels with its hanger among them."""
    wood = Fabric("leather", PALE if rng.random() < 0.6 else DARK)
    if made.family == "upper" and made.points is not None:
        arms = _arms(made, wood)
        return [*made.panels[:1], *arms, *_hook((0.0, 1.5)), *made.panels[1:]]
    if made.family in ("legs", "skirt") and made.points is not None:
        return [
            *_hook((0.0, -5.5)),
            *_clips(float(made.points[1]["waist"][0]), wood),
            *made.panels,
            *_grips(made),
        ]
    return made.panels


def _hook(foot: tuple[float, float]) -> list[Panel]:
    x, y = foot
    line = through(
        (x, y), (x, y - 5), (x + 1.9, y - 7.2), (x + 2.2, y - 10), (x, y - 12), (x - 2.4, y - 10.6)
    )
    wire = joined(beside(line, 0.22), beside(line, -0.22)[::-1])
    nail = disc((x, y - 12.4), 0.9)
    return [
        Panel(nail, Fabric("metal", (150, 146, 140)), worn=False, thick=2.0, crumple=0),
        Panel(wire, STEEL, worn=False, thick=2.0, crumple=0),
    ]


def _arms(made: Made, wood: Fabric) -> list[Panel]:
    assert made.points is not None
    out = []
    for side in SIDES:
        tip = made.points[1]["tip"]
        end = (float(tip[0]) - 2.5, float(tip[1]) + 2.2)
        top = through((0, 0.6), (5, 1.0), (0.6 * end[0], 0.35 * end[1] + 1.4), end)
        low = shifted(top, 0, 2.4)
        outline = joined(top, bowed(top[-1], low[-1], 0.6)[1:-1], low[::-1])
        out.append(Panel(flipped(outline, side), wood, worn=False, thick=1.5, crumple=0.1))
    return out


def _clips(half: float, wood: Fabric) -> list[Panel]:
    bar = through((-half - 2, -4.6), (0, -6.2), (half + 2, -4.6))
    return [
        Panel(joined(bar, (shifted(bar, 0, 1.7))[::-1]), wood, worn=False, thick=1.4, crumple=0.1)
    ]


def _grips(made: Made) -> list[Panel]:
    assert made.points is not None
    half = float(made.points[1]["waist"][0])
    out = []
    for side in SIDES:
        x = side * (half - 4.5)
        rod = straight((x, -5.0), (x, -1.5))
        grip = joined(
            straight((x - 1.3, -2.4), (x + 1.3, -2.4)), straight((x + 1.6, 2.2), (x - 1.6, 2.2))
        )
        out += [
            Panel(
                joined(beside(rod, 0.2), beside(rod, -0.2)[::-1]),
                STEEL,
                worn=False,
                thick=1.5,
                crumple=0,
            ),
            Panel(grip, STEEL, worn=False, thick=2.2, crumple=0),
        ]
    return out
