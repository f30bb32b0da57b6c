"""Where the waist, crotch, legs and hem of a garment for the lower body are, found on its silhouette."""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats, Mask
from compositing.errors import GarmentError
from compositing.garment.silhouette import edges, settled, smooth

MIN_SIDE_PX = 24
PRIOR_CROTCH = {True: 0.34, False: 0.62}
"""How far down the crotch is where the legs lie together: of long and of short legs."""
LONG = 1.35
"""Legs are long when the garment is this much taller than its hips are wide."""


@dataclass(frozen=True, slots=True)
class LowerLandmarks:
    """Of trousers and skirts. `crotch_y` is None for skirts. Profiles per row, smoothed; `inner_*` only below the crotch."""

    axis_x: float
    waist_y: float
    hem_y: float
    crotch_y: float | None
    left: Floats
    right: Floats
    inner_left: Floats
    inner_right: Floats

    @property
    def hips_px(self) -> float:
        """The widest in the upper third."""
        tall = self.hem_y - self.waist_y
        rows = slice(int(self.waist_y), int(self.waist_y + 0.33 * tall) + 1)
        return float(np.max((self.right - self.left)[rows]))

    @property
    def waist_px(self) -> float:
        """Just below the upper edge."""
        row = int(self.waist_y + 0.03 * (self.hem_y - self.waist_y))
        return float(self.right[row] - self.left[row])


def find_lower(mask: Mask, *, legs: bool) -> LowerLandmarks:
    """Landmarks of a garment for the lower body. Raises GarmentError no_garment_found."""
    if min(mask.shape) < MIN_SIDE_PX:
        raise GarmentError("no_garment_found", "What was cut out is too small for a garment.")
    left, right = edges(mask)
    rows = np.nonzero(~np.isnan(left))[0]
    first, last = int(rows[0]), int(rows[-1])
    tall = last - first
    axis_x = float(np.nanmedian(((left + right) / 2)[first : first + max(8, tall // 3)]))
    sigma = max(1.0, 0.008 * tall)
    inner_left, inner_right = np.full(len(left), np.nan, np.float32), np.full(len(left), np.nan, np.float32)
    crotch = _crotch(mask, left, right, first, last) if legs else None
    if crotch is not None:
        for side, outer, inner in ((-1, left, inner_left), (1, right, inner_right)):
            _leg(mask, crotch, axis_x, side, outer, inner)
    left, right = settled(left, right) if crotch is None else _settled_waist(left, right)
    left, right = smooth(left, sigma), smooth(right, sigma)
    if legs and crotch is None:
        hips = float(np.max((right - left)[first : first + tall // 3 + 1]))
        crotch = first + int(PRIOR_CROTCH[tall > LONG * hips] * tall)
    if crotch is not None:
        middle = np.asarray((left + right) / 2, np.float32)
        inner_left = _below(inner_left, middle, crotch, sigma, -1)
        inner_right = _below(inner_right, middle, crotch, sigma, 1)
    return LowerLandmarks(
        axis_x, _waist_row(mask, axis_x, left, right, first), float(last), crotch, left, right, inner_left, inner_right
    )


def _waist_row(mask: Mask, axis_x: float, left: Floats, right: Floats, first: int) -> float:
    """Where the upper edge is over the middle of the waist: a tilted one has a corner that is higher."""
    reach = max(2, int(0.2 * (right[first] - left[first])))
    columns = mask[:, max(int(axis_x) - reach, 0) : int(axis_x) + reach + 1]
    tops = columns.argmax(0)[columns.any(0)]
    return float(np.median(tops)) if len(tops) else float(first)


def _crotch(mask: Mask, left: Floats, right: Floats, first: int, last: int) -> int | None:
    """The row where the legs meet, from the hem upwards; None where nothing parts them."""
    crotch, missing = None, 0
    for row in range(last, first + int(0.15 * (last - first)), -1):
        low, high = int(left[row] + 0.2 * (right[row] - left[row])), int(right[row] - 0.2 * (right[row] - left[row]))
        if np.count_nonzero(~mask[row, low:high]) > 1:
            crotch, missing = row, 0
        else:
            missing += 1
            if crotch is not None and missing > 0.02 * (last - first):
                break
    return crotch if crotch is not None and crotch < last - 0.08 * (last - first) else None


def _leg(  # noqa: PLR0913 (what a leg is found by)
    mask: Mask, crotch: int, axis_x: float, side: int, outer: Floats, inner: Floats
) -> None:
    """Fills in one leg's own edges below the crotch; each leg ends where it ends."""
    below = mask[crotch + 1 :].astype(np.uint8)
    count, pieces, stats, centres = cv2.connectedComponentsWithStats(below, connectivity=4)
    own = [piece for piece in range(1, count) if (centres[piece][0] - axis_x) * side > 0]
    if not own:
        return
    leg = pieces == max(own, key=lambda piece: int(stats[piece, cv2.CC_STAT_AREA]))
    one, two = settled(*edges(leg))
    outer[crotch + 1 :], inner[crotch + 1 :] = (one, two) if side < 0 else (two, one)


def _settled_waist(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """The upper end only: the legs' ends are settled each for itself."""
    upper_left, upper_right = settled(left, right)
    half = len(left) // 2
    return np.concatenate([upper_left[:half], left[half:]]), np.concatenate([upper_right[:half], right[half:]])


def _below(inner: Floats, middle: Floats, crotch: int, sigma: float, side: int) -> Floats:
    """The inner edge below the crotch; where the legs lie together, a pixel from their middle."""
    result = inner.copy()
    if not np.isfinite(result).any():
        result = (middle + side).astype(np.float32)
    result[:crotch] = np.nan
    result[crotch] = middle[crotch] + side
    result[crotch:] = smooth(result[crotch:], sigma)
    return np.asarray(result, np.float32)
