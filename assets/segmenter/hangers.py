"""Hangers as people have them: wire, plastic, wood; bars before the waistband or above it, clips of
any size at its corners or inside. No part of the garment."""

from collections.abc import Sequence

import numpy as np

from devstack.garments.cloth import Fabric
from devstack.garments.curves import XY, Line, beside, flipped, joined, shifted, straight, through
from devstack.garments.made import Made
from devstack.garments.panel import Panel
from devstack.garments.shape import SIDES


def hung_anyhow(made: Made, rng: np.random.Generator) -> Sequence[Panel]:
    """The garment's panels with such a hanger among them."""
    if made.points is None or made.family == "none":
        return made.panels
    dark = float(rng.uniform(8, 60))
    colour = (dark, dark, dark) if rng.random() < 0.6 else tuple(rng.uniform(10, 250, 3))
    r, g, b = (int(one) for one in colour)
    cloth = Fabric("leather", (r, g, b))
    if made.family == "upper":
        bars = _arms(made.points[1]["tip"], rng)
        return [*made.panels[:1], *(_panel(one, cloth) for one in bars), *made.panels[1:]]
    half = float(made.points[1]["waist"][0])
    bar, clips = _bar(half, rng), _clips(half, rng)
    before = rng.random() < 0.4  # the bar hangs before the waistband
    behind = [] if before else [_panel(bar, cloth)]
    return [
        _panel(_hook(float(bar[:, 1].min()), rng), cloth),
        *behind,
        *made.panels,
        *([_panel(bar, cloth)] if before else []),
        *(_panel(one, cloth) for one in clips),
    ]


def _panel(outline: Line, cloth: Fabric) -> Panel:
    return Panel(outline, cloth, worn=False, thick=1.5, crumple=0.1)


def _hook(foot: float, rng: np.random.Generator) -> Line:
    wide = float(rng.uniform(0.15, 0.5))
    line = through(
        (0, foot + 0.5), (0, foot - 5), (1.9, foot - 7.2), (2.2, foot - 10), (0, foot - 12)
    )
    return joined(beside(line, wide), beside(line, -wide)[::-1])


def _arms(tip: XY, rng: np.random.Generator) -> list[Line]:
    thick, out = float(rng.uniform(0.4, 2.6)), float(rng.uniform(-4, 1.5))
    top, end = (
        float(rng.uniform(-1.5, 1.5)),
        (float(tip[0]) + out, float(tip[1]) + rng.uniform(0, 4)),
    )
    arm = through((0, top), (0.3 * end[0], top + 0.2 * (end[1] - top)), end)
    outline = joined(arm, shifted(arm, 0, thick)[::-1])
    found = [flipped(outline, side) for side in SIDES] + [_hook(top, rng)]
    if rng.random() < 0.5:  # and a bar across
        low = float(rng.uniform(4, 11))
        bar = straight((-0.8 * end[0], low), (0.8 * end[0], low))
        found.append(joined(bar, shifted(bar, 0, float(rng.uniform(0.4, 1.4)))[::-1]))
    return found


def _bar(half: float, rng: np.random.Generator) -> Line:
    y, bow = float(rng.uniform(-5, 0.8)), float(rng.uniform(0, 1.2))
    out = half + float(rng.uniform(-3, 3))
    bar = through((-out, y), (0, y - bow), (out, y))
    return joined(bar, shifted(bar, 0, float(rng.uniform(0.5, 2.4)))[::-1])


def _clips(half: float, rng: np.random.Generator) -> list[Line]:
    x, wide = half - float(rng.uniform(-0.5, 5)), float(rng.uniform(0.8, 2.4))
    top, low = float(rng.uniform(-5, -1)), float(rng.uniform(0.8, 4.5))
    return [
        joined(
            straight((side * x - wide, top), (side * x + wide, top)),
            straight((side * x + 1.2 * wide, low), (side * x - 1.2 * wide, low)),
        )
        for side in SIDES
    ]
