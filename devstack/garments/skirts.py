"""Skirts, and the lower half of dresses. Lengths in cm, the waist's middle at (0, 0)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from devstack.garments import creases
from devstack.garments.cloth import Fabric
from devstack.garments.curves import (
    XY,
    Line,
    at,
    beside,
    evenly,
    flipped,
    joined,
    mirrored,
    shifted,
    straight,
    through,
)
from devstack.garments.fields import Fold
from devstack.garments.panel import Panel, Seam
from devstack.garments.pieces import buttons, label, stitched
from devstack.garments.shape import Sign

SkirtStyle = Literal["a-line", "pencil", "pleated", "buttoned", "gathered"]


@dataclass(frozen=True, slots=True)
class SkirtCut:
    """Half widths; `hem_drop`: how much lower the hem's middle lies than its corners."""

    waist: float
    hip: tuple[float, float]
    hem: tuple[float, float]
    hem_drop: float
    band_cm: float = 3.6
    style: SkirtStyle = "a-line"


def skirt_points(shape: SkirtCut, side: Sign) -> dict[str, XY]:
    """The named points of one side."""
    return {
        "waist": np.array([side * shape.waist, 0.0]),
        "hip": np.array([side * shape.hip[0], shape.hip[1]]),
        "hem": np.array([side * shape.hem[0], shape.hem[1]]),
    }


def side_edge(shape: SkirtCut, side: Sign = 1) -> Line:
    """From the waist to the hem's corner."""
    (hx, hy), (x, y) = shape.hip, shape.hem
    knots = [(shape.waist, 0.0), (hx, hy), (x, y)]
    if shape.style == "pencil":
        knots.insert(2, (hx * 0.5 + x * 0.5 + 0.4, hy + 0.5 * (y - hy)))
    return flipped(through(*knots), side)


def wavy_hem(shape: SkirtCut, rng: np.random.Generator, waves: int, by_cm: float) -> Line:
    """From the left corner to the right one, with the scallops of cones that end there."""
    x, y = shape.hem
    base = joined(
        mirrored(_half_hem(x, y, shape.hem_drop))[:-1], _half_hem(x, y, shape.hem_drop)[::1]
    )
    base = evenly(base[np.argsort(base[:, 0], kind="stable")], 160)
    share = np.linspace(0, 1, 160)
    phase = rng.uniform(0, 2 * np.pi)
    stretch = share + 0.06 * np.sin(2 * np.pi * 1.5 * share + phase)
    uneven = 0.6 + 0.5 * np.sin(2 * np.pi * 1.3 * share + 2 * phase)
    wave = (
        by_cm * uneven * np.cos(2 * np.pi * waves * stretch + phase) * np.sin(np.pi * share) ** 0.4
    )
    return np.asarray(base + np.stack([np.zeros(160), wave], -1))


def _half_hem(x: float, y: float, drop: float) -> Line:
    return through((0.0, y + drop), (0.45 * x, y + 0.80 * drop), (0.8 * x, y + 0.36 * drop), (x, y))


def skirt_panels(
    shape: SkirtCut, cloth: Fabric, depth: float, rng: np.random.Generator
) -> list[Panel]:
    """All panels, back to front."""
    w, sag = shape.waist, 1.5
    top = through((-w, 0.0), (-0.5 * w, 0.8 * sag), (0, sag), (0.5 * w, 0.8 * sag), (w, 0.0))
    back = joined(through((-w, -0.5), (0, 0.1), (w, -0.5)), (shifted(top, 0, 2.5))[::-1])
    panels = [Panel(back, cloth.plain(), shade=0.6, crumple=0.3), *label((0.0, 0.5), 3.0)]
    panels.append(skirt_front(shape, cloth, depth, rng, shifted(top, 0, 0.6)))
    high = shape.band_cm
    if high:
        wide = 1 + (shape.hip[0] / w - 1) * 0.75 * high / shape.hip[1]
        foot = shifted(top * [wide, 1.0], 0, high)
        rows = (beside(top, -0.5), beside(foot, 0.5))
        panels.append(
            Panel(
                joined(top, foot[::-1]),
                cloth,
                seams=(stitched(*rows, colour=cloth.colour, pucker=0.02),),
                crumple=0.4,
            )
        )
    if shape.style == "buttoned":
        panels += _placket(shape, cloth, sag)
    return panels


