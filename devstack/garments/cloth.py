"""Cloth: what a panel is made of. Colours are sRGB 0..255; lengths cm."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.fields import Field, noise

Colour = tuple[int, int, int]
ClothKind = Literal[
    "jersey",
    "woven",
    "linen",
    "denim",
    "knit",
    "fleece",
    "wool",
    "leather",
    "satin",
    "rubber",
    "metal",
]
Tile = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feel:
    """How a kind of cloth behaves: depth and width of its folds, how crumpled, thick and shiny it
    is.
    """

    folds: float
    widths: float
    crumple: float
    thick_cm: float
    sheen: float
    grain: float


FEELS: dict[ClothKind, Feel] = {
    "jersey": Feel(1.0, 1.05, 0.9, 0.22, 0.05, 0.022),
    "woven": Feel(1.05, 0.8, 1.0, 0.18, 0.06, 0.022),
    "linen": Feel(1.1, 0.7, 1.5, 0.2, 0.04, 0.05),
    "denim": Feel(0.8, 0.9, 0.8, 0.3, 0.04, 0.07),
    "knit": Feel(0.8, 1.5, 0.8, 0.55, 0.03, 0.03),
    "fleece": Feel(0.95, 1.45, 0.8, 0.5, 0.03, 0.035),
    "wool": Feel(0.75, 1.5, 0.7, 0.5, 0.03, 0.06),
    "leather": Feel(0.9, 0.8, 0.8, 0.35, 0.30, 0.03),
    "satin": Feel(1.2, 1.1, 0.9, 0.15, 0.34, 0.012),
    "rubber": Feel(0.0, 1.0, 0.05, 0.4, 0.12, 0.012),
    "metal": Feel(0.0, 1.0, 0.05, 0.12, 0.9, 0.01),
}


@dataclass(frozen=True, slots=True)
class Fabric:
    """`tile`: a print's repeat, sRGB 0..255 and its coverage (h, w, 4), `tile_cm` wide; `graphic`:
    one print, placed once.
    """

    kind: ClothKind
    colour: Colour
    tile: Tile | None = None
    tile_cm: float = 10.0
    graphic: Tile | None = None
    graphic_at: tuple[float, float, float] = (0.0, 28.0, 24.0)
    """The graphic's middle (x, y) and its width, in the garment's cm."""

    @property
    def feel(self) -> Feel:
        """How it behaves."""
        return FEELS[self.kind]

    def plain(self, *, darker: float = 1.0) -> "Fabric":
        """The same cloth without any print."""
        return replace(self, tile=None, graphic=None, colour=shaded(self.colour, darker))

    def ungraphic(self) -> "Fabric":
        """The same cloth with its repeat, without the placed print."""
        return replace(self, graphic=None)


def shaded(colour: Colour, by: float) -> Colour:
    """A colour made darker (below 1) or lighter (above)."""
    r, g, b = (int(min(255, max(0, round(one * by)))) for one in colour)
    return r, g, b


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two."""
    r, g, b = (round(p * (1 - share) + q * share) for p, q in zip(one, other, strict=True))
    return r, g, b


def coloured(cloth: Fabric, u: Field, v: Field) -> Tile:
    """The cloth's colour at these places of it (cm), sRGB 0..255, before any light."""
    colour = np.empty((*u.shape, 3), np.float32)
    colour[:] = cloth.colour
    if cloth.tile is not None:
        per_cm = cloth.tile.shape[1] / cloth.tile_cm
        found = _sampled(cloth.tile, u * per_cm, v * per_cm, cv2.BORDER_WRAP)
        colour += (found[..., :3] - colour) * found[..., 3:]
    if cloth.graphic is not None:
        x, y, width = cloth.graphic_at
        high, wide = cloth.graphic.shape[:2]
        per_cm = wide / width
        found = _sampled(
            cloth.graphic,
            (u - x) * per_cm + wide / 2,
            (v - y) * per_cm + high / 2,
            cv2.BORDER_CONSTANT,
        )
        colour += (found[..., :3] - colour) * found[..., 3:]
    return colour


