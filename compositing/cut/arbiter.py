"""Which of several opinions on a garment to believe, by measures that need no truth."""

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.background import border
from compositing.cut.faint import closed
from compositing.cut.flood import gradient
from compositing.cut.middle import middle
from compositing.cut.opinion import Opinion, Scene
from compositing.cut.pieces import largest

FitScore = Callable[[Mask], float]
"""How well a garment's template fits a mask, 0..1."""

SIDE_PX: Final = 256
CLEAR_EDGE: Final = 6.0
BINS: Final = 12
SMOOTH_SHARE: Final = 0.02
NEAR_SHARE: Final = 0.03


@dataclass(frozen=True, slots=True)
class Marks:
    """Of one mask, each 0..1, 1 the best."""

    edge: float
    """How strong the photo's edges are along the outline."""
    apart: float
    """How well colours alone tell inside from outside."""
    beside: float
    """How much the colours on both sides of the outline differ."""
    solid: float
    """Its share of its convex hull."""
    even: float
    """Its evenness."""
    central: float
    """Its share of the middle."""
    free: float
    """The share of the frame that it leaves free."""
    mirrored: float
    """How alike its halves are."""
    whole: float
    """Without holes and pieces."""


def marks(scene: Scene, mask: Mask) -> Marks:
    """The mask is of the scene's size, and not empty."""
    scale = min(1.0, SIDE_PX / max(mask.shape))
    reduced = cv2.resize(scene.colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    colours = np.asarray(reduced, np.float32)
    size = colours.shape[1], colours.shape[0]
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    if not small.any() or small.all():
        return Marks(0, 0, 0, 0, 0, 0, 0, 0, 0)
    body = largest(small, 0.999)
    pieces = 1 if scene.shape == "pair" else float(body.sum() / small.sum())
    return Marks(
        edge=_edge(colours, small),
        apart=_apart(colours, small),
        beside=_beside(colours, small),
        solid=_solid(small),
        even=evenness(small),
        central=float(small[middle(small.shape, shape=scene.shape)].mean()),
        free=1 - float(small[border(*small.shape)].mean()),
        mirrored=_mirrored(small),
        whole=pieces * float(small.sum() / _closed(small).sum()),
    )


def shell(mask: Mask) -> Mask:
    """The pixels on both sides of the outline; none where the garment leaves the picture."""
    ring = (
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    )
    ring[[0, -1]] = ring[:, [0, -1]] = False
    return np.asarray(ring)


def _edge(colours: Floats, mask: Mask) -> float:
    at = shell(mask)
    strongest = cv2.dilate(gradient(colours), np.ones((3, 3), np.uint8))[at]
    return float(np.minimum(strongest / CLEAR_EDGE, 1).mean()) if at.any() else 0.0


def _apart(colours: Floats, mask: Mask) -> float:
    """The mean share that a pixel's own side has of its colour's histogram bin."""
    scaled = (colours - np.array([0, -64, -64], np.float32)) * (BINS / np.array([100, 128, 128]))
    places = np.clip(scaled, 0, BINS - 1).astype(np.int64)
    bins = (places[..., 0] * BINS + places[..., 1]) * BINS + places[..., 2]
    inside, outside = (
        np.bincount(bins[side], minlength=BINS**3) / max(int(side.sum()), 1)
        for side in (mask, ~mask)
    )
    own = inside / np.maximum(inside + outside, 1e-12)
    return float((own[bins[mask]].mean() + 1 - own[bins[~mask]].mean()) / 2)


def _beside(colours: Floats, mask: Mask) -> float:
    near = 2 * max(2, round(NEAR_SHARE * max(mask.shape))) + 1
    means = []
    for side in (mask, ~mask):
        weight = cv2.blur(side.astype(np.float32), (near, near))
        total = cv2.blur(colours * side[..., None].astype(np.float32), (near, near))
        means.append(total / np.maximum(weight, 1e-3)[..., None])
    at = shell(mask)
    apart = np.linalg.norm(means[0][at] - means[1][at], axis=-1)
    return float((apart / (apart + 10)).mean()) if at.any() else 0.0


def _solid(mask: Mask) -> float:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(outlines))
    return min(float(mask.sum() / max(cv2.contourArea(hull), 1.0)), 1.0)


