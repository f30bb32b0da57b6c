"""What a garment lies on or hangs before: sRGB 0..255, and how its shadow falls there."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from devstack.garments.cloth import Colour, Fabric, coloured, woven
from devstack.garments.fabrics import printed
from devstack.garments.fields import Field, FloatImage, crumpled, noise, softened
from devstack.garments.light import displayed, lit

ImageSize = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cast:
    """A garment's shadow: `dark` far away and `close` beside it, `away` and `soft` in shares of
    the picture's height.
    """

    dark: float
    close: float
    away: float
    soft: float


LYING = Cast(0.26, 0.42, 0.005, 0.011)
STUDIO = Cast(0.13, 0.26, 0.006, 0.013)
HANGING = Cast(0.22, 0.16, 0.016, 0.014)


def _flat(shape: ImageSize, colour: Colour, rng: np.random.Generator, sweep: float) -> FloatImage:
    high, wide = shape
    y = np.linspace(1, -1, high, dtype=np.float32)[:, None] * np.ones((1, wide), np.float32)
    level = 1 + sweep * y * rng.uniform(0.4, 1.0) + 0.002 * noise(rng, shape, high / 6)
    return np.asarray(np.array(colour, np.float32) * level[..., None], np.float32)


def studio(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """Off-white paper."""
    level = int(rng.integers(238, 248))
    return _flat(shape, (level, level, level - int(rng.integers(0, 3))), rng, 0.012)


def white(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """As white as shops want it."""
    return _flat(shape, (252, 252, 252), rng, 0.002)


def grey(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """Grey or tinted paper."""
    base = int(rng.integers(168, 222))
    tint = [(0, 0, 0), (6, 2, -6), (-6, 0, 8), (10, -2, -2)][int(rng.integers(0, 4))]
    return _flat(shape, (base + tint[0], base + tint[1], base + tint[2]), rng, 0.03)


def wood(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """A floor of boards, along or across."""
    across = rng.random() < 0.4
    high, wide = (shape[1], shape[0]) if across else shape
    base = np.array(
        [(168, 124, 84), (196, 160, 120), (120, 86, 60), (206, 186, 160)][int(rng.integers(0, 4))],
        np.float32,
    )
    boards, joints = int(rng.integers(5, 9)), []
    grain = 0.055 * noise(rng, (high, wide), max(1.2, wide / 500), stretch=40) + 0.05 * noise(
        rng, (high, wide), wide / 90, stretch=24
    )
    figure = np.sin(noise(rng, (high, wide), wide / 26, stretch=9) * 5)
    level = (1 + grain + 0.03 * figure).astype(np.float32)
    edges = np.linspace(0, wide, boards + 1).astype(int)
    for left, right in pairwise(edges.tolist()):
        level[:, left:right] *= rng.uniform(0.88, 1.1)
        joints.append((int(left), int(rng.integers(0, high))))
    for left, row in joints:
        level[:, max(0, left - 1) : left + 1] *= 0.55
        level[row : row + 2, left : left + wide // boards] *= 0.6
    level = softened(level, 0.7)
    picture = base * level[..., None]
    return (
        np.ascontiguousarray(picture.transpose(1, 0, 2))
        if across
        else np.asarray(picture, np.float32)
    )


def sheet(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """A patterned bed sheet with its own creases."""
    cloth = printed(
        rng, "woven", str(rng.choice(["checks", "gingham", "floral", "leafy", "uprights", "dots"]))
    )
    return _cloth(shape, cloth, rng, rng.uniform(8, 12))


def blanket(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """A plain bed cover or carpet."""
    colour = [(186, 182, 176), (120, 128, 140), (214, 204, 188), (150, 128, 116)][
        int(rng.integers(0, 4))
    ]
    return _cloth(shape, Fabric("fleece", colour), rng, rng.uniform(8, 12))


def _cloth(
    shape: ImageSize, cloth: Fabric, rng: np.random.Generator, px_per_cm: float
) -> FloatImage:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / px_per_cm
    height = 1.2 * crumpled(rng, shape, px_per_cm, size_cm=16) + 0.3 * crumpled(
        rng, shape, px_per_cm, size_cm=6
    )
    threads, texture = woven(cloth, x, y, px_per_cm, rng)
    turn = rng.uniform(-0.3, 0.3)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    albedo = coloured(cloth, u.astype(np.float32), v.astype(np.float32)) * threads[..., None]
    return displayed(lit(albedo, height + texture, np.ones(shape, np.float32), px_per_cm, 0.02))


def wall(shape: ImageSize, rng: np.random.Generator) -> FloatImage:
    """Rough plaster."""
    colour = [(232, 226, 214), (214, 218, 220), (226, 214, 206), (198, 206, 196)][
        int(rng.integers(0, 4))
    ]
    rough: Field = np.asarray(
        0.03 * noise(rng, shape, 2.2) + 0.05 * noise(rng, shape, 9), np.float32
    )
    albedo = _flat(shape, colour, rng, 0.03)
    return displayed(lit(albedo, rough, np.ones(shape, np.float32), 4.0, 0.0))


BackgroundMaker = Callable[[ImageSize, np.random.Generator], FloatImage]
BACKGROUNDS: dict[str, tuple[BackgroundMaker, Cast]] = {
    "studio": (studio, STUDIO),
    "white": (white, STUDIO),
    "grey": (grey, STUDIO),
    "wood": (wood, LYING),
    "sheet": (sheet, LYING),
    "blanket": (blanket, LYING),
    "wall": (wall, HANGING),
}
"""Every background by name, and the shadow that falls there."""


def shadowed(picture: FloatImage, alpha: Field, cast: Cast) -> FloatImage:
    """The background with the shadow of what covers `alpha`."""
    high = alpha.shape[0]
    move = np.array([[1, 0, 0.6 * cast.away * high], [0, 1, cast.away * high]], np.float32)
    far = softened(
        np.asarray(cv2.warpAffine(alpha, move, alpha.shape[::-1]), np.float32), cast.soft * high
    )
    move = np.array([[1, 0, 0.0009 * high], [0, 1, 0.0018 * high]], np.float32)
    near = cv2.GaussianBlur(cv2.warpAffine(alpha, move, alpha.shape[::-1]), (0, 0), 0.0026 * high)
    dark = (1 - cast.dark * far) * (1 - cast.close * near)
    return np.asarray(picture * dark[..., None], np.float32)