def _sampled(tile: Tile, x: Field, y: Field, border: int) -> Tile:
    at = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return np.asarray(cv2.remap(tile, *at, cv2.INTER_LINEAR, borderMode=border), np.float32)


@dataclass(frozen=True, slots=True)
class Weave:
    """Where threads are drawn: the cloth's own coordinates in cm, and how coarse the picture is."""

    u: Field
    v: Field
    px_per_cm: float
    grain: float
    rng: np.random.Generator

    def noise(self, grain_px: float, stretch: float = 1.0) -> Field:
        """Noise of spread 1 over the picture."""
        return noise(self.rng, (self.u.shape[0], self.u.shape[1]), grain_px, stretch=stretch)


def woven(
    cloth: Fabric, u: Field, v: Field, px_per_cm: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """The threads: how much lighter or darker each place is (about 1), and their height (cm)."""
    grain = cloth.feel.grain * float(np.clip(px_per_cm / 13, 0.3, 1.15))
    tint, height = THREADS[cloth.kind](Weave(u, v, px_per_cm, grain, rng))
    height = height if cloth.kind == "knit" else height * min(1.0, 12 / px_per_cm)
    return np.asarray(1 + grain * tint, np.float32), np.asarray(height, np.float32)


def _jersey(weave: Weave) -> tuple[Field, Field]:
    return 0.8 * weave.noise(0.55) + 0.5 * weave.noise(0.6, 6), np.zeros_like(weave.u)


def _poplin(weave: Weave, slub: float = 0.25) -> tuple[Field, Field]:
    threads = weave.noise(0.6, 9) + weave.noise(0.6, 1 / 9)
    slubs = weave.noise(1.1, 1 / 16) + weave.noise(1.1, 16)
    return 0.5 * weave.noise(0.55) + 0.55 * threads + slub * slubs, np.zeros_like(weave.u)


def _linen(weave: Weave) -> tuple[Field, Field]:
    return _poplin(weave, 0.6)


def _wool(weave: Weave) -> tuple[Field, Field]:
    melange = weave.noise(0.9, 1.5)
    return 0.6 * weave.noise(0.55) + 0.6 * melange, 0.003 * melange


def _fleece(weave: Weave) -> tuple[Field, Field]:
    soft = weave.noise(1.1)
    return 0.7 * weave.noise(0.55) + 0.6 * soft, 0.0025 * soft


def _leather(weave: Weave) -> tuple[Field, Field]:
    pebble = weave.noise(1.3)
    return 0.6 * pebble, 0.0035 * pebble


def _knit(weave: Weave) -> tuple[Field, Field]:
    """Rows of V stitches, as coarse as the picture can show."""
    pitch = max(0.42, 4.6 / weave.px_per_cm)
    column = np.abs(np.mod(weave.u / pitch, 1) - 0.5) * 2
    wave = np.cos(2 * np.pi * (weave.v / (0.72 * pitch) + 0.55 * column))
    gutter = np.cos(2 * np.pi * weave.u / pitch)
    return weave.noise(0.55), np.asarray(0.024 * wave - 0.018 * gutter, np.float32)


def _twill(weave: Weave) -> tuple[Field, Field]:
    pitch = max(0.11, 2.6 / weave.px_per_cm)
    diagonal = np.cos(2 * np.pi * (weave.u + 0.8 * weave.v) / pitch)
    threads = 0.52 * weave.noise(0.7, 14) + 0.35 * weave.noise(0.6, 1 / 5) + 0.4 * weave.noise(0.6)
    cloudy = weave.noise(0.9 * weave.px_per_cm, 2)
    return np.asarray(threads + 0.5 * diagonal + 0.4 * cloudy, np.float32), np.zeros_like(weave.u)


Threads = Callable[[Weave], tuple[Field, Field]]
THREADS: dict[ClothKind, Threads] = {
    "jersey": _jersey,
    "woven": _poplin,
    "linen": _linen,
    "denim": _twill,
    "knit": _knit,
    "fleece": _fleece,
    "wool": _wool,
    "leather": _leather,
    "satin": _jersey,
    "rubber": _jersey,
    "metal": _jersey,
}
