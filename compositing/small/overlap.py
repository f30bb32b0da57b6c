"""Telling a pair apart of which one shoe lies before the other: a shape and its copy, moved; and
the seam between them, where colours part.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Mask
from compositing.small.frames import Frame, frame
from compositing.small.placed import box_of, pieces

COARSE_PX: Final = 112
STEPS: Final = 28
LEAST_MOVE, LEAST_SHAPE = 0.14, 0.40
"""The copy is moved by so much of the pair's diagonal at least, and is so much of the pair."""
SMALLER, TRIED = 0.38, 12
"""What a shape is charged for its share of the pair: any shape is covered by itself."""
SHORT, LONG, ODD = 1.6, 3.2, 0.25
"""One shoe is about so many times longer than wide."""
ACROSS, ALONG_COST = 0.6, 0.3
"""A shoe's mate lies beside it, not before its toe."""
CORE: Final = 0.07
"""What is further inside than this share of the shape's size is sure."""
SMOOTH_PX: Final = 2.5
SHOWN: Final = 1.5
"""A thin part shows on the outline along so much of the root of its area, or is a spur."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The nearer shoe, `move` (x, y) to its mate, and how well the two make the pair."""

    shape: Mask
    move: tuple[int, int]
    worth: float


def moved(mask: Mask, aside: int, down: int) -> Mask:
    """By whole pixels."""
    move = np.array([[1, 0, aside], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(mask.astype(np.uint8), move, mask.shape[::-1]) > 0)


def coarse(mask: Mask) -> tuple[Mask, float]:
    """At `COARSE_PX`, and coarse pixels per pixel."""
    scale = min(1.0, COARSE_PX / max(mask.shape))
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    return np.asarray(
        cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    ), scale


def copied(mask: Mask, *, boots: bool = False) -> Copy | None:
    """The largest shape that lies in the mask as it is and moved up or aside, and covers most of it
    so. Boots from the side may have any shape, and stand in any way to each other.
    """
    small, scale = coarse(mask)
    if not small.any():
        return None
    ranked = sorted(_covering(small), key=lambda one: -one[0])[:TRIED]
    found = ranked if boots else [(_shaped(small, worth, move), move) for worth, move in ranked]
    worth, move = max(found, key=lambda one: one[0], default=(0.0, (0, 0)))
    if worth <= 0:
        return None
    at = round(move[0] / scale), round(move[1] / scale)
    shape = pieces(_opened(_twice(mask, at)), 0.0)
    return Copy(shape[0], at, worth) if shape else None


def _covering(small: Mask) -> list[tuple[float, tuple[int, int]]]:
    """Moves, each with how much of the mask is covered less what the shape's size costs."""
    left, top, right, bottom = box_of(small)
    wide, tall = right - left + 1, bottom - top + 1
    diagonal, area = float(np.hypot(wide, tall)), float(small.sum())
    step = max(2, round(diagonal / STEPS))
    found = []
    for down in range(-int(0.6 * tall), 1, step):
        for aside in range(-int(0.6 * wide), int(0.6 * wide) + 1, step):
            if np.hypot(aside, down) < LEAST_MOVE * diagonal or (down == 0 and aside < 0):
                continue
            shape = _twice(small, (aside, down))
            if shape.sum() < LEAST_SHAPE * area:
                continue
            covered = float((shape | moved(shape, aside, down)).sum()) / area
            found.append((covered - SMALLER * float(shape.sum()) / area, (aside, down)))
    return found


def _shaped(small: Mask, worth: float, move: tuple[int, int]) -> float:
    """The worth of a move, less where its shape is none of a shoe or its mate lies in line."""
    parts = pieces(_twice(small, move), 0.0)
    if not parts:
        return 0.0
    own: Frame = frame(parts[0])
    long = own.length / own.width
    along = abs(float(own.along @ np.array(move))) / float(np.hypot(*move))
    odd = max(0.0, float(np.log(SHORT / long))) + max(0.0, float(np.log(long / LONG)))
    return worth - ODD * odd - ALONG_COST * max(0.0, along - ACROSS)


def _twice(mask: Mask, move: tuple[int, int]) -> Mask:
    """The largest shape that lies in the mask as it is and moved."""
    return np.asarray(mask & moved(mask, -move[0], -move[1]))


def _opened(mask: Mask) -> Mask:
    return np.asarray(
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
    )


def along_seam(mask: Mask, first: Mask, second: Mask, rgb: NDArray[np.uint8]) -> list[Mask]:
    """Two shoes as they are roughly known, parted where colours part (a watershed: Beucher and
    Meyer, 1993).
    """
    reach = max(2, round(CORE * float(np.sqrt(first.sum()))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = cv2.erode(first.astype(np.uint8), disc) > 0
    around = cv2.dilate(first.astype(np.uint8), disc) > 0
    far = cv2.erode((second & mask & ~around).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not near.any() or not far.any():
        return [first, second]
    marks = np.zeros(mask.shape, np.int32)
    marks[near], marks[far], marks[~mask] = 1, 2, 3
    cv2.watershed(np.ascontiguousarray(cv2.GaussianBlur(rgb, (3, 3), 0.8)), marks)
    sides = [
        cv2.distanceTransform((marks != label).astype(np.uint8), cv2.DIST_L2, 3) for label in (1, 2)
    ]
    share = cv2.GaussianBlur((sides[0] <= sides[1]).astype(np.float32), (0, 0), SMOOTH_PX)
    own = np.asarray(mask & (share > 0.5)), np.asarray(mask & (share <= 0.5))
    return [_without_spurs(half, mask, reach) for half in own]


def _without_spurs(half: Mask, mask: Mask, reach: int) -> Mask:
    """Without what is thin and shows little on the pair's outline: a heel does, a spur of the seam
    does not.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach + 1, reach + 1))
    core = cv2.morphologyEx(half.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    edge = cv2.dilate((~mask).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    whole = core.copy()
    for thin in pieces(np.asarray(half & ~core), 0.0):
        if (thin & edge).sum() > SHOWN * float(np.sqrt(thin.sum())):
            whole |= thin
    found = pieces(np.asarray(whole), 0.0)
    return found[0] if found else half


def far_of(found: Copy, mask: Mask) -> Mask:
    """What the mask shows of the other shoe."""
    return np.asarray(mask & moved(found.shape, *found.move) & ~found.shape)
