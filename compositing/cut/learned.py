"""The learned segmenter: what it takes for garment, for the inside of its back, for a hanger.

A small U-Net (`segmenter.onnx`, half precision), trained by `assets/segmenter` on garments that
this project draws; run by OpenCV. It knows cloth by its form: parts of another colour, hoods,
white on white. Its outlines are rougher than the other segmenters', and it can take floor between
two legs for cloth; and it was never shown a photo without a garment. So it is asked, and not
believed alone (`corrected.py`).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats

SIDE_PX: Final = 320
"""Photos are squeezed to a square of this side, as in training."""
MODEL: Final = Path(__file__).with_name("segmenter.onnx")
SHEETS_MODEL: Final = Path(__file__).with_name("sheets.onnx")
_ONE_AT_A_TIME: Final = Lock()


@dataclass(frozen=True, slots=True)
class Expected:
    """Each 0..1 per pixel of the picture that was asked about.

    `cloth`: the garment, its inside too; `inside`: of its back, through the neck or the waist;
    `foreign`: hangers and clips before or above it.
    """

    cloth: Floats
    inside: Floats
    foreign: Floats


class Learned(Protocol):
    """As `expected`."""

    def __call__(self, rgb: NDArray[np.uint8], /) -> Expected:
        """Deterministic; must not change the picture."""


def expected(rgb: NDArray[np.uint8]) -> Expected:
    """`rgb`: (height, width, 3) sRGB of any size. Deterministic.

    The mean of two networks' odds, of the picture and of its mirror image: one of them learned
    from scenes where garments lie on sheets whose edges show, and takes a print's ground for such
    a sheet now and then; the other takes a sheet for cloth.
    """
    square = np.asarray(cv2.resize(rgb, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
    mirrored = _odds(np.ascontiguousarray(square[:, ::-1]), SHEETS_MODEL)[..., ::-1]
    likely = _likely(np.float32(0.5) * (_odds(square, MODEL) + mirrored))
    size = rgb.shape[1], rgb.shape[0]
    cloth, inside, foreign = (
        np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_LINEAR), np.float32)
        for one in likely
    )
    return Expected(cloth, inside, foreign)


def likely_maps(square: NDArray[np.uint8], model: Path) -> Floats:
    """The three maps (3, side, side), 0..1, of a square picture of the model's side, and of its
    mirror image, in the mean."""
    mirrored = _likely(_odds(np.ascontiguousarray(square[:, ::-1]), model))[..., ::-1]
    return np.asarray(np.float32(0.5) * (_likely(_odds(square, model)) + mirrored), np.float32)


def _likely(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def _odds(square: NDArray[np.uint8], model: Path) -> Floats:
    blob = np.ascontiguousarray(square.astype(np.float32).transpose(2, 0, 1)[None] / 255)
    with _ONE_AT_A_TIME:  # a network of OpenCV keeps its input
        network = _network(model)
        network.setInput(blob)
        logits = np.array(network.forward()[0], np.float32)
    side = len(square)
    maps = logits.reshape(3, 2, 2, side // 2, side // 2).transpose(0, 3, 1, 4, 2)
    return np.asarray(maps.reshape(3, side, side), np.float32)


@cache
def _network(model: Path) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(str(model))