def evenness(mask: Mask) -> float:
    """The length of a mask's smoothed outline against its own, 0..1."""
    sigma = SMOOTH_SHARE * np.sqrt(float(mask.sum()))
    smooth = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma) > 0.5
    return min(_perimeter(np.asarray(smooth)) / max(_perimeter(mask), 1.0), 1.0)


def _perimeter(mask: Mask) -> float:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return sum(cv2.arcLength(outline, True) for outline in outlines)


def _mirrored(mask: Mask) -> float:
    columns = np.nonzero(mask.any(0))[0]
    part = mask[:, columns[0] : columns[-1] + 1]
    return float((part & part[:, ::-1]).sum() / max((part | part[:, ::-1]).sum(), 1))


def _closed(mask: Mask) -> Mask:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, -1) > 0)


WEIGHTS: Final = Marks(0.5, 1.5, 0.75, 0.25, 0.1, 0.25, 0.25, 0.5, 0.5)
"""Set by which of two masks lay nearer to outlines drawn by hand (bench/outlines.json, development
photos only)."""
LIKELY_WEIGHT, FIT_WEIGHT = 0.5, 1.5
AGREE: Final = 0.95
GOOD, POOR = 0.93, 0.72
CLOSINGS: Final = (0.05, 0.08, 0.14)
CLEARLY: Final = 0.002


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The mask that is believed, whose it is, and how much it is doubted, 0..1."""

    mask: Mask
    by: str
    doubt: float


def score(
    scene: Scene,
    opinion: Opinion,
    fit_score: FitScore | None = None,
    likely_weight: float = LIKELY_WEIGHT,
) -> float:
    """0..1: the weighted mean of the marks, of the overlap with what was likely, and of the
    template's fit."""
    weights, found = list(astuple(WEIGHTS)), list(astuple(marks(scene, opinion.mask)))
    if opinion.likely is not None:
        mask = opinion.mask.astype(np.float32)
        either = float(np.maximum(mask, opinion.likely).sum())
        weights.append(likely_weight)
        found.append(float(np.minimum(mask, opinion.likely).sum()) / max(either, 1.0))
    if fit_score is not None:
        weights.append(FIT_WEIGHT)
        found.append(fit_score(opinion.mask))
    return float(np.average(found, weights=weights))


def settle(
    scene: Scene, opinions: Iterable[Opinion], fit_score: FitScore | None = None
) -> Arbitration | None:
    """The opinion with the best score; None where there is none. Asks no further once two
    neighbours agree."""
    heard: list[tuple[float, Opinion]] = []
    agreed = False
    for opinion in opinions:
        agreed = bool(heard) and overlap(opinion.mask, heard[-1][1].mask) > AGREE
        heard.append((score(scene, opinion, fit_score), opinion))
        if agreed:
            break
    if not heard:
        return None
    best, chosen = max(heard, key=lambda one: one[0])
    others = [overlap(chosen.mask, opinion.mask) for _, opinion in heard if opinion is not chosen]
    apart = 1 - max(others, default=1.0)
    doubt = (GOOD - best) / (GOOD - POOR) + (0 if agreed else apart)
    mended = chosen if chosen.by == "flood" else _mended(scene, chosen, best, fit_score)
    return Arbitration(mended.mask, chosen.by, float(np.clip(doubt, 0, 1)))


def _mended(scene: Scene, chosen: Opinion, best: float, fit_score: FitScore | None) -> Opinion:
    """With notches closed where that scores better: a print whose colours the background has."""
    mended = chosen
    for share in CLOSINGS:
        whole = replace(chosen, mask=closed(chosen.mask, share))
        found = score(scene, whole, fit_score)
        if found > best + CLEARLY:
            mended, best = whole, found
    return mended


def overlap(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(int((one | other).sum()), 1))
