"""Small things that are sewn on: bands, ribs, buttons, labels, pockets, cords, zips."""

import numpy as np

from devstack.garments.cloth import Colour, Fabric, shaded
from devstack.garments.curves import (
    At,
    Line,
    at,
    beside,
    bowed,
    disc,
    evenly,
    joined,
    shifted,
    straight,
    through,
    walked,
)
from devstack.garments.panel import Panel, Seam


def thread_on(colour: Colour) -> Colour:
    """A thread that is seen, just, on cloth of this colour."""
    return shaded(colour, 0.80) if sum(colour) > 300 else shaded(colour, 1.45)


def stitched(*lines: Line, colour: Colour, depth: float = 0.03, pucker: float = 0.02) -> Seam:
    """A row of stitches in thread of a cloth's own colour."""
    return Seam(lines, depth, 0.10, thread=thread_on(colour), pucker=pucker)


def pressed(*lines: Line, depth: float = 0.07, width: float = 0.16, pucker: float = 0.02) -> Seam:
    """A seam: two pieces meet in a fine groove."""
    return Seam(lines, depth, width, pucker=pucker, tint=0.80)


def band(
    inner: Line, outer: Line, cloth: Fabric, *, ribs_cm: float = 0.0, shade: float = 1.0
) -> Panel:
    """A strip between two lines that run the same way, with ribs across it where `ribs_cm` > 0."""
    seams: tuple[Seam, ...] = ()
    if ribs_cm:
        count = max(4, int(max(walked(inner)[-1], walked(outer)[-1]) / ribs_cm))
        ends = zip(evenly(inner, count), evenly(outer, count), strict=True)
        ribs = tuple(straight(a, b, 2) for a, b in ends)
        seams = (Seam(ribs, 0.05, 0.42 * ribs_cm, tint=0.985),)
    return Panel(
        joined(inner, outer[::-1]),
        cloth,
        seams=seams,
        shade=shade,
        crumple=0.35,
        thick=0.9,
        cast=0.7,
    )


def button(middle: At, colour: Colour, radius: float = 0.55) -> list[Panel]:
    """A button with a rim and four holes."""
    here = np.asarray(middle, np.float64)
    plate = Fabric("rubber", colour)
    rim = Seam((np.vstack([disc(here, 0.68 * radius), disc(here, 0.68 * radius)[:1]]),), 0.05, 0.13)
    step = 0.22 * radius
    holes = [disc(here + np.array([x, y]) * step, 0.13 * radius) for x in (-1, 1) for y in (-1, 1)]
    dark = Fabric("rubber", shaded(colour, 0.35))
    return [
        Panel(disc(here, radius), plate, seams=(rim,), thick=0.7, crumple=0),
        *(Panel(one, dark, thick=0.1, cast=0, crumple=0) for one in holes),
    ]


def buttons(line: Line, count: int, colour: Colour, *, radius: float = 0.55) -> list[Panel]:
    """So many buttons down a line."""
    return [panel for one in evenly(line, count) for panel in button(one, colour, radius)]


def label(middle: At, width: float = 3.4) -> list[Panel]:
    """A woven label with two lines on it that are too small to read."""
    x, y = np.asarray(middle, np.float64)
    half, high = width / 2, 0.36 * width
    box = np.array([[x - half, y], [x + half, y], [x + half, y + high], [x - half, y + high]])
    lines = [
        straight((x - 0.62 * half, y + high * at_), (x + 0.62 * half, y + high * at_), 4)
        for at_ in (0.38,)
    ]
    small = [straight((x - 0.3 * half, y + high * 0.68), (x + 0.3 * half, y + high * 0.68), 4)]
    print_ = Seam((*lines, *small), 0.0, 0.16, tint=0.45)
    return [
        Panel(
            box,
            Fabric("satin", (226, 224, 218)),
            seams=(print_,),
            thick=0.3,
            shade=0.9,
            crumple=0.2,
        )
    ]


