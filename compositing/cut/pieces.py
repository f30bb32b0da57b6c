"""The pieces of a mask: those that touch something, the large ones, and holes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Mask


def touching(candidate: Mask, seeds: Mask) -> Mask:
    """The pieces of a mask that touch the seeds."""
    count, pieces = cv2.connectedComponents(candidate.astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    reached[np.unique(pieces[seeds & candidate])] = True
    reached[0] = False
    return np.asarray(reached[pieces])


def largest(mask: Mask, keep: float) -> Mask:
    """The largest piece and those of at least the share `keep` of it."""
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    if count <= 1:
        return mask
    areas = boxes[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= keep * areas.max()])
    return np.asarray(kept[pieces])


def filled(mask: Mask, share: float = 0.05) -> Mask:
    """Without holes smaller than a share of it."""
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(
        (~mask).astype(np.uint8), connectivity=4
    )
    small = boxes[:, cv2.CC_STAT_AREA] < share * mask.sum()
    small[0] = False
    frame = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    small[np.unique(frame)] = False
    return np.asarray(mask | small[pieces]) if count > 1 else mask


def disc(radius: int) -> NDArray[np.uint8]:
    """A round structuring element."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2), np.uint8)


def opened(mask: Mask, radius: int) -> Mask:
    """Without what is narrower than a disc. The frame counts as mask where the mask runs out of the
    picture."""
    framed = cv2.copyMakeBorder(
        mask.astype(np.uint8), radius, radius, radius, radius, cv2.BORDER_REPLICATE
    )
    thick = cv2.morphologyEx(framed, cv2.MORPH_OPEN, disc(radius))
    return np.asarray(thick[radius:-radius, radius:-radius] > 0)
