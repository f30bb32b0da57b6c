"""Garments that the project draws itself, as product photos: for the demo, the docs and the tests. Seeded, so repeatable."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE_PX = (768, 1024)
Points = list[tuple[float, float]]
Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Garment:
    """Outline in shares of the photo's width and height, right half only; mirrored. Colours are sRGB 0..255."""

    category: str
    outline: Points
    colour: tuple[int, int, int]
    background: tuple[int, int, int] = (246, 246, 244)
    pattern: str = "plain"
    accent: tuple[int, int, int] = (250, 250, 250)
    seams: tuple[Points, ...] = ()


_TEE: Points = [
    (0.5, 0.165),
    (0.56, 0.155),
    (0.605, 0.125),
    (0.74, 0.185),
    (0.93, 0.40),
    (0.815, 0.465),
    (0.735, 0.385),
    (0.735, 0.86),
    (0.5, 0.87),
]
_SHIRT: Points = [
    (0.5, 0.13),
    (0.55, 0.10),
    (0.60, 0.125),
    (0.72, 0.17),
    (0.80, 0.26),
    (0.93, 0.70),
    (0.83, 0.735),
    (0.72, 0.40),
    (0.725, 0.88),
    (0.5, 0.90),
]
_SWEATER: Points = [
    (0.5, 0.145),
    (0.565, 0.13),
    (0.60, 0.125),
    (0.73, 0.17),
    (0.81, 0.27),
    (0.94, 0.72),
    (0.84, 0.755),
    (0.725, 0.42),
    (0.725, 0.80),
    (0.5, 0.805),
]
_JACKET: Points = [
    (0.5, 0.12),
    (0.57, 0.095),
    (0.62, 0.13),
    (0.74, 0.17),
    (0.83, 0.27),
    (0.95, 0.73),
    (0.84, 0.765),
    (0.74, 0.42),
    (0.75, 0.84),
    (0.5, 0.85),
]
_TROUSERS: Points = [
    (0.5, 0.065),
    (0.655, 0.06),
    (0.70, 0.22),
    (0.715, 0.34),
    (0.685, 0.95),
    (0.56, 0.955),
    (0.505, 0.36),
    (0.5, 0.345),
]
_SHORTS: Points = [(0.5, 0.25), (0.69, 0.245), (0.75, 0.42), (0.80, 0.72), (0.56, 0.745), (0.505, 0.53), (0.5, 0.52)]
_SKIRT: Points = [(0.5, 0.18), (0.635, 0.175), (0.70, 0.32), (0.82, 0.82), (0.5, 0.85)]
_DRESS: Points = [
    (0.5, 0.155),
    (0.55, 0.10),
    (0.59, 0.065),
    (0.645, 0.075),
    (0.655, 0.19),
    (0.685, 0.245),
    (0.635, 0.41),
    (0.70, 0.58),
    (0.80, 0.93),
    (0.5, 0.95),
]
_SHOE: Points = [
    (0.58, 0.36),
    (0.66, 0.35),
    (0.70, 0.45),
    (0.71, 0.60),
    (0.665, 0.655),
    (0.60, 0.655),
    (0.55, 0.60),
    (0.555, 0.45),
]

GARMENTS: dict[str, Garment] = {
    "tee": Garment("t-shirt", _TEE, (38, 92, 140), pattern="sun"),
    "stripe-tee": Garment("top", _TEE, (238, 236, 228), (206, 212, 218), "stripes", (34, 52, 92)),
    "shirt": Garment(
        "shirt", _SHIRT, (150, 186, 214), pattern="check", accent=(96, 128, 170), seams=([(0.5, 0.2), (0.5, 0.89)],)
    ),
    "sweater": Garment("sweater", _SWEATER, (156, 60, 52), pattern="knit"),
    "jacket": Garment(
        "jacket", _JACKET, (58, 66, 54), pattern="plain", seams=([(0.5, 0.14), (0.5, 0.84)], [(0.57, 0.5), (0.68, 0.55)])
    ),
    "jeans": Garment("jeans", _TROUSERS, (52, 74, 112), pattern="denim", seams=([(0.5, 0.08), (0.5, 0.33)],)),
    "trousers": Garment("trousers", _TROUSERS, (196, 178, 148), (235, 238, 240)),
    "shorts": Garment("shorts", _SHORTS, (88, 116, 84)),
    "skirt": Garment("skirt", _SKIRT, (120, 44, 72), pattern="pleats"),
    "dress": Garment("dress", _DRESS, (218, 158, 60), (232, 236, 240), "dots", (250, 244, 230)),
    "shoes": Garment("shoes", _SHOE, (84, 58, 44)),
}
"""Every drawn garment by name."""
WARDROBE: dict[str, str] = {name: garment.category for name, garment in GARMENTS.items()}
"""Name -> garment category."""