def patch_pocket(
    middle: At, width: float, high: float, cloth: Fabric, *, point: float = 1.2
) -> list[Panel]:
    """A pocket sewn on, with a pointed foot and a hem at its mouth."""
    x, y = np.asarray(middle, np.float64)
    half = width / 2
    outline = joined(
        straight((x - half, y), (x + half, y)),
        straight((x + half, y), (x + half, y + high - point)),
        straight((x + half, y + high - point), (x, y + high)),
        straight((x, y + high), (x - half, y + high - point)),
        straight((x - half, y + high - point), (x - half, y)),
    )
    inner = np.array([x, y + high / 2]) + (outline - np.array([x, y + high / 2])) * (1 - 0.5 / half)
    mouth = straight((x - half, y + 1.9), (x + half, y + 1.9))
    seams = (stitched(inner[12:], colour=cloth.colour), stitched(mouth, colour=cloth.colour))
    return [Panel(outline, cloth, seams=seams, thick=0.7, cast=0.75, crumple=0.5)]


def cord(line: Line, width: float, colour: Colour, *, tipped: bool = True) -> list[Panel]:
    """A drawstring along a line, with a metal tip."""
    cloth = Fabric("woven", colour)
    half = width / 2
    count = max(4, int(walked(line)[-1] / 0.5))
    left, right = beside(line, half), beside(line, -half)
    twists = tuple(
        straight(a, b, 2)
        for a, b in zip(evenly(left, count)[1:], evenly(right, count)[:-1], strict=True)
    )
    panels = [
        Panel(
            joined(left, right[::-1]),
            cloth,
            seams=(Seam(twists, 0.05, 0.14, tint=0.85),),
            thick=1.6,
            crumple=0.0,
        )
    ]
    if tipped:
        end = straight(at(line, 0.93), line[-1])
        tip = joined(beside(end, half * 1.1), beside(end, -half * 1.1)[::-1])
        panels.append(Panel(tip, Fabric("metal", (172, 170, 166)), thick=1.5, crumple=0.0))
    return panels


def zipper(line: Line, colour: Colour, *, metal: Colour = (168, 166, 160)) -> list[Panel]:
    """A closed zip: two tapes, teeth, and a slider with its pull near the top."""
    tape = joined(beside(line, 0.75), beside(line, -0.75)[::-1])
    count = int(walked(line)[-1] / 0.34)
    left, right = evenly(beside(line, 0.30), count), evenly(beside(line, -0.30), count)
    teeth = tuple(straight(a, b, 2) for a, b in zip(left, right, strict=True))
    chain = joined(beside(line, 0.33), beside(line, -0.33)[::-1])
    head = at(line, 0.012)
    slider = joined(
        bowed(shifted(head, -0.5, 0), shifted(head, 0.5, 0), 0.3),
        bowed(shifted(head, 0.42, 1.3), shifted(head, -0.42, 1.3), 0.2),
    )
    pull = disc(shifted(head, 0.0, 2.5), 0.36, tall=3.4)
    hole = disc(shifted(head, 0.0, 3.1), 0.16, tall=1.8)
    steel = Fabric("metal", metal)
    return [
        Panel(tape, Fabric("woven", colour), thick=0.5, crumple=0.1),
        Panel(
            chain,
            steel,
            seams=(Seam(teeth, 0.10, 0.12, tint=0.5),),
            thick=0.6,
            crumple=0.0,
            cast=0.5,
        ),
        Panel(slider, steel, thick=1.2, crumple=0.0),
        Panel(pull, steel, thick=1.0, crumple=0.0, holes=(hole,)),
    ]


def loop(x: float, top: float, high: float, cloth: Fabric, *, width: float = 1.1) -> Panel:
    """A belt loop."""
    half = width / 2
    outline = joined(
        straight((x - half, top), (x + half, top), 4),
        straight((x + half, top + high), (x - half, top + high), 4),
    )
    sides = tuple(straight((x + d, top), (x + d, top + high)) for d in (-0.55 * half, 0.55 * half))
    return Panel(
        outline,
        cloth,
        seams=(stitched(*sides, colour=cloth.colour, pucker=0.0),),
        thick=1.1,
        crumple=0.2,
    )


def fringe(line: Line, length: float, cloth: Fabric, rng: np.random.Generator) -> list[Panel]:
    """Threads that hang from a line."""
    panels = []
    for start in evenly(line, max(3, int(walked(line)[-1] / 0.75))):
        end = start + np.array([rng.uniform(-0.5, 0.5), length * rng.uniform(0.85, 1.1)])
        strand = through(start, (start + end) / 2 + np.array([rng.uniform(-0.3, 0.3), 0]), end)
        panels += cord(strand, 0.42, cloth.colour, tipped=False)
    return panels
