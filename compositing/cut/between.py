"""What lies between a sleeve and the body, or between two legs, in a rough cut-out: cloth or wall?

The template tells where background may be shut in. There each pixel goes to the colours that it is
nearer to: those of the background around the garment, or those of its cloth.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask, lab
from compositing.cut.cutout import Cutout
from compositing.cut.opinion import SEED

SIDE_PX: Final = 320
"""Decided at this size."""
CLUSTERS: Final = 5
LEAST_PIXELS: Final = 60
LEAST_SHARE: Final = 0.05
"""A colour that a region has less of is not one of its own."""
NEARER: Final = 0.8
"""Background must be so much nearer than cloth."""


def cleared(cutout: Cutout, wedges: list[NDArray[np.float64]]) -> Cutout:
    """The cut-out without background inside the wedges (polygons in its px)."""
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    height, width = (max(1, round(side * scale)) for side in cutout.alpha.shape)
    alpha = cv2.resize(cutout.alpha, (width, height), interpolation=cv2.INTER_AREA)
    reduced = cv2.resize(cutout.rgb, (width, height), interpolation=cv2.INTER_AREA)
    colours = lab(np.asarray(reduced, np.uint8))
    asked = np.zeros(alpha.shape, np.uint8)
    for wedge in wedges:
        cv2.fillPoly(asked, [np.round(wedge * scale).astype(np.int32)], 1)
    around = cv2.dilate((alpha > 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    deep = cv2.erode((alpha > 0.95).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    deep &= asked == 0
    here = (asked > 0) & (alpha > 0.3)
    if min(int(around.sum()), int(deep.sum()), int(here.sum())) < LEAST_PIXELS:
        return cutout
    behind = _far(colours, here, _centres(colours, around))
    cloth = _far(colours, here, _centres(colours, deep))
    nearer = np.zeros(alpha.shape, np.float32)
    nearer[here] = behind < NEARER * cloth
    gone = np.asarray(cv2.morphologyEx(nearer, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    if not gone.any():
        return cutout
    soft = cv2.resize(
        cv2.blur(gone, (3, 3)), cutout.alpha.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    kept = np.round(cutout.alpha * (1 - np.clip(soft * 1.5, 0, 1)) * 255) / np.float32(255)
    return replace(cutout, alpha=np.asarray(kept, np.float32))


def _centres(colours: Floats, where: Mask) -> Floats:
    """The colours that a region is made of (CLUSTERS, 3)."""
    points = colours[where]
    points = points[:: max(1, len(points) // 4000)]
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    _, labels, centres = cv2.kmeans(
        np.ascontiguousarray(points, np.float32),
        CLUSTERS,
        np.empty(0, np.int32),
        stop,
        1,
        cv2.KMEANS_PP_CENTERS,
    )
    share = np.bincount(labels[:, 0], minlength=CLUSTERS) / len(points)
    return np.asarray(centres[share >= LEAST_SHARE], np.float32)


def _far(colours: Floats, where: Mask, centres: Floats) -> Floats:
    """How far the pixels are from the nearest of these colours (dE)."""
    return np.asarray(
        np.linalg.norm(colours[where][:, None] - centres[None], axis=-1).min(1), np.float32
    )