def _outline(garment: Garment, width: int, height: int) -> list[NDArray[np.int32]]:
    """Smooth closed contours in 1/16 pixels."""
    right = np.array(garment.outline) * [width, height]
    left = right * [-1, 1] + [width, 0]
    shapes = [right, left] if garment.category == "shoes" else [np.vstack([right, left[::-1]])]
    return [np.round(_rounded(shape) * 16).astype(np.int32) for shape in shapes]


def _rounded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corner cutting (Chaikin, 1974), three rounds, corners kept fairly sharp."""
    for _ in range(3):
        after = np.roll(points, -1, 0)
        points = np.stack([0.88 * points + 0.12 * after, 0.12 * points + 0.88 * after], 1).reshape(-1, 2)
    return points


def _noise(rng: np.random.Generator, size: tuple[int, int], grain_px: float) -> Picture:
    field = cv2.GaussianBlur(rng.standard_normal(size[::-1]).astype(np.float32), (0, 0), grain_px)
    return np.asarray(field / max(float(field.std()), 1e-6), np.float32)


def _stripes(x: Picture, y: Picture) -> Picture:
    return np.asarray((np.mod(y, 56) < 24).astype(np.float32))


def _check(x: Picture, y: Picture) -> Picture:
    return np.asarray(0.5 * (np.mod(x, 48) < 10) + 0.5 * (np.mod(y, 48) < 10), np.float32)


def _dots(x: Picture, y: Picture) -> Picture:
    return np.asarray((np.hypot(np.mod(x, 44) - 22, np.mod(y + 22 * (np.floor(x / 44) % 2), 44) - 22) < 8).astype(np.float32))


def _pleats(x: Picture, y: Picture) -> Picture:
    return np.asarray(0.16 * np.cos(x / 7.5), np.float32)


def _knit(x: Picture, y: Picture) -> Picture:
    return np.asarray(0.10 * np.cos(x / 2.2) * np.cos(y / 3.1), np.float32)


def _denim(x: Picture, y: Picture) -> Picture:
    return np.asarray(0.07 * np.cos((x + y) / 1.6), np.float32)


def _sun(x: Picture, y: Picture) -> Picture:
    away = np.hypot(x - 384, y - 430)
    rays = (away > 90) & (away < 130) & (np.cos(12 * np.arctan2(y - 430, x - 384)) > 0.2)
    return np.asarray(((away < 72) | rays).astype(np.float32))


def _plain(x: Picture, y: Picture) -> Picture:
    return np.zeros_like(x)


PATTERNS: dict[str, Callable[[Picture, Picture], Picture]] = {
    "plain": _plain, "stripes": _stripes, "check": _check, "dots": _dots, "pleats": _pleats, "knit": _knit, "denim": _denim,
    "sun": _sun,
}  # fmt: skip


def draw(name: str, *, seed: int = 0, size_px: tuple[int, int] = SIZE_PX) -> bytes:
    """A garment's photo as JPEG. Raises KeyError for a name that is not in `WARDROBE`. Equal arguments, equal bytes."""
    garment = GARMENTS[name]
    width, height = SIZE_PX
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cover = np.zeros((height, width), np.float32)
    for contour in _outline(garment, width, height):
        cv2.fillPoly(cover, [contour], 1.0, cv2.LINE_AA, 4)
    depth = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    folds = 0.035 * _noise(rng, SIZE_PX, 38) + 0.022 * _noise(rng, SIZE_PX, 9)
    rim = 0.78 + 0.22 * np.sqrt(np.clip(depth / 34, 0, 1))
    light = rim * (1 + folds) * (1.04 - 0.08 * x / width)
    pattern = PATTERNS[garment.pattern](x, y)[..., None]
    accent = np.array(garment.accent, np.float32)
    colour = np.array(garment.colour, np.float32) * (1 - pattern) + accent * pattern
    cloth = colour * light[..., None]
    thread = [float(channel) * 0.55 for channel in garment.colour]
    for seam in garment.seams:
        for line in (np.array(seam), np.array(seam) * [-1, 1] + [1, 0]):
            pixels = np.round(line * [width, height] * 16).astype(np.int32)
            cv2.polylines(cloth, [pixels], False, thread, 2, cv2.LINE_AA, 4)
    cloth += 2.0 * _noise(rng, SIZE_PX, 0.8)[..., None]
    shadow = np.roll(cv2.GaussianBlur(cover, (0, 0), 12), 8, 0) * 0.10
    wall = np.array(garment.background, np.float32) * (1 - shadow[..., None]) * (1.01 - 0.03 * y / height)[..., None]
    picture = np.clip(wall * (1 - cover[..., None]) + cloth * cover[..., None], 0, 255).astype(np.uint8)
    if size_px != SIZE_PX:
        picture = cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
    if not done:
        raise ValueError(f"{name} can't be encoded")
    return data.tobytes()