def skirt_front(
    shape: SkirtCut, cloth: Fabric, depth: float, rng: np.random.Generator, top: Line
) -> Panel:
    """The front below a line `top` from left to right."""
    flare = shape.hem[0] / shape.waist
    cones = max(2, int(2 + 3.0 * (flare - 1) + rng.integers(0, 3)))
    pleated = shape.style == "pleated"
    waves = 14 if pleated else cones
    hem = wavy_hem(
        shape,
        rng,
        waves,
        0.35 if pleated else 0.0 if shape.style == "pencil" else 0.30 * min(2.0, flare),
    )
    right = side_edge(shape)
    outline = joined(top, right[1:], hem[::-1][1:-1], mirrored(right)[:-1])
    seams: list[Seam] = []
    folds: list[Fold] = []
    if pleated:
        seams, folds = _pleats(top, hem, depth, rng)
    elif shape.style == "pencil":
        folds += [
            Fold(
                (s * shape.hip[0] * 0.95, shape.hip[1] + d),
                (s * 3, shape.hip[1] + d + rng.uniform(-2, 6)),
                1.3,
                0.16 * depth,
                s,
            )
            for s in (-1, 1)
            for d in (-4.0, 6.0, 15.0)
        ]
        folds += creases.drape(rng, hem, shape.hip[1], depth, 3)
    else:
        folds += creases.flared(rng, top, hem, depth, cones)
        folds += creases.flared(rng, top, hem, 0.4 * depth, 2 * cones + 1)
    if shape.style == "gathered":
        folds += creases.gathered(rng, shifted(top, 0, 0.5), 14.0, depth * 1.3, 1.5)
    if not pleated:
        up = shifted(hem, 0, -2.0)
        seams.append(stitched(up[2:-2], colour=cloth.colour, pucker=0.04))
    return Panel(outline, cloth, folds=tuple(folds), seams=tuple(seams))


def _pleats(
    top: Line, hem: Line, depth: float, rng: np.random.Generator
) -> tuple[list[Seam], list[Fold]]:
    """Knife pleats: each a sharp edge with a slope beside it."""
    count = 15
    folds, lines = [], []
    for i in range(1, count):
        share = i / count
        a, b = at(top, share), shifted(at(hem, share), 0, 0.4)
        middle = (a + b) / 2 + np.array([rng.uniform(-0.3, 0.3), 0])
        lines.append(through(a, middle, b))
        width = float(np.linalg.norm(hem[-1] - hem[0])) / count
        folds.append(
            Fold(
                b + (b - a) * 0.1,
                a - (b - a) * 0.2,
                width * 0.55,
                0.30 * depth,
                0.1,
                spread=-0.75,
                lean=3.2,
                fade=0.3,
            )
        )
    return [Seam(tuple(lines), 0.09, 0.14, tint=0.86)], folds


def _placket(shape: SkirtCut, cloth: Fabric, sag: float) -> list[Panel]:
    low = shape.hem[1] + shape.hem_drop
    line = straight((0, sag), (0, low + 0.1), 30)
    strip = joined(beside(line, 1.7), beside(line, -1.7)[::-1])
    rows = (beside(line, 1.3), beside(line, -1.3))
    panel = Panel(
        strip, cloth, seams=(stitched(*rows, colour=cloth.colour),), thick=0.6, crumple=0.4
    )
    return [panel, *buttons(line[2:-3], 6, (120, 88, 58), radius=0.9)]
