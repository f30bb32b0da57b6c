"""Cutting a garment from a floor, a sheet or a wall that one smooth colour does not explain.

Colours are clustered; a cluster that is common along the border and rare in the middle is background. GrabCut (Rother,
Kolmogorov and Blake, SIGGRAPH 2004) starts from there.
"""

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask, fit, lab
from compositing.cut.flood import filled, largest, touching, unlikeness

Shape = Literal["body", "legs", "pair"]

SEED: Final = 7
"""Of the clusters and of GrabCut's mixture models."""
SIDE_PX: Final = 320
CLUSTERS: Final = 20
ROUNDS: Final = 5
SURE: Final = 0.86
MIN_OUTSIDE: Final = 0.15
SMOOTH_SPREAD, LIKE = 7.0, 2.2


def grabbed(rgb: NDArray[np.uint8], *, shape: Shape) -> Mask:
    """Where the garment is; at the size of `rgb`. Nothing where no cluster is the middle's own."""
    height, width = rgb.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    smooth = cv2.bilateralFilter(rgb, 5, 20, 4)
    small = np.asarray(cv2.resize(smooth, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    own = _belongs(lab(small), shape=shape)
    seeds = np.full(own.shape, cv2.GC_PR_BGD, np.uint8)
    seeds[own > 0.5] = cv2.GC_PR_FGD
    seeds[(own > SURE) & _middle(own.shape, shape=shape)] = cv2.GC_FGD
    rim = _rim(own.shape, 0.015)
    seeds[rim & (own < 0.6)] = cv2.GC_BGD
    if not (seeds == cv2.GC_FGD).any() or not (seeds == cv2.GC_BGD).any():
        return np.zeros((height, width), bool)
    cv2.setRNGSeed(SEED)
    cv2.grabCut(small, seeds, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = (seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    found = largest(found, 0.2)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    found = _without_background(filled(found, 0.02 if shape == "body" else 0.006), lab(small))
    return np.asarray(cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5)


def _without_background(found: Mask, colours: Floats) -> Mask:
    """Less what looks just like the smooth background around it and is joined to it: a lit part of the floor or sheet."""
    outside = cv2.dilate(found.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    if outside.mean() < MIN_OUTSIDE:
        return found
    behind = fit(colours, outside)
    if behind.spread > SMOOTH_SPREAD:
        return found
    like = found & (unlikeness(colours, behind) < LIKE * behind.spread)
    like = cv2.morphologyEx((like | ~found).astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)).astype(bool) & found
    kept = found & ~(like & touching(like | ~found, ~found))
    kept = largest(cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0, 0.2)
    return filled(kept, 0.006) if kept.sum() > 0.3 * found.sum() else found


def _belongs(colours: Floats, *, shape: Shape) -> Floats:
    """How likely each pixel is garment, by its colour's cluster: the cluster's share of the middle against the border's."""
    height, width, _ = colours.shape
    weighted = (cv2.GaussianBlur(colours, (0, 0), 1.2) * np.array([0.7, 1.3, 1.3], np.float32)).reshape(-1, 3)
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 12, 0.5)
    step = max(1, len(weighted) // 12_000)
    _, _, centres = cv2.kmeans(np.ascontiguousarray(weighted[::step]), CLUSTERS, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]  # None: no labels to begin with
    distance = (weighted**2).sum(1)[:, None] - 2 * weighted @ centres.T + (centres**2).sum(1)[None]
    label = distance.argmin(1).reshape(height, width)
    inner = np.bincount(label[_middle((height, width), shape=shape)], minlength=CLUSTERS).astype(float)
    outer = np.bincount(label[_rim((height, width), 0.05)], minlength=CLUSTERS).astype(float)
    inner, outer = inner / inner.sum(), outer / outer.sum()
    own = inner / (inner + outer + 0.002)
    return np.asarray(cv2.GaussianBlur(own[label].astype(np.float32), (0, 0), 1.5), np.float32)


def _middle(size: tuple[int, ...], *, shape: Shape) -> Mask:
    """Where a garment surely is: an ellipse; of trousers above the crotch; of a pair of shoes left and right."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    y, x = rows / size[0] * 2 - 1, columns / size[1] * 2 - 1
    match shape:
        case "legs":
            return np.asarray((np.abs(x) < 0.3) & (y > -0.72) & (y < -0.2))
        case "pair":
            return np.asarray(((np.abs(x) - 0.42) / 0.2) ** 2 + (y / 0.4) ** 2 < 1)
        case "body":
            return np.asarray((x / 0.34) ** 2 + (y / 0.5) ** 2 < 1)


def _rim(size: tuple[int, ...], share: float) -> Mask:
    thick = max(2, int(share * min(size[:2])))
    rim = np.ones(size[:2], bool)
    rim[thick:-thick, thick:-thick] = False
    return rim
