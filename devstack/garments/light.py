"""Light on cloth: a big soft lamp from the upper left, a dim room, shade in hollows, sheen.

Linear light 0..1.
"""

import cv2
import numpy as np

from devstack.garments.fields import Field, FloatImage, softened

GAMMA = 2.2
_LAMP = (-0.40, -0.58, 0.71)
_ROOM = (0.35, 0.25, 0.90)


def linear(colour: FloatImage) -> FloatImage:
    """sRGB 0..255 as linear light."""
    return np.asarray(np.power(np.clip(colour, 0, 255) / 255, GAMMA), np.float32)


def displayed(light: FloatImage) -> FloatImage:
    """Linear light as sRGB 0..255, highlights rolled off softly."""
    rolled = np.where(light > 0.85, 0.85 + 0.15 * np.tanh((light - 0.85) / 0.15), light)
    return np.asarray(255 * np.power(np.clip(rolled, 0, 1), 1 / GAMMA), np.float32)


def lit(
    albedo: FloatImage, height: Field, light: Field, px_per_cm: float, sheen: float
) -> FloatImage:
    """Cloth of these colours (sRGB 0..255) and heights (cm) under the lamp; flat cloth keeps its
    colour.
    """
    height = np.asarray(height, np.float32)
    slope_x = cv2.Scharr(height, cv2.CV_32F, 1, 0) * (px_per_cm / 32)
    slope_y = cv2.Scharr(height, cv2.CV_32F, 0, 1) * (px_per_cm / 32)
    slope_x, slope_y = (np.tanh(one * 0.9) / 0.9 for one in (slope_x, slope_y))
    norm = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)

    def facing(way: tuple[float, float, float]) -> Field:
        return np.asarray(
            np.clip((way[2] - slope_x * way[0] - slope_y * way[1]) * norm, 0, None) / way[2],
            np.float32,
        )

    lamp, room = facing(_LAMP), facing(_ROOM)
    hollow = softened(height, 0.5 * px_per_cm) + softened(height, 1.6 * px_per_cm) - 2 * height
    shade = np.clip(1 - 0.55 * np.clip(hollow, -0.05, 0.6), 0.45, 1.03)
    diffuse = linear(albedo) * ((0.60 * lamp + 0.40 * room) * shade * light)[..., None]
    half = (_LAMP[0] * 0.54, _LAMP[1] * 0.54, 0.84)
    glance = np.clip((half[2] - slope_x * half[0] - slope_y * half[1]) * norm, 0, 1)
    gloss = sheen * (0.55 * glance**14 + 0.18 * np.clip(lamp - 1, 0, 1)) * shade * light
    fuzz = 0.010 * np.clip(lamp - 0.6, 0, 1) * light
    return np.asarray(diffuse + (gloss + fuzz)[..., None], np.float32)
