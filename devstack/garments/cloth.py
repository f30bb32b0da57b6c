"""Cloth: what a panel is made of. Colours are sRGB 0..255; lengths cm."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.fields import Field, noise

Colour = tuple[int, int, int]
Kind = Literal[
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
    """How a kind of cloth behaves: depth and width of its folds, how crumpled, thick and shiny it is."""

    folds: float
    widths: float
    crumple: float
    thick_cm: float
    sheen: float
    grain: float


FEELS: dict[Kind, Feel] = {
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
class Cloth:
    """`tile`: a print's repeat, sRGB 0..255 and its coverage (h, w, 4), `tile_cm` wide; `graphic`: one print, placed once."""

    kind: Kind
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

    def plain(self, *, darker: float = 1.0) -> "Cloth":
        """The same cloth without any print."""
        return replace(self, tile=None, graphic=None, colour=shaded(self.colour, darker))

    def ungraphic(self) -> "Cloth":
        """The same cloth with its repeat, without the placed print."""
        return replace(self, graphic=None)


def shaded(colour: Colour, by: float) -> Colour:
    """A colour made darker (below 1) or lighter (above)."""
    r, g, b = (int(min(255, max(0, round(one * by)))) for one in colour)
    return r, g, b


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two."""
    r, g, b = (int(round(p * (1 - share) + q * share)) for p, q in zip(one, other, strict=True))
    return r, g, b


def coloured(cloth: Cloth, u: Field, v: Field) -> Tile:
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


def woven(
    cloth: Cloth, u: Field, v: Field, px_per_cm: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """The threads: how much lighter or darker each place is (about 1), and the height of the texture (cm)."""
    grain = cloth.feel.grain * float(np.clip(px_per_cm / 13, 0.3, 1.15))
    shape = (u.shape[0], u.shape[1])
    fine = noise(rng, shape, 0.55)
    flat = np.zeros(shape, np.float32)
    if cloth.kind == "knit":
        return np.asarray(1 + grain * fine, np.float32), _stitches(u, v, px_per_cm)
    if cloth.kind in ("woven", "linen"):
        threads = noise(rng, shape, 0.6, stretch=9) + noise(rng, shape, 0.6, stretch=1 / 9)
        slubs = noise(rng, shape, 1.1, stretch=1 / 16) + noise(rng, shape, 1.1, stretch=16)
        slub = 0.6 if cloth.kind == "linen" else 0.25
        return np.asarray(
            1 + grain * (0.55 * threads + 0.5 * fine + slub * slubs), np.float32
        ), flat
    if cloth.kind == "denim":
        return _twill(u, v, px_per_cm, rng, grain), flat
    if cloth.kind == "wool":
        melange = noise(rng, shape, 0.9, stretch=1.5)
        return np.asarray(1 + grain * (0.6 * fine + 0.6 * melange), np.float32), np.asarray(
            0.003 * melange, np.float32
        )
    if cloth.kind == "fleece":
        soft = noise(rng, shape, 1.1)
        return np.asarray(1 + grain * (0.7 * fine + 0.6 * soft), np.float32), np.asarray(
            0.0025 * soft, np.float32
        )
    if cloth.kind == "leather":
        pebble = noise(rng, shape, 1.3)
        return np.asarray(1 + grain * pebble, np.float32), np.asarray(0.0035 * pebble, np.float32)
    wales = noise(rng, shape, 0.6, stretch=6)
    return np.asarray(1 + grain * (0.8 * fine + 0.5 * wales), np.float32), flat


def _stitches(u: Field, v: Field, px_per_cm: float) -> Field:
    """Rows of V stitches, as coarse as the picture can show."""
    pitch = max(0.42, 4.6 / px_per_cm)
    column = np.abs(np.mod(u / pitch, 1) - 0.5) * 2
    wave = np.cos(2 * np.pi * (v / (0.72 * pitch) + 0.55 * column))
    gutter = np.cos(2 * np.pi * u / pitch)
    return np.asarray(0.022 * wave - 0.026 * gutter, np.float32)


def _twill(u: Field, v: Field, px_per_cm: float, rng: np.random.Generator, grain: float) -> Field:
    pitch = max(0.11, 2.6 / px_per_cm)
    shape = (u.shape[0], u.shape[1])
    yarn = noise(rng, shape, 0.7, stretch=14)
    weft, fleck = noise(rng, shape, 0.6, stretch=1 / 5), noise(rng, shape, 0.6)
    diagonal = np.cos(2 * np.pi * (u + 0.8 * v) / pitch)
    cloudy = noise(rng, shape, 0.9 * px_per_cm, stretch=2)
    return np.asarray(
        1 + grain * (0.52 * yarn + 0.35 * weft + 0.5 * diagonal + 0.4 * fleck + 0.4 * cloudy),
        np.float32,
    )
