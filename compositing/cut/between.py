"""What lies between a sleeve and the body, or between two legs, in a rough cut-out: cloth or wall?

The template tells where background may be shut in. There each pixel goes to the colours that it is
nearer to: those of the background around the garment, or those of its cloth.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.cut.opinion import SEED
from compositing.cut.pieces import touching

SIDE_PX: Final = 512
"""Decided at this size."""
LEAST_PX: Final = 2
"""What is narrower is an edge."""
DEEP_PX, BESIDE_PX = 15, 11
APEX: Final = 0.12
"""So far around a wedge's apex, in shares of the width, it is asked what hangs together with it."""
CLUSTERS: Final = 5
LEAST_PIXELS: Final = 60
LEAST_SHARE: Final = 0.05
"""A colour that a region has less of is not one of its own."""
UNLIKE_CLOTH: Final = 5.0
"""Only what is so unlike the cloth (dE) goes: cloth of the floor's own colour stays."""
NEARER: Final = 0.8
"""Background must be so much nearer than cloth; beside such, nearer at all."""


def cleared(cutout: Cutout, wedges: list[NDArray[np.float64]]) -> Cutout:
    """The cut-out without background inside the wedges (polygons in its px, their apex first)."""
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    height, width = (max(1, round(side * scale)) for side in cutout.alpha.shape)
    alpha = cv2.resize(cutout.alpha, (width, height), interpolation=cv2.INTER_AREA)
    reduced = cv2.resize(cutout.rgb, (width, height), interpolation=cv2.INTER_AREA)
    colours = lab(np.asarray(reduced, np.uint8))
    inside, above = _asked([wedge * scale for wedge in wedges], (height, width))
    around = cv2.dilate((alpha > 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    deep = cv2.erode((alpha > 0.95).astype(np.uint8), np.ones((DEEP_PX, DEEP_PX), np.uint8)) > 0
    deep &= ~inside
    here = (inside | above) & (alpha > 0.3)
    if min(int(around.sum()), int(deep.sum()), int(here.sum())) < LEAST_PIXELS:
        return cutout
    behind = _far(colours, here, _centres(colours, around))
    cloth = _far(colours, here, _centres(colours, deep))
    surely, maybe = np.zeros(alpha.shape, bool), np.zeros(alpha.shape, bool)
    maybe[here] = behind < cloth
    surely[here] = (behind < NEARER * cloth) & (cloth > UNLIKE_CLOTH)
    core, outside = _opened(surely), alpha < 0.3
    gone = core & (inside | touching(np.asarray(core | outside), outside))
    near = cv2.dilate(gone.astype(np.uint8), np.ones((BESIDE_PX, BESIDE_PX), np.uint8)) > 0
    gone = touching(np.asarray((maybe & near) | gone), gone)
    if not gone.any():
        return cutout
    edge = cv2.dilate(gone.astype(np.float32), np.ones((3, 3), np.uint8))
    soft = cv2.resize(
        cv2.blur(edge, (3, 3)), cutout.alpha.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    kept = np.round(cutout.alpha * (1 - np.clip(soft * 1.5, 0, 1)) * 255) / np.float32(255)
    return replace(cutout, alpha=np.asarray(kept, np.float32))


def _opened(mask: Mask) -> Mask:
    kernel = np.ones((LEAST_PX, LEAST_PX), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


def _asked(wedges: list[NDArray[np.float64]], size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Inside the wedges; and around their apices, where a wedge may go on that was taken to end."""
    inside, above = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for wedge in wedges:
        cv2.fillPoly(inside, [np.round(wedge).astype(np.int32)], 1)
        x, y = np.round(wedge[0]).astype(int).tolist()
        cv2.circle(above, (x, y), round(APEX * size[1]), 1, cv2.FILLED)
    return np.asarray(inside > 0), np.asarray((above > 0) & (inside == 0))


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
