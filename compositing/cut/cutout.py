"""Cut a garment out of its photo: where it is, and how much of each pixel on its edge is garment.

Segmenters say where it is (`plain.py`, `patterned.py`), an arbiter settles whom to believe
(`arbiter.py`), at half the
size; the edge is matted at full size. An alpha channel that says something is trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.arbiter import Arbitration, FitScore, overlap, score, settle
from compositing.cut.background import border, in_rgb
from compositing.cut.corrected import corrected
from compositing.cut.faint import smoothed
from compositing.cut.learned import Learned, expected
from compositing.cut.matte import matted
from compositing.cut.opinion import ExpectedShape, Opinion, Scene, Segmenter, scene
from compositing.cut.patterned import patterned
from compositing.cut.pieces import filled
from compositing.cut.plain import plain
from compositing.cut.refine import BANDS, LEARNED_BANDS, refined
from compositing.cut.thin import without_hooks
from compositing.decode import Photo
from compositing.errors import GarmentError

MIN_AREA: Final = 0.015
MAX_AREA: Final = 0.97
MAX_TOUCH: Final = 0.55
"""A garment that covers more of the frame than this is a backdrop or was not found."""
OUTLINE_SHARE: Final = 0.004
"""How far the outline on a patterned background is smoothed, in shares of the garment's longer
side, at no doubt."""
GRAINY, POOR = 0.7, 0.85
"""Spread of a background, and the arbiter's score of a flood that does not settle it there."""
INSIDE_PX, INSIDE_STEPS = 160, 17
"""The side of a kept map of insides, and its coarseness: sixteen levels."""
SEGMENTERS: Final[Sequence[Segmenter]] = (plain, patterned)


@dataclass(frozen=True, slots=True)
class Cutout:
    """Cropped to the garment. `rgb`: colours without the background's; `alpha`: 0..1."""

    rgb: NDArray[np.uint8]
    alpha: Floats
    mode: str
    doubt: float = 0.0
    """0..1: how little the segmenters agree and the outline convinces."""
    unlike: float = 0.0
    """0..1: how little of it the learned segmenter takes for cloth, and of its cloth is in it; 0
    for shoes, of which it is not asked."""
    origin: tuple[int, int] = (0, 0)
    """Where the crop's first column and row lie in the photo."""
    photo_size: tuple[int, int] = (0, 0)
    """The photo's width and height; zeros where they are not known."""
    inside: NDArray[np.uint8] | None = None
    """What the learned segmenter takes for the inside of the garment's back: (INSIDE_PX,
    INSIDE_PX) over `inside_at`, in INSIDE_STEPS of 0..255; None where it was not asked."""
    inside_at: tuple[int, int, int] | None = None
    """A square of the cut-out: its first column and row, which may lie outside, and its side; None:
    the whole photo."""

    @property
    def mask(self) -> Mask:
        """Where it is more garment than not."""
        return np.asarray(self.alpha > 0.5)

    @property
    def seen_near(self) -> bool:
        """Whether the map of insides was made from near."""
        return self.inside_at is not None

    def turned(self, turns: int) -> "Cutout":
        """By so many quarters against the clock, as the photo it lies in."""
        (x, y), (wide, high) = self.origin, self.photo_size
        height, width = self.alpha.shape
        square = self.inside_at
        for _ in range(turns % 4):
            x, y, wide, high = y, wide - x - width, high, wide
            if square is not None:
                square = square[1], width - square[0] - square[2], square[2]
            height, width = width, height
        rgb, alpha = np.rot90(self.rgb, turns), np.rot90(self.alpha, turns)
        inside = None if self.inside is None else np.rot90(self.inside, turns)
        return replace(
            self,
            rgb=np.ascontiguousarray(rgb, np.uint8),
            alpha=np.ascontiguousarray(alpha, np.float32),
            origin=(max(x, 0), max(y, 0)),
            photo_size=(wide, high),
            inside=None if inside is None else np.ascontiguousarray(inside, np.uint8),
            inside_at=square,
        )

    def from_photo(self) -> NDArray[np.float64]:
        """(2, 3): from px of `inside` to the cut-out's."""
        (x, y), size = (-self.origin[0], -self.origin[1]), self.photo_size
        if self.inside_at is not None:
            x, y, side = self.inside_at
            size = side, side
        wide, high = (one / INSIDE_PX for one in size)  # a pixel's centre is a whole number
        return np.array([[wide, 0, 0.5 * wide - 0.5 + x], [0, high, 0.5 * high - 0.5 + y]])


@dataclass(frozen=True, slots=True)
class Separation:
    """Colours and alpha at the size of the photo, how they were told apart, and how much that is
    doubted."""

    rgb: NDArray[np.uint8]
    alpha: Floats
    mode: str
    doubt: float
    unlike: float = 0.0
    inside: NDArray[np.uint8] | None = None


