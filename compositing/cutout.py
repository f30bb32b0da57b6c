"""Cut a garment out of its photo: where it is, and how much of each pixel on its edge is garment.

A plain background is flooded from the border and matted against its known colour; a patterned one goes through
GrabCut (Rother et al., SIGGRAPH 2004). An alpha channel that says something is trusted.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.background import Background, Floats, Mask, border, fit, lab
from compositing.decode import Photo
from compositing.errors import GarmentError

MIN_AREA: Final = 0.015
MAX_AREA: Final = 0.97
MAX_TOUCH: Final = 0.55
"""A garment that covers more of the frame than this is a backdrop or was not found."""
BAND_PX: Final = 3
FRAME_PX: Final = 5
FRAME_FILL: Final = 0.93


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


def cut(photo: Photo, *, two_legs: bool = False) -> Cutout:
    """The garment of a photo. `two_legs`: background shows between the legs. Raises GarmentError no_garment_found."""
    alpha, mode = _alpha(photo, two_legs=two_legs)
    inner = _frame(alpha) if mode == "plain" else None
    if inner is not None:
        photo = Photo(np.ascontiguousarray(photo.rgb[inner]), None)
        alpha, mode = _alpha(photo, two_legs=two_legs)
    mask = alpha > 0.5
    share = float(mask.mean())
    height, width = mask.shape
    touch = float((mask & border(height, width)).sum() / border(height, width).sum())
    if share < MIN_AREA or share > MAX_AREA or (mode != "alpha" and touch > MAX_TOUCH):
        raise GarmentError("no_garment_found", "No garment could be told from the photo's background.")
    rgb = photo.rgb if mode == "alpha" else _defringed(photo.rgb, alpha)
    rows, columns = np.nonzero(alpha > 0.02)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    return Cutout(rgb[top:bottom, left:right], alpha[top:bottom, left:right], mode)


def _frame(alpha: Floats) -> tuple[slice, slice] | None:
    """The inside of a box, when what was found is one: a photo pasted on padding of another shade."""
    mask = alpha > 0.5
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    if min(bottom - top, right - left) < 8 * FRAME_PX or mask[top:bottom, left:right].mean() < FRAME_FILL:
        return None
    return slice(top + FRAME_PX, bottom - FRAME_PX), slice(left + FRAME_PX, right - FRAME_PX)


def _alpha(photo: Photo, *, two_legs: bool) -> tuple[Floats, str]:
    if photo.alpha is not None:
        opaque = float((photo.alpha > 250).mean())
        if opaque < 0.003 and float((photo.alpha > 8).mean()) < 0.01:
            raise GarmentError("no_garment_found", "The photo is transparent.")
        if float((photo.alpha < 250).mean()) > 0.05 and opaque > 0.03:
            return np.asarray(photo.alpha / 255, np.float32), "alpha"
    colours = lab(np.asarray(cv2.bilateralFilter(photo.rgb, 5, 12, 3), np.uint8))
    behind = fit(colours)
    if behind.plain:
        mask = _flooded(colours, behind, two_legs=two_legs)
        return _matted(photo.rgb.astype(np.float32), mask, behind), "plain"
    mask = _grabbed(photo.rgb, colours, behind)
    return _softened(photo.rgb, mask), "messy"


def _flooded(colours: Floats, behind: Background, *, two_legs: bool) -> Mask:
    """Everything that the background, flooding in from the border, does not reach.

    Cast shadows only darken, so what is brighter than the background is garment: this saves white on white.
    """
    height, width, _ = colours.shape
    unlike = _unlikeness(colours, behind)
    edge = _gradient(colours)
    low = max(0.9, 3.0 * behind.spread)
    brighter = (colours[..., 0] - behind.colour[..., 0]) > max(1.0, 2.5 * behind.spread)
    candidate = (unlike < low) & (edge < max(0.8, 2.0 * behind.spread)) & ~brighter
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    padded = cv2.copyMakeBorder(candidate.astype(np.uint8), 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=1)
    candidate = cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc)[8:-8, 8:-8].astype(bool)
    count, pieces = cv2.connectedComponents(candidate.astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    reached[np.unique(pieces[border(height, width) & candidate])] = True
    reached[0] = False
    outside = reached[pieces]
    near = cv2.dilate(outside.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=3) > 0
    outside |= near & (unlike < low * 1.5) & ~brighter & (edge < 1.5)
    mask = cv2.morphologyEx((~outside).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), iterations=2) > 0
    mask = _unshadowed(_largest(mask, 0.1), colours, behind, unlike, edge)
    return _with_gaps(_filled(mask), unlike, edge, behind, two_legs=two_legs)


def _unlikeness(colours: Floats, behind: Background) -> Floats:
    difference = (colours - behind.colour) * np.array([1, 1.35, 1.35], np.float32)
    return np.asarray(np.sqrt((difference**2).sum(-1)), np.float32)


def _gradient(colours: Floats) -> Floats:
    total = np.zeros(colours.shape[:2], np.float32)
    for channel in range(3):
        plane = np.ascontiguousarray(colours[..., channel])
        total += cv2.Sobel(plane, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(plane, cv2.CV_32F, 0, 1) ** 2
    return np.asarray(np.sqrt(total) / 8, np.float32)


def _unshadowed(mask: Mask, colours: Floats, behind: Background, unlike: Floats, edge: Floats) -> Mask:
    """Without the cast shadow: darker than the background, of its hue, soft, and connected to the outside."""
    inside = mask & (cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    if not inside.any() or float(np.median(unlike[inside])) < 14:
        return mask
    darker = behind.colour[..., 0] - colours[..., 0]
    chroma = np.abs(colours[..., 1:] - behind.colour[..., 1:]).sum(-1)
    shadow = mask & (darker > 1) & (darker < 26) & (chroma < 3 + 0.06 * darker) & (edge < 2.0)
    count, pieces = cv2.connectedComponents((shadow | ~mask).astype(np.uint8), connectivity=4)
    outside = np.zeros(count, bool)
    outside[np.unique(pieces[~mask])] = True
    kept = mask & ~(shadow & outside[pieces])
    smooth = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return _largest(smooth, 0.1) if smooth.sum() > 0.5 * mask.sum() else mask


def _with_gaps(mask: Mask, unlike: Floats, edge: Floats, behind: Background, *, two_legs: bool) -> Mask:
    """With the holes in which the background shows: between legs, between a sleeve and the body."""
    if float(np.median(unlike[mask])) < 8 if mask.any() else True:
        return mask
    like = mask & (unlike < max(2.5, 3 * behind.spread)) & (edge < 1.5)
    like = cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    count, pieces, boxes, centres = cv2.connectedComponentsWithStats(like.astype(np.uint8), connectivity=4)
    columns = np.nonzero(mask.any(0))[0]
    middle, wide = (columns[0] + columns[-1]) / 2, max(int(np.ptp(columns)), 1)
    opened = mask.copy()
    for piece in range(1, count):
        _, _, piece_width, piece_height, area = boxes[piece]
        off_axis = abs(centres[piece][0] - middle) / wide
        tall = piece_height / max(piece_width, 1)
        between_legs = two_legs and off_axis < 0.18 and tall > 1.2
        beside_arm = not two_legs and off_axis > 0.16 and tall > 1.6
        if area > 0.0008 * mask.size and (between_legs or beside_arm):
            opened[cv2.dilate((pieces == piece).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = False
    return opened


def _largest(mask: Mask, keep: float) -> Mask:
    """The largest piece and those of at least the share `keep` of it."""
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 1:
        return mask
    areas = boxes[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= keep * areas.max()])
    return np.asarray(kept[pieces])


def _filled(mask: Mask, share: float = 0.05) -> Mask:
    """Without holes smaller than a share of it."""
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = boxes[:, cv2.CC_STAT_AREA] < share * mask.sum()
    small[0] = False
    frame = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    small[np.unique(frame)] = False
    return np.asarray(mask | small[pieces]) if count > 1 else mask


def _signed_distance(mask: Mask) -> Floats:
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(inside - outside, np.float32)


def _matted(picture: Floats, mask: Mask, _behind: Background) -> Floats:
    """Alpha along the edge from the mixing equation c = a F + (1 - a) B, with B known and F pulled from inside."""
    distance = _signed_distance(mask)
    behind = fit(picture).colour
    front = pulled(picture, (distance > BAND_PX + 2).astype(np.float32))
    contrast = front - behind
    strength = (contrast**2).sum(-1)
    mixed = ((picture - behind) * contrast).sum(-1) / np.maximum(strength, 1)
    mixed = np.clip((mixed - 0.2) / 0.7, 0, 1)
    ramp = np.clip(distance / 2.4 + 0.3, 0, 1)
    trust = np.clip((np.sqrt(strength) - 25) / 40, 0, 1)  # the equation says little where both colours are alike
    band = trust * np.minimum(mixed, np.clip(distance / BAND_PX + 1, 0, 1)) + (1 - trust) * ramp
    alpha = np.where(distance > BAND_PX, 1, np.where(distance < -BAND_PX, 0, band)).astype(np.float32)
    return np.asarray(np.clip((cv2.GaussianBlur(alpha, (0, 0), 0.6) - 0.05) / 0.9, 0, 1), np.float32)


def _softened(rgb: NDArray[np.uint8], mask: Mask) -> Floats:
    """Alpha along the edge by a guided filter (He et al., ECCV 2010), within a narrow band."""
    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    size = (5, 5)
    solid = mask.astype(np.float32)
    mean_guide, mean_solid = cv2.blur(guide, size), cv2.blur(solid, size)
    slope = (cv2.blur(guide * solid, size) - mean_guide * mean_solid) / (cv2.blur(guide * guide, size) - mean_guide**2 + 1e-4)
    alpha = cv2.blur(slope, size) * guide + cv2.blur(mean_solid - slope * mean_guide, size)
    distance = _signed_distance(mask)
    alpha = np.where(distance > BAND_PX, 1, np.where(distance < -BAND_PX, 0, alpha))
    ramp = np.clip(distance / 2.4 + 0.3, 0, 1)
    return np.asarray(np.clip(np.minimum(alpha, ramp), 0, 1), np.float32)


def _grabbed(rgb: NDArray[np.uint8], colours: Floats, behind: Background) -> Mask:
    height, width = rgb.shape[:2]
    scale = 384 / max(height, width)
    small = cv2.resize(cv2.bilateralFilter(rgb, 7, 20, 5), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    unlike = cv2.resize(_unlikeness(colours, behind), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[0 : small.shape[0], 0 : small.shape[1]].astype(np.float32)
    y, x = rows / small.shape[0] * 2 - 1, columns / small.shape[1] * 2 - 1
    seeds = np.full(small.shape[:2], cv2.GC_PR_FGD, np.uint8)
    seeds[(np.abs(x) > 0.9) | (np.abs(y) > 0.9) | (unlike < 1.5 * behind.spread)] = cv2.GC_PR_BGD
    seeds[border(*small.shape[:2])] = cv2.GC_BGD
    seeds[((x / 0.28) ** 2 + (y / 0.44) ** 2 < 1) & (unlike > 2.5 * behind.spread)] = cv2.GC_FGD
    if not (seeds == cv2.GC_FGD).any():
        return np.zeros((height, width), bool)
    cv2.setRNGSeed(7)
    cv2.grabCut(small, seeds, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    found = ((seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD)).astype(np.float32)
    mask = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8), iterations=2) > 0
    mask = cv2.morphologyEx(_largest(mask, 0.2).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8), iterations=2) > 0
    return _filled(mask, 0.01)


def pulled(picture: Floats, solid: Floats) -> Floats:
    """Colours of where `solid` is 1, spread outwards: the normalised blur of the nearest ring that has any."""
    result, todo = picture.copy(), solid < 0.5
    for size in (7, 15, 31, 63):
        weight = cv2.blur(solid, (size, size))
        ready = todo & (weight > (4e-2 if size < 63 else 1e-4))
        if ready.any():
            blurred = cv2.blur(picture * solid[..., None], (size, size))
            result[ready] = blurred[ready] / weight[ready][:, None]
            todo &= ~ready
    return result


def _defringed(rgb: NDArray[np.uint8], alpha: Floats) -> NDArray[np.uint8]:
    """Edge pixels take their colour from the garment's inside: no halo of the photo's background."""
    solid = cv2.erode((alpha > 0.98).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2).astype(np.float32)
    picture = rgb.astype(np.float32)
    edge = (alpha > 0) & (solid < 0.5)
    picture[edge] = pulled(picture, solid)[edge]
    return np.clip(picture, 0, 255).astype(np.uint8)
