"""Cut a garment out of its photo: where it is, and how much of each pixel on its edge is garment.

A plain background is flooded from the border; a patterned one goes through GrabCut; an alpha channel that says something
is trusted. Where a garment is, is decided at half the size; the edge is matted at full size.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Background, Floats, Mask, border, fit, in_rgb, lab
from compositing.cut.flood import flooded, gradient, unlikeness
from compositing.cut.matte import matted
from compositing.cut.patterned import Shape, grabbed
from compositing.decode import Photo
from compositing.errors import GarmentError

DECIDE_SIDE_PX: Final = 512
MIN_AREA: Final = 0.015
MAX_AREA: Final = 0.97
MAX_TOUCH: Final = 0.55
"""A garment that covers more of the frame than this is a backdrop or was not found."""
FRAME_PX: Final = 4
FRAME_SIDE: Final = 0.5
"""A photo pasted on padding shows as straight sides of one colour along this share of the height."""
TOLERANCES: Final = (1.0, 3.5)
FAINT, FAINT_CONTRAST = 0.3, 16.0
"""An outline of which more than this share lies where the photo shows no edge is not a garment's."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """Cropped to the garment. `rgb`: colours without the background's; `alpha`: 0..1."""

    rgb: NDArray[np.uint8]
    alpha: Floats
    mode: str

    @property
    def mask(self) -> Mask:
        """Where it is more garment than not."""
        return np.asarray(self.alpha > 0.5)


def cut(photo: Photo, *, shape: Shape = "body") -> Cutout:
    """The garment of a photo. `shape`: what to expect, legs with background between them, or a pair of shoes.

    Raises GarmentError no_garment_found.
    """
    rgb, alpha, mode = told(photo, shape=shape)
    solid = alpha > 0.5
    rows, columns = np.nonzero((alpha > 0.02).any(1))[0], np.nonzero((alpha > 0.02).any(0))[0]
    height, width = solid.shape
    share = float(solid.mean())
    frame = border(height, width)
    touch = float((solid & frame).sum() / frame.sum())
    if share < MIN_AREA or share > MAX_AREA or (mode != "alpha" and touch > MAX_TOUCH):
        raise GarmentError("no_garment_found", "No garment could be told from the photo's background.")
    at = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    levels = np.round(alpha[at] * 255)  # as exact as a file that keeps it
    return Cutout(np.ascontiguousarray(rgb[at]), np.asarray(levels / np.float32(255), np.float32), mode)


def told(photo: Photo, *, shape: Shape) -> tuple[NDArray[np.uint8], Floats, str]:
    """Colours, alpha at the size of the photo, and how they were told apart. Raises GarmentError no_garment_found."""
    if photo.alpha is not None:
        opaque = float((photo.alpha > 250).mean())
        if opaque < 0.003 and float((photo.alpha > 8).mean()) < 0.01:
            raise GarmentError("no_garment_found", "The photo is transparent.")
        if float((photo.alpha < 250).mean()) > 0.05 and opaque > 0.03:
            return photo.rgb, np.asarray(photo.alpha / 255, np.float32), "alpha"
    scale = min(1.0, DECIDE_SIDE_PX / max(photo.rgb.shape))
    small = np.asarray(cv2.resize(photo.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    colours = lab(np.asarray(cv2.bilateralFilter(small, 5, 12, 3), np.uint8))
    behind = fit(colours)
    mask, mode = _plain(colours, behind, shape=shape) if behind.plain else None, "plain"
    if mask is None:
        mask, mode = grabbed(small, shape=shape), "messy"
    return *matted(photo.rgb, small.astype(np.float32), mask, in_rgb(behind) if mode == "plain" else None), mode


def _plain(colours: Floats, behind: Background, *, shape: Shape) -> Mask | None:
    """By the flood, more tolerant where the outline it leaves follows no edge; None where none does."""
    for tolerance in TOLERANCES:
        mask = flooded(colours, behind, two_legs=shape == "legs", tolerance=tolerance)
        if _faint(colours, behind, mask) <= FAINT:
            return _inside_frame(colours, mask, shape=shape)
    return None


def _inside_frame(colours: Floats, mask: Mask, *, shape: Shape) -> Mask:
    """The garment in a photo that was pasted on padding; the mask itself where there is no frame."""
    inner = _frame(colours, mask)
    if inner is None:
        return mask
    within = np.ascontiguousarray(colours[inner])
    behind = fit(within)
    again = flooded(within, behind, two_legs=shape == "legs")
    if not behind.plain or not 0.04 < again.mean() < 0.9:
        return mask
    framed = np.zeros_like(mask)
    framed[inner] = again
    return framed


def _faint(colours: Floats, behind: Background, mask: Mask) -> float:
    """The share of the outline that lies on no edge of the photo, although the garment differs from the background."""
    if not mask.any() or float(np.median(unlikeness(colours, behind)[mask])) < FAINT_CONTRAST:
        return 0.0
    shell = np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)
    strongest = cv2.dilate(gradient(colours), np.ones((5, 5), np.uint8))
    return float((strongest[shell] < 2.5).mean())


def _frame(colours: Floats, mask: Mask) -> tuple[slice, slice] | None:
    """The inside of a box, when what was found is one with sides of one colour."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    if min(bottom - top, right - left) < 12 * FRAME_PX:
        return None
    for strip in (slice(left + 1, left + FRAME_PX), slice(right - FRAME_PX, right - 1)):
        side = colours[top:bottom, strip].mean(1)
        even = np.abs(side - np.median(side, axis=0)).sum(1) < 4
        if (even & mask[top:bottom, strip].all(1)).mean() < FRAME_SIDE:
            return None
    return slice(top + FRAME_PX, bottom - FRAME_PX), slice(left + FRAME_PX, right - FRAME_PX)
