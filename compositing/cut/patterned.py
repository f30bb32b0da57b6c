"""Cutting a garment from a floor, a sheet or a wall that one smooth colour does not explain.

Two maps say how likely each pixel is garment. By colour: colours are clustered; a cluster that is
common along the
border and rare in the middle is background. By contrast: what stands out from all that runs into
the border
(`regions.py`). Their mean, cut at half, is the first opinion: it keeps parts whose colours the
background has too.
GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) gives the others, grown from the mean and from
colour alone.
"""

from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import fit, lab
from compositing.cut.flood import unlikeness
from compositing.cut.middle import middle
from compositing.cut.opinion import SEED, ExpectedShape, Opinion, Scene
from compositing.cut.pieces import filled, largest, touching
from compositing.cut.regions import regions, standing_out

SIDE_PX: Final = 256
CLUSTERS: Final = 20
ROUNDS: Final = 3
SURE: Final = 0.86
MIN_OUTSIDE: Final = 0.15
MIN_SPREAD: Final = 1.0
"""A picture of one colour has no mixture models."""
SMOOTH_SPREAD, LIKE = 7.0, 2.2


def patterned(scene: Scene) -> Iterator[Opinion]:
    """Each is worked out when it is asked for. Nothing where no colour is the middle's own."""
    height, width = scene.rgb.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    smooth = cv2.bilateralFilter(scene.rgb, 5, 20, 4)
    small = np.asarray(
        cv2.resize(smooth, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
    colours = lab(small)
    by_colour = _belongs(colours, shape=scene.shape)
    by_contrast = standing_out(regions(colours), middle(by_colour.shape, shape=scene.shape))
    both = np.asarray(cv2.GaussianBlur((by_colour + by_contrast) / 2, (0, 0), 1.0), np.float32)
    likely = np.asarray(
        cv2.resize(both, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    ways: tuple[tuple[str, Callable[[], Mask]], ...] = (
        ("map", lambda: np.asarray(both > _parting(both))),
        ("grown", lambda: grown(small, both, shape=scene.shape)),
        ("colour", lambda: grown(small, by_colour, shape=scene.shape)),
    )
    for by, way in ways:
        mask = way()
        if mask.any():
            tidy = _tidied(mask, colours, shape=scene.shape).astype(np.float32)
            at_scene = cv2.resize(tidy, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
            yield Opinion(np.asarray(at_scene), by, likely)


def _parting(likely: Floats) -> float:
    """Otsu's threshold, not far from a half."""
    level, _ = cv2.threshold((likely * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    return float(np.clip(level / 255, 0.35, 0.6))


def grown(rgb: NDArray[np.uint8], likely: Floats, *, shape: ExpectedShape) -> Mask:
    """GrabCut from a map of how likely each pixel is garment."""
    parting = _parting(likely)
    seeds = np.full(likely.shape, cv2.GC_PR_BGD, np.uint8)
    seeds[likely > parting] = cv2.GC_PR_FGD
    seeds[(likely > SURE) & middle(likely.shape, shape=shape)] = cv2.GC_FGD
    rim = _rim(likely.shape, 0.015)
    seeds[rim & (likely < 0.6)] = cv2.GC_BGD
    front = (seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD)
    if not front.any() or front.all() or float(rgb.std()) < MIN_SPREAD:
        return np.zeros(likely.shape, bool)
    cv2.setRNGSeed(SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(rgb, seeds, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD))


def _tidied(found: Mask, colours: Floats, *, shape: ExpectedShape) -> Mask:
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    found = largest(found, 0.2)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    return _without_background(filled(found, 0.02 if shape == "body" else 0.006), colours)


def _without_background(found: Mask, colours: Floats) -> Mask:
    """Less what looks just like the smooth background around it and is joined to it: a lit part of
    the floor or sheet."""
    outside = cv2.dilate(found.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    if outside.mean() < MIN_OUTSIDE:
        return found
    behind = fit(colours, outside)
    if behind.spread > SMOOTH_SPREAD:
        return found
    like = found & (unlikeness(colours, behind) < LIKE * behind.spread)
    like = (
        cv2.morphologyEx(
            (like | ~found).astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)
        ).astype(bool)
        & found
    )
    kept = found & ~(like & touching(like | ~found, ~found))
    kept = largest(
        cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0, 0.2
    )
    return filled(kept, 0.006) if kept.sum() > 0.3 * found.sum() else found


def _belongs(colours: Floats, *, shape: ExpectedShape) -> Floats:
    """How likely each pixel is garment, by its colour's cluster: the cluster's share of the middle
    against the border's."""
    height, width, _ = colours.shape
    weighted = (
        cv2.GaussianBlur(colours, (0, 0), 1.2) * np.array([0.7, 1.3, 1.3], np.float32)
    ).reshape(-1, 3)
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 12, 0.5)
    step = max(1, len(weighted) // 12_000)
    _, _, centres = cv2.kmeans(
        np.ascontiguousarray(weighted[::step]), CLUSTERS, None, stop, 1, cv2.KMEANS_PP_CENTERS
    )  # type: ignore[call-overload]  # None: no labels to begin with
    distance = (weighted**2).sum(1)[:, None] - 2 * weighted @ centres.T + (centres**2).sum(1)[None]
    label = distance.argmin(1).reshape(height, width)
    inner = np.bincount(label[middle((height, width), shape=shape)], minlength=CLUSTERS).astype(
        float
    )
    outer = np.bincount(label[_rim((height, width), 0.05)], minlength=CLUSTERS).astype(float)
    inner, outer = inner / inner.sum(), outer / outer.sum()
    own = inner / (inner + outer + 0.002)
    return np.asarray(cv2.GaussianBlur(own[label].astype(np.float32), (0, 0), 1.5), np.float32)


def _rim(size: tuple[int, ...], share: float) -> Mask:
    thick = max(2, int(share * min(size[:2])))
    rim = np.ones(size[:2], bool)
    rim[thick:-thick, thick:-thick] = False
    return rim
