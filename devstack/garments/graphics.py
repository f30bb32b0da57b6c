"""Pictures that are printed once on a chest: 600 x 600, sRGB 0..255 and coverage 0..1."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.cloth import Colour, Tile

Inks = tuple[Colour, ...]
SIDE = 600


def _fill(tile: Tile, shape: NDArray[np.float64], ink: Colour) -> None:
    cover = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(cover, [np.round(shape * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    _lay(tile, np.asarray(cover / np.float32(255), np.float32), ink)


def _lay(tile: Tile, cover: NDArray[np.float32], ink: Colour) -> None:
    tile[..., :3] += (np.array(ink, np.float32) - tile[..., :3]) * np.where(
        tile[..., 3:] > 0, cover[..., None], 1
    )
    tile[..., 3] += (1 - tile[..., 3]) * cover


def _empty(ink: Colour) -> Tile:
    tile = np.zeros((SIDE, SIDE, 4), np.float32)
    tile[..., :3] = ink
    return tile


def _round(x: float, y: float, radius: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    return np.array([x, y]) + radius * np.stack([np.cos(angle), np.sin(angle)], -1)


def _hills(base: float, height: float, phase: float, waves: float) -> NDArray[np.float64]:
    x = np.linspace(60, 540, 120)
    y = (
        base
        - height * (0.5 + 0.5 * np.sin(waves * x / 90 + phase))
        - 0.4 * height * np.sin(2.3 * waves * x / 90 + 2 * phase)
    )
    return np.vstack([np.stack([x, y], -1), [[540, 620], [60, 620]]])


def _framed(tile: Tile, shape: NDArray[np.float64]) -> Tile:
    cover = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(cover, [np.round(shape * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    tile[..., 3] *= cover.astype(np.float32) / 255
    return tile


def sunset(rng: np.random.Generator, inks: Inks) -> Tile:
    """A sun over hills, in a round frame."""
    tile = _empty(inks[0])
    _fill(tile, _round(300, 300, 240), inks[0])
    _fill(tile, _round(300, 265, 112), inks[1])
    for i in range(4):
        _fill(
            tile,
            _hills(355 + 52 * i, 46, rng.uniform(0, 6), rng.uniform(0.7, 1.2)),
            inks[2 + i % (len(inks) - 2)],
        )
    return _framed(tile, _round(300, 300, 238))


def waves(rng: np.random.Generator, inks: Inks) -> Tile:
    """Bands of waves in an upright frame with rounded ends."""
    tile = _empty(inks[0])
    x = np.linspace(100, 500, 160)
    for i in range(9):
        y = 90 + 50 * i + 17 * np.sin(x / 38 + 1.1 * i)
        _fill(
            tile,
            np.vstack([np.stack([x, y], -1), np.stack([x, y + 27], -1)[::-1]]),
            inks[i % len(inks)],
        )
    return tile


def bauhaus(rng: np.random.Generator, inks: Inks) -> Tile:
    """Quarter circles and discs on a grid of nine."""
    tile = _empty(inks[0])
    angle = np.linspace(0, np.pi / 2, 50)
    for i in range(9):
        x, y = 75 + 150 * (i % 3), 75 + 150 * (i // 3)
        ink, corner = inks[int(rng.integers(0, len(inks)))], rng.integers(0, 2, 2)
        if rng.random() < 0.3:
            _fill(tile, _round(x + 75, y + 75, 66), ink)
            continue
        arc = np.stack([np.cos(angle), np.sin(angle)], -1) * 144 * (1 - 2 * corner)
        start = np.array([x, y]) + 3 + 144 * corner
        _fill(tile, np.vstack([start, start + arc]), ink)
    return tile


def bouquet(rng: np.random.Generator, inks: Inks) -> Tile:
    """A sprig in thin lines with a few filled blossoms."""
    tile = _empty(inks[0])
    for k in range(7):
        turn = -np.pi / 2 + (k - 3) * 0.24
        t = np.linspace(0, 1, 60)
        reach = 330 * (1 - 0.05 * abs(k - 3)) * rng.uniform(0.85, 1.05)
        x = 300 + reach * t * np.cos(turn) + 30 * (k - 3) * t * t
        y = 510 + reach * t * np.sin(turn)
        cover = np.zeros((SIDE, SIDE), np.uint8)
        cv2.polylines(
            cover,
            [np.round(np.stack([x, y], -1) * 16).astype(np.int32)],
            False,
            255,
            4,
            cv2.LINE_AA,
            4,
        )
        _lay(tile, np.asarray(cover / np.float32(255), np.float32), inks[-1])
        for i in range(2, 9):
            for s in (-1, 1):
                _blade(
                    tile, (float(x[6 * i]), float(y[6 * i])), turn + s * 0.8, 46 - 3 * i, inks[-1]
                )
        _blossom(tile, float(x[-1]), float(y[-1]), rng.uniform(24, 36), inks[k % (len(inks) - 1)])
    return tile


def _blade(tile: Tile, start: tuple[float, float], turn: float, length: float, ink: Colour) -> None:
    t = np.linspace(0, 1, 16)
    half = 0.17 * length * np.sin(np.pi * t)
    along, out = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    spine = np.array(start) + np.outer(t * length, along)
    _fill(tile, np.vstack([spine + np.outer(half, out), (spine - np.outer(half, out))[::-1]]), ink)


def _blossom(tile: Tile, x: float, y: float, radius: float, ink: Colour) -> None:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    reach = radius * (0.6 + 0.4 * np.abs(np.cos(2.5 * angle)) ** 0.6)
    _fill(
        tile, np.array([x, y]) + np.stack([np.cos(angle), np.sin(angle)], -1) * reach[:, None], ink
    )
    _fill(tile, _round(x, y, radius * 0.2), (240, 214, 150))


Graphic = Callable[[np.random.Generator, Inks], Tile]
GRAPHICS: dict[str, Graphic] = {
    "sunset": sunset,
    "waves": waves,
    "bauhaus": bauhaus,
    "bouquet": bouquet,
}
"""Every placed print by name."""
