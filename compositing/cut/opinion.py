"""The port behind which a garment is told from its background: a prepared photo in, candidate masks
out.

Several segmenters are asked; none is believed before the arbiter (`arbiter.py`) has compared what
they say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import Background, fit, lab

ExpectedShape = Literal["body", "legs", "pair", "ring"]

SEED: Final = 7
"""Of every cluster and mixture model."""
DECIDE_SIDE_PX: Final = 512


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo at the size at which the garment is decided.

    `colours`: smoothed CIE L*a*b*; `behind`: the smooth background that fits its border best.
    """

    rgb: NDArray[np.uint8]
    colours: Floats
    behind: Background
    shape: ExpectedShape


@dataclass(frozen=True, slots=True)
class Opinion:
    """Where a segmenter takes the garment to be, at the scene's size; `by`: which of its ways.

    `likely`: what it started from, 0..1 per pixel; None where it has no such map.
    """

    mask: Mask
    by: str
    likely: Floats | None = None


class Segmenter(Protocol):
    """One or more opinions on a scene, each with a mask of the scene's size; none where it finds
    nothing."""

    def __call__(self, scene: Scene) -> Iterable[Opinion]:
        """Deterministic; must not change the scene."""


def scene(rgb: NDArray[np.uint8], shape: ExpectedShape) -> Scene:
    """The photo reduced to at most DECIDE_SIDE_PX a side."""
    scale = min(1.0, DECIDE_SIDE_PX / max(rgb.shape))
    small = np.asarray(
        cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
    colours = lab(np.asarray(cv2.bilateralFilter(small, 5, 12, 3), np.uint8))
    return Scene(small, colours, fit(colours), shape)
