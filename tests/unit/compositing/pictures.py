"""Synthetic photos with known shapes and colours."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (480, 640)


def tee(
    colour: tuple[int, int, int] = (40, 90, 160), wall: tuple[int, int, int] = (245, 245, 245)
) -> NDArray[np.uint8]:
    """A flat T-shirt on a plain wall, RGB."""
    width, height = SIZE
    outline = [(240, 110), (285, 85), (360, 125), (440, 260), (385, 300), (350, 245), (350, 550)]
    right = np.array(outline)
    shape = np.vstack([right, (right * [-1, 1] + [width, 0])[::-1]])
    picture = np.full((height, width, 3), wall, np.uint8)
    cv2.fillPoly(picture, [shape.astype(np.int32)], colour, cv2.LINE_AA)
    return picture


def tee_mask() -> NDArray[np.bool_]:
    """Where the T-shirt of `tee` is."""
    return np.asarray(tee((0, 0, 0), (255, 255, 255))[..., 0] < 128)


def trousers(colour: tuple[int, int, int] = (150, 120, 60)) -> NDArray[np.uint8]:
    """Flat trousers on a plain wall, RGB."""
    shape = np.array(
        [
            (160, 40),
            (320, 40),
            (345, 230),
            (330, 610),
            (255, 610),
            (242, 240),
            (238, 240),
            (225, 610),
            (150, 610),
            (135, 230),
        ]
    )
    picture = np.full((SIZE[1], SIZE[0], 3), 244, np.uint8)
    cv2.fillPoly(picture, [shape.astype(np.int32)], colour, cv2.LINE_AA)
    return picture


def save(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], kind: str = "PNG", **options: object
) -> bytes:
    """As a file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()