def cut(
    photo: Photo, *, shape: ExpectedShape = "body", fit_score: FitScore | None = None
) -> Cutout:
    """The garment of a photo. `shape`: what to expect, legs with background between them, or a pair
    of shoes.

    `fit_score`: how well a template fits a mask, where that is known, 0..1. Raises GarmentError
    no_garment_found.
    """
    found = judged(photo, shape=shape, fit_score=fit_score)
    solid, there = found.alpha > 0.5, found.alpha > 0.02
    rows, columns = np.nonzero(there.any(1))[0], np.nonzero(there.any(0))[0]
    height, width = solid.shape
    share = float(solid.mean())
    frame = border(height, width)
    touch = float((solid & frame).sum() / frame.sum())
    if share < MIN_AREA or share > MAX_AREA or (found.mode != "alpha" and touch > MAX_TOUCH):
        raise GarmentError(
            "no_garment_found",
            "We couldn't find a garment in this photo. Use a photo of one garment on a plain "
            "background that differs in colour.",
        )
    left, top = int(columns[0]), int(rows[0])
    at = slice(top, int(rows[-1]) + 1), slice(left, int(columns[-1]) + 1)
    levels = np.round(found.alpha[at] * 255)  # as exact as a file that keeps it
    return Cutout(
        np.ascontiguousarray(found.rgb[at]),
        np.asarray(levels / np.float32(255), np.float32),
        found.mode,
        round(found.doubt, 4),
        round(found.unlike, 4),
        (left, top),
        (width, height),
        found.inside,
    )


def separated(photo: Photo, *, shape: ExpectedShape) -> tuple[NDArray[np.uint8], Floats, str]:
    """Colours, alpha at the size of the photo, and how they were told apart. Raises GarmentError
    no_garment_found."""
    found = judged(photo, shape=shape)
    return found.rgb, found.alpha, found.mode


def judged(
    photo: Photo,
    *,
    shape: ExpectedShape,
    fit_score: FitScore | None = None,
    learned: Learned = expected,
) -> Separation:
    """As `cut`, before anything is cropped or refused for its size. Raises GarmentError
    no_garment_found."""
    if photo.alpha is not None:
        opaque = float((photo.alpha > 250).mean())
        if opaque < 0.003 and float((photo.alpha > 8).mean()) < 0.01:
            raise GarmentError("no_garment_found", "The photo is transparent.")
        if float((photo.alpha < 250).mean()) > 0.05 and opaque > 0.03:
            return Separation(photo.rgb, np.asarray(photo.alpha / 255, np.float32), "alpha", 0.0)
    seen = scene(photo.rgb, shape)
    verdict = _heard(seen, fit_score)
    if verdict is None:
        return Separation(photo.rgb, np.zeros(photo.rgb.shape[:2], np.float32), "messy", 1.0)
    likely = None if shape == "pair" else learned(seen.rgb)  # of shoes it knows too little
    if likely is not None:
        verdict = corrected(seen, verdict, likely, fit_score)
    clean = verdict.by == "flood"
    mask = _finished(seen, verdict)
    behind = in_rgb(seen.behind) if clean else None
    rgb, alpha = matted(photo.rgb, seen.rgb.astype(np.float32), mask, behind)
    unlike = 0.0 if likely is None else 1 - overlap(mask, np.asarray(likely.cloth > 0.5))
    mode = "plain" if clean else "messy"
    inside = None if likely is None else inside_levels(likely.inside)
    return Separation(rgb, alpha, mode, verdict.doubt, unlike, inside)


def inside_levels(inside: Floats) -> NDArray[np.uint8]:
    """A map (0..1) as `Cutout.inside` has it."""
    small = cv2.resize(inside, (INSIDE_PX, INSIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(small * (255 / INSIDE_STEPS)) * INSIDE_STEPS, np.uint8)


def _heard(seen: Scene, fit_score: FitScore | None) -> Arbitration | None:
    """What the first segmenter that has an opinion says; where it has several, the arbiter's
    choice. A poor one on a background that is grainy stands against those of the next."""
    poor: list[Opinion] = []
    for ask in SEGMENTERS:
        verdict = settle(seen, chain(poor, ask(seen)), fit_score)
        if verdict is not None and not poor and _poor(seen, verdict, fit_score):
            poor = [Opinion(verdict.mask, verdict.by)]
        elif verdict is not None:
            return verdict
    return None


def _poor(seen: Scene, verdict: Arbitration, fit_score: FitScore | None) -> bool:
    if verdict.by != "flood" or seen.behind.spread < GRAINY:
        return False
    return score(seen, Opinion(verdict.mask, verdict.by), fit_score) < POOR


def _finished(seen: Scene, verdict: Arbitration) -> Mask:
    """Without hooks; a rough outline moved to its edge and smoothed, the more it is doubted."""
    pair = seen.shape == "pair"
    if verdict.by == "flood":
        return without_hooks(verdict.mask, seen.colours, pair=pair)
    bands = LEARNED_BANDS if verdict.by == "learned" else BANDS
    mask = refined(seen.colours, verdict.mask, bands)
    mask = without_hooks(mask, seen.colours, pair=pair)
    mask = filled(mask, 0.02 if seen.shape == "body" else 0.006)
    return smoothed(mask, OUTLINE_SHARE * (1 + 3 * verdict.doubt))
