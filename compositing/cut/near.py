"""Necks and waists seen from near by the learned segmenter: where exactly a front ends, the inside
of the back shows, and a hanger holds it.

The same network, trained further (`near.onnx`, by `assets/segmenter/near.py`) on such pictures
alone; in a photo of a whole garment a rib is a pixel wide.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Point
from compositing.cut.cutout import INSIDE_PX, Cutout, inside_levels
from compositing.cut.learned import likely_maps

MODEL: Final = Path(__file__).with_name("near.onnx")
ACROSS, BELOW = 5.2, 0.9
"""The side of what is looked at, and how far below the neck its middle lies, in halves of the
neck's width, quarters of the waist's; as in training."""
LEAST_PX: Final = 4.0
"""Of such a share: a narrower neck is not looked at."""

SURE, RAMP = 0.5, 4.0
"""What is so likely a hanger's is taken off, the more the surer."""
LEAST_SHARE: Final = 0.0004
"""A smaller piece of a hanger, over the cut-out, is none."""


@dataclass(frozen=True, slots=True)
class Near:
    """`cutout`: with a map of insides there; `foreign`: (INSIDE_PX, INSIDE_PX), how likely there
    is a hanger, 0..1."""

    cutout: Cutout
    foreign: Floats

    def unhung(self) -> Cutout | None:
        """The cut-out without what of a hanger reaches its rim; None where there is none: what
        lies amidst cloth is a buckle or a print."""
        cutout = self.cutout
        size = cutout.alpha.shape[1], cutout.alpha.shape[0]
        found = cv2.warpAffine(self.foreign, cutout.from_photo(), size)
        solid = np.asarray((found > SURE) & cutout.mask)
        beyond = cv2.dilate((~cutout.mask).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        beyond[[0, -1]] = beyond[:, [0, -1]] = True
        count, pieces = cv2.connectedComponents(solid.astype(np.uint8))
        sizes = np.bincount(pieces.ravel(), minlength=count)
        hangs = (np.bincount(pieces[beyond], minlength=count) > 0) & (
            sizes > LEAST_SHARE * solid.size
        )
        hangs[0] = False
        if not hangs.any():
            return None
        where = cv2.dilate(hangs[pieces].astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        taken = np.where(where, np.clip((found - SURE) * RAMP + 0.5, 0, 1), 0)
        return replace(cutout, alpha=np.asarray(cutout.alpha * (1 - taken), np.float32))


def seen_near(
    cutout: Cutout, photo: NDArray[np.uint8], ends: tuple[Point, Point], *, waist: bool = False
) -> Near | None:
    """A neck, or a waist, from near; None where it is too narrow, or the segmenter was not asked.
    `photo`: (height, width, 3) sRGB, that it was cut from; `ends`: its left and right, px of the
    cut-out."""
    left, right = ends
    half = float(np.linalg.norm(right - left)) / (4 if waist else 2)
    if cutout.inside is None or half < LEAST_PX:
        return None
    side = max(int(ACROSS * half), 2)
    x, y = np.round(0.5 * (left + right) + np.array([0.0, BELOW * half]) - 0.5 * side).astype(int)
    seen = _square(photo, (int(x) + cutout.origin[0], int(y) + cutout.origin[1]), side)
    way = cv2.INTER_AREA if side > INSIDE_PX else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(seen, (INSIDE_PX, INSIDE_PX), interpolation=way), np.uint8)
    _, inside, foreign = likely_maps(small, MODEL)
    near = replace(cutout, inside_at=(int(x), int(y), side))
    opening = inside if waist else np.minimum(inside + foreign, 1)  # a hanger hangs in a neck's
    inside = 0.5 * (opening + _known(cutout, near))
    return Near(replace(near, inside=inside_levels(inside)), foreign)


def _known(cutout: Cutout, near: Cutout) -> Floats:
    """What is known of insides from afar, in the px of a map from near: 0..1."""
    assert cutout.inside is not None
    far, close = (np.vstack([one.from_photo(), [0.0, 0.0, 1.0]]) for one in (cutout, near))
    there = (np.linalg.inv(close) @ far)[:2]
    return cv2.warpAffine(cutout.inside, there, (INSIDE_PX, INSIDE_PX)) / np.float32(255)


def _square(photo: NDArray[np.uint8], first: tuple[int, int], side: int) -> NDArray[np.uint8]:
    """A part of a photo; beyond it its rim goes on."""
    columns, rows = (
        np.clip(np.arange(start, start + side), 0, size - 1)
        for start, size in zip(first, photo.shape[1::-1], strict=True)
    )
    return np.asarray(photo[rows[:, None], columns[None]], np.uint8)
