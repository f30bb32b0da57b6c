"""Cutting a garment from a plain background: by the flood, then what the flood can't see."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.background import Background, fit
from compositing.cut.faint import off_the_floor, traced
from compositing.cut.flood import flooded, gradient, unlikeness
from compositing.cut.opinion import ExpectedShape, Opinion, Scene
from compositing.cut.snap import snapped, support

FRAME_PX: Final = 4
FRAME_SIDE: Final = 0.5
"""A photo pasted on padding shows as straight sides of one colour along this share of the height.
"""
TOLERANCES: Final = (1.0, 3.5)
SUPPORTED, CLEARER = 0.93, 0.02
"""An outline of which less than this share lies on the photo's edges is doubted; another is better
where it has so much more."""
AROUND_PX, LEAST_AROUND = 11, 0.15
"""How far from the garment the backdrop is surely seen, and the least share of the photo that it
must fill."""
FAINT, FAINT_CONTRAST = 0.3, 16.0
"""An outline of which more than this share lies where the photo shows no edge is not a garment's.
"""


def plain(scene: Scene) -> Iterator[Opinion]:
    """At most one, empty for a bare wall; none where the background is not plain or no outline
    follows an edge."""
    if not scene.behind.plain:
        return
    mask = _plain(scene.colours, scene.behind, shape=scene.shape)
    if mask is None:
        return
    if (
        mask.any()
        and float(np.median(unlikeness(scene.colours, scene.behind)[mask])) < FAINT_CONTRAST
    ):
        mask = _of_faint(scene.colours, scene.behind, mask)
    yield Opinion(mask, "flood")


def _of_faint(colours: Floats, behind: Background, mask: Mask) -> Mask:
    """Of a garment that hardly differs from its background: what the flood left, or what little
    differs, whose outline lies on more of the photo's edges once it is moved there."""
    by_trace = off_the_floor(colours, behind, traced(colours, behind, mask))
    found = [snapped(colours, one) for one in (by_trace, mask)]
    return max(found, key=lambda one: support(colours, one))


def _plain(colours: Floats, behind: Background, *, shape: ExpectedShape) -> Mask | None:
    """By the flood, more tolerant where the outline it leaves follows no edge; None where none
    does."""
    for tolerance in TOLERANCES:
        mask = flooded(colours, behind, shape=shape, tolerance=tolerance)
        if _faint(colours, behind, mask) <= FAINT:
            return _lit(colours, _inside_frame(colours, mask, shape=shape), shape=shape)
    return None


def _lit(colours: Floats, mask: Mask, *, shape: ExpectedShape) -> Mask:
    """Of a mask whose outline leaves the photo's edges: flooded again, with the background as it is
    all around the garment, if that outline lies on more of them. A lamp's spot on the backdrop is
    not seen at the photo's border."""
    found = support(colours, mask)
    around = cv2.dilate(mask.astype(np.uint8), np.ones((AROUND_PX, AROUND_PX), np.uint8)) == 0
    if found > SUPPORTED or around.mean() < LEAST_AROUND:
        return mask
    behind = fit(colours, np.asarray(around))
    again = flooded(colours, behind, shape=shape)
    return again if support(colours, again) > found + CLEARER else mask


def _inside_frame(colours: Floats, mask: Mask, *, shape: ExpectedShape) -> Mask:
    """The garment in a photo that was pasted on padding; the mask itself without a frame."""
    inner = _frame(colours, mask)
    if inner is None:
        return mask
    within = np.ascontiguousarray(colours[inner])
    behind = fit(within)
    again = flooded(within, behind, shape=shape)
    if not behind.plain or not 0.04 < again.mean() < 0.9:
        return mask
    framed = np.zeros_like(mask)
    framed[inner] = again
    return framed


def _faint(colours: Floats, behind: Background, mask: Mask) -> float:
    """The share of the outline that lies on no edge of the photo, although the garment differs from
    the background."""
    if not mask.any() or float(np.median(unlikeness(colours, behind)[mask])) < FAINT_CONTRAST:
        return 0.0
    shell = np.asarray(
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    )
    strongest = cv2.dilate(gradient(colours), np.ones((5, 5), np.uint8))
    return float((strongest[shell] < 2.5).mean())


def _frame(colours: Floats, mask: Mask) -> tuple[slice, slice] | None:
    """The inside of a box, when what was found is one with sides of one colour."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    if not len(rows):
        return None
    top, bottom, left, right = (
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
    )
    if min(bottom - top, right - left) < 12 * FRAME_PX:
        return None
    for strip in (slice(left + 1, left + FRAME_PX), slice(right - FRAME_PX, right - 1)):
        side = colours[top:bottom, strip].mean(1)
        even = np.abs(side - np.median(side, axis=0)).sum(1) < 4
        if (even & mask[top:bottom, strip].all(1)).mean() < FRAME_SIDE:
            return None
    return slice(top + FRAME_PX, bottom - FRAME_PX), slice(left + FRAME_PX, right - FRAME_PX)
