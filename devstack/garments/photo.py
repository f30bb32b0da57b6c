"""How a garment is photographed: frame, turn, perspective, light, noise."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.fields import FloatImage, noise

Light = Literal["studio", "phone", "window", "flash", "dim"]
LIGHTS: tuple[Light, ...] = ("studio", "phone", "window", "flash", "dim")


@dataclass(frozen=True, slots=True)
class PhotoSpec:
    """`size_px`: width and height; `fill`: share of the frame that the garment takes.

    `tilt`: perspective, 0.1 is a lot. `quality`: of the JPEG that the picture has been through;
    100: none. `creased`: 1 pressed, 2 out of the wash.
    """

    size_px: tuple[int, int] = (1024, 1365)
    fill: float = 0.86
    light: Light = "studio"
    turn_rad: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    hanger: bool = False
    quality: int = 100
    creased: float = 1.0


def lens(photo: PhotoSpec) -> NDArray[np.float64]:
    """From the upright picture's px to the photo's: a 3 x 3 homography about the frame's middle."""
    wide, high = photo.size_px
    c, s = np.cos(photo.turn_rad), np.sin(photo.turn_rad)
    to, back = np.eye(3), np.eye(3)
    to[:2, 2], back[:2, 2] = (-wide / 2, -high / 2), (wide / 2, high / 2)
    turned = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    leaning = np.eye(3)
    leaning[2, :2] = photo.tilt[0] / wide, photo.tilt[1] / high
    return np.asarray(back @ leaning @ turned @ to)


def seen(points: NDArray[np.float64], through: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) through a homography."""
    far = np.column_stack([points, np.ones(len(points))]) @ through.T
    return np.asarray(far[:, :2] / far[:, 2:])


def exposed(picture: FloatImage, light: Light, rng: np.random.Generator) -> FloatImage:
    """An sRGB picture under this light, through this camera."""
    if light == "studio":
        return np.asarray(
            picture + 0.8 * noise(rng, (picture.shape[0], picture.shape[1]), 0.6)[..., None],
            np.float32,
        )
    shape = (picture.shape[0], picture.shape[1])
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    level = np.ones(shape, np.float32)
    cast = np.array([1 + rng.normal(0, 0.03), 1.0, 1 + rng.normal(0, 0.04)])
    grain = rng.uniform(1.5, 3.5)
    turn = rng.uniform(0, 2 * np.pi)
    slope = x * np.cos(turn) + y * np.sin(turn)
    if light == "window":
        level *= 1 + rng.uniform(0.14, 0.28) * slope
        cast *= (0.98, 1.0, 1.04)
    elif light == "flash":
        away = (x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.4, 0.2)) ** 2
        level *= 0.80 + 0.42 * np.exp(-away * 1.3)
    elif light == "dim":
        level *= (0.72 + 0.1 * slope) * (1 - 0.16 * (x * x + y * y))
        cast *= (1.07, 1.0, 0.86)
        grain *= 1.9
    else:
        level *= (0.95 + 0.09 * slope) * (1 - 0.10 * (x * x + y * y))
    lit = 255 * np.power(np.clip(picture / 255, 0, 1), 1.06) * (level[..., None] * cast)
    out = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), rng.uniform(0.45, 0.8))
    out += grain * noise(rng, shape, 0.8)[..., None]
    out += 0.7 * grain * np.dstack([noise(rng, shape, 1.2) for _ in range(3)])
    return np.asarray(out, np.float32)


def developed(picture: FloatImage, quality: int) -> NDArray[np.uint8]:
    """As 8 bits, through a JPEG of that quality where it is below 100."""
    bits = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if quality >= 100:
        return bits
    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(bits[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    if decoded is None:
        raise ValueError("the picture can't be encoded as JPEG")
    return np.ascontiguousarray(decoded[..., ::-1])
