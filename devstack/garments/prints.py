"""Prints: repeats as tiles (h, w, 4: sRGB 0..255 and coverage 0..1) and pictures that are placed
once.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.cloth import Colour, Tile, mixed, shaded

Palette = tuple[Colour, ...]
PER_CM = 22
"""The tiles' px per cm."""


def _tile(width_cm: float, high_cm: float, ground: Colour) -> tuple[Tile, Tile]:
    shape = round(high_cm * PER_CM), round(width_cm * PER_CM)
    colour = np.empty((*shape, 3), np.float32)
    colour[:] = ground
    return colour, np.ones(shape, np.float32)


def _done(colour: Tile) -> Tile:
    return np.dstack([colour, np.ones(colour.shape[:2], np.float32)])


def stripes(
    ground: Colour, inks: Palette, widths: tuple[float, ...], *, upright: bool = False
) -> tuple[Tile, float]:
    """Stripes of these widths in cm: ground, ink, ground, ink, ..."""
    total = sum(widths)
    rows = round(total * PER_CM * 2)
    line: Tile = np.empty((rows, 3), np.float32)
    starts, colours = (
        np.cumsum([0, *widths[:-1]]),
        [ground if i % 2 == 0 else inks[(i // 2) % len(inks)] for i in range(len(widths))],
    )
    for start, colour in zip(starts, colours, strict=True):
        line[round(start * PER_CM * 2) :] = colour
    soft = cv2.GaussianBlur(np.vstack([line, line, line])[:, None], (0, 0), 1.0)
    tile = np.repeat(np.asarray(soft[rows : 2 * rows], np.float32), rows, 1)
    return _done(np.ascontiguousarray(tile.transpose(1, 0, 2)) if upright else tile), total


def checks(ground: Colour, inks: Palette, size: float) -> tuple[Tile, float]:
    """A woven check: bands of ink that cross, darker where they do; a thin line of the second ink
    between.
    """
    side = round(size * PER_CM)
    along = np.arange(side) / side
    wide = ((along > 0.08) & (along < 0.42)).astype(np.float32)
    fine = ((along > 0.70) & (along < 0.755)).astype(np.float32)
    colour = np.empty((side, side, 3), np.float32)
    colour[:] = ground
    for band, ink, strength in ((wide, inks[0], 0.52), (fine, inks[-1], 0.75)):
        for cover in (band[:, None], band[None, :]):
            share = (strength * cover * np.ones((side, side), np.float32))[..., None]
            colour += (np.array(ink, np.float32) - colour) * share
    return _done(np.asarray(cv2.GaussianBlur(colour, (0, 0), 0.8), np.float32)), size


def gingham(ground: Colour, inks: Palette, size: float) -> tuple[Tile, float]:
    """Even squares: ink, half ink, ground."""
    side = round(size * PER_CM)
    band = (np.arange(side) < side // 2).astype(np.float32)
    cover = (band[:, None] + band[None, :]) / 2
    colour = (
        np.array(ground, np.float32) * (1 - cover[..., None])
        + np.array(inks[0], np.float32) * cover[..., None]
    )
    return _done(np.asarray(cv2.GaussianBlur(colour, (0, 0), 0.8), np.float32)), size


def dots(ground: Colour, inks: Palette, size: float) -> tuple[Tile, float]:
    """Dots on a slanting grid."""
    colour, _ = _tile(2 * size, 2 * size, ground)
    side = colour.shape[0]
    for i, (x, y) in enumerate(((0.25, 0.25), (0.75, 0.75))):
        middle = (round(x * side * 16), round(y * side * 16))
        cv2.circle(
            colour,
            middle,
            round(0.30 * size * PER_CM * 16),
            _floats(inks[i % len(inks)]),
            -1,
            cv2.LINE_AA,
            4,
        )
    return _done(colour), 2 * size


def _floats(colour: Colour) -> tuple[float, float, float]:
    return float(colour[0]), float(colour[1]), float(colour[2])


def _stamped(colour: Tile, shape: NDArray[np.float64], ink: Colour) -> None:
    """Fill a shape (px), wrapped round the tile's edges."""
    side = np.array([colour.shape[1], colour.shape[0]])
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            moved = np.round((shape + side * [dx, dy]) * 16).astype(np.int32)
            if (moved.max(0) > 0).all() and (moved.min(0) < side * 16).all():
                cv2.fillPoly(colour, [moved], _floats(ink), cv2.LINE_AA, 4)


def _petals(
    middle: NDArray[np.float64], radius: float, count: int, turn: float, deep: float
) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    reach = radius * (1 - deep + deep * np.abs(np.cos(count * (angle - turn) / 2)) ** 0.6)
    return np.asarray(middle + np.stack([np.cos(angle), np.sin(angle)], -1) * reach[:, None])


def _leaf(start: NDArray[np.float64], turn: float, length: float) -> NDArray[np.float64]:
    t = np.linspace(0, 1, 24)
    half = 0.20 * length * np.sin(np.pi * t) ** 0.8
    along, out = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    spine = start + np.outer(t * length, along) + np.outer(0.16 * length * np.sin(np.pi * t), out)
    return np.vstack([spine + np.outer(half, out), (spine - np.outer(half, out))[::-1]])


def floral(
    rng: np.random.Generator, ground: Colour, inks: Palette, size: float
) -> tuple[Tile, float]:
    """Scattered flowers and leaves, big ones and small ones."""
    width = 5.2 * size
    colour, _ = _tile(width, width, ground)
    side, leaves = colour.shape[0], inks[-1]
    placed: list[tuple[float, float, float]] = []
    for radius in [0.5] * 6 + [0.33] * 10 + [0.2] * 18 + [0.11] * 26:
        spot = _free(rng, placed, radius * size * PER_CM, side)
        if spot is None:
            continue
        placed.append((*spot, radius * size * PER_CM))
        _flower(
            rng,
            colour,
            np.array(spot),
            radius * size * PER_CM,
            (inks[int(rng.integers(0, len(inks) - 1))], leaves),
        )
    return _done(colour), width


def _free(
    rng: np.random.Generator, placed: list[tuple[float, float, float]], radius: float, side: int
) -> tuple[float, float] | None:
    for _ in range(30):
        x, y = rng.uniform(0, side, 2)
        if all(
            np.hypot(*(min(abs(d), side - abs(d)) for d in (x - px, y - py)))
            > 0.95 * (radius + pr) + 3
            for px, py, pr in placed
        ):
            return float(x), float(y)
    return None


def _flower(
    rng: np.random.Generator,
    colour: Tile,
    at: NDArray[np.float64],
    radius: float,
    inks: tuple[Colour, Colour],
) -> None:
    ink, green = inks
    turn, count = rng.uniform(0, 6), int(rng.integers(5, 7))
    if radius > 5:
        for k in range(int(rng.integers(1, 4))):
            way = turn + 2.1 * k + rng.uniform(-0.4, 0.4)
            start = at + radius * 0.5 * np.array([np.cos(way), np.sin(way)])
            _stamped(
                colour,
                _leaf(start, way, radius * rng.uniform(1.0, 1.5)),
                shaded(green, rng.uniform(0.85, 1.15)),
            )
    _stamped(colour, _petals(at, radius, count, turn, 0.42), shaded(ink, 0.86))
    _stamped(colour, _petals(at, 0.93 * radius, count, turn, 0.46), ink)
    _stamped(
        colour,
        _petals(at, 0.60 * radius, count, turn + 0.2, 0.6),
        mixed(ink, (255, 250, 240), 0.38),
    )
    _stamped(colour, _petals(at, 0.22 * radius, 9, turn, 0.1), (226, 176, 72))
    if radius > 6:
        _stamped(colour, _petals(at, 0.12 * radius, 9, turn, 0.1), (150, 98, 44))


def leafy(
    rng: np.random.Generator, ground: Colour, inks: Palette, size: float
) -> tuple[Tile, float]:
    """Sprigs: a stem with leaves on both sides, in every direction."""
    width = 5.6 * size
    colour, _ = _tile(width, width, ground)
    side = colour.shape[0]
    for i in range(16):
        start, turn = (
            (rng.uniform(0.2, 0.8, 2) + np.array([i % 4 + 0.5 * (i // 4 % 2), i // 4])) * side / 4,
            rng.uniform(0, 2 * np.pi),
        )
        start = start - 0.5 * size * PER_CM * np.array([np.cos(turn), np.sin(turn)])
        ink = inks[i % len(inks)]
        for k in range(6):
            node = start + k * 0.20 * size * PER_CM * np.array([np.cos(turn), np.sin(turn)])
            for s in (-1, 1):
                _stamped(
                    colour,
                    _leaf(node, turn + s * 0.8, size * PER_CM * (0.52 - 0.05 * k)),
                    shaded(ink, 1 + 0.03 * s * k),
                )
    return _done(colour), width


def shapes(
    rng: np.random.Generator, ground: Colour, inks: Palette, size: float
) -> tuple[Tile, float]:
    """Soft cut-out shapes, as from coloured paper."""
    width = 4.4 * size
    colour, _ = _tile(width, width, ground)
    side = colour.shape[0]
    for i in range(22):
        at = rng.uniform(0, side, 2)
        radius, angle = (
            size * PER_CM * rng.uniform(0.3, 0.62),
            np.linspace(0, 2 * np.pi, 60, endpoint=False),
        )
        reach = radius * (
            1
            + 0.3 * np.sin(2 * angle + rng.uniform(0, 6))
            + 0.18 * np.sin(3 * angle + rng.uniform(0, 6))
        )
        _stamped(
            colour,
            at + np.stack([np.cos(angle), np.sin(angle)], -1) * reach[:, None],
            inks[i % len(inks)],
        )
    return _done(colour), width


Repeat = Callable[[np.random.Generator, Colour, Palette], tuple[Tile, float]]
REPEATS: dict[str, Repeat] = {
    "breton": lambda _, g, i: stripes(g, i[:1], (1.5, 1.0)),
    "stripes": lambda _, g, i: stripes(g, i, (2.6, 2.6)),
    "pinstripes": lambda _, g, i: stripes(g, i[:1], (1.3, 0.16), upright=True),
    "uprights": lambda _, g, i: stripes(g, i[:1], (0.7, 0.5), upright=True),
    "checks": lambda _, g, i: checks(g, i, 5.2),
    "gingham": lambda _, g, i: gingham(g, i, 1.6),
    "dots": lambda _, g, i: dots(g, i[:1], 2.0),
    "floral": lambda rng, g, i: floral(rng, g, i, 4.6),
    "ditsy": lambda rng, g, i: floral(rng, g, i, 2.3),
    "leafy": lambda rng, g, i: leafy(rng, g, i, 3.6),
    "shapes": lambda rng, g, i: shapes(rng, g, i, 4.4),
}
"""Every repeat by name: (generator, ground, inks) -> tile and its width in cm."""
