"""White on white: a garment that hardly differs from its plain background, and the shadow that it
casts on the floor."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import Background
from compositing.cut.flood import gradient, unlikeness
from compositing.cut.pieces import filled, largest, touching

SMOOTH_PX: Final = 1.5
NOISE, MIN_LEVEL = 4.0, 0.35
BOUND, STRONG = 4.0, 10.0
"""What differs this much (CIE L*a*b*) is no longer blurred over its edge."""
CLOSE_SHARE, OUTLINE_SHARE = 0.022, 0.005
GROWS: Final = (0.9, 1.3)
"""The share of the flooded mask that the traced one may have; else the flood is kept."""
HEM_SHARE, HEM_EDGE, MIN_SHADOW = 0.16, 0.5, 0.004
SHARP, DEEP, HUE = 1.8, 3.0, 4.0
FADED, BEND = 3.5, 12.0


def traced(colours: Floats, behind: Background, mask: Mask) -> Mask:
    """By what little difference is left once noise is smoothed away; notches where there is none
    are closed.

    `mask`: what the flood left; it is answered where tracing goes astray.
    """
    noisy = (colours - behind.colour) * np.array([1, 1.35, 1.35], np.float32)
    unlike = np.linalg.norm(noisy, axis=-1)
    bounded = noisy * (np.minimum(unlike, BOUND) / np.maximum(unlike, 1e-3))[..., None]
    apart = np.linalg.norm(cv2.GaussianBlur(bounded, (0, 0), SMOOTH_PX), axis=-1)
    clear = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    if clear.mean() < 0.02:
        return mask
    level = max(MIN_LEVEL, NOISE * float(np.median(apart[clear])))
    strong = cv2.dilate((unlike > STRONG).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    there = (apart > level) & ~(strong & (unlike < 2 * level))
    found = touching(there, mask & there)
    found = filled(closed(largest(found, 0.1), CLOSE_SHARE), 0.1)
    found = smoothed(found, OUTLINE_SHARE)
    share = float(found.sum() / max(mask.sum(), 1))
    return found if GROWS[0] < share < GROWS[1] else mask


def closed(mask: Mask, share: float) -> Mask:
    """Without notches narrower than a share of its longer side."""
    size = 2 * max(1, round(share * _side(mask) / 2)) + 1
    size = min(size, (min(mask.shape) - 1) // 2 * 2 - 1)
    disc = _disc(size)
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), size, size, size, size, cv2.BORDER_REFLECT)
    whole = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)
    return np.asarray(whole[size:-size, size:-size] > 0)


def smoothed(mask: Mask, share: float) -> Mask:
    """With its outline smoothed over a share of its longer side; the frame cuts it, but does not
    round it."""
    sigma = max(share * _side(mask), 0.5)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft > 0.5)


def _side(mask: Mask) -> float:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return float(max(np.ptp(rows), np.ptp(columns)) + 1) if len(rows) else 1.0


def off_the_floor(colours: Floats, behind: Background, mask: Mask) -> Mask:
    """Without a shadow below the hem: grey, darkest at the hem, gone without an edge farther down.

    A garment's own hem is an edge, however faint, at its last row.
    """
    rows = np.nonzero(mask.any(1))[0]
    if not len(rows):
        return mask
    unlike, edge = unlikeness(colours, behind), gradient(colours)
    chroma = np.abs(colours[..., 1:] - behind.colour[..., 1:]).sum(-1)
    shadow = _below_the_hem(colours - behind.colour, mask, rows[-1] - int(HEM_SHARE * np.ptp(rows)))
    shadow &= (chroma < HUE) & (colours[..., 0] < behind.colour[..., 0])
    if shadow.sum() < MIN_SHADOW * mask.sum() or float(np.percentile(unlike[shadow], 90)) < DEEP:
        return mask
    rim = shadow & (cv2.dilate((~mask).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    kept = cv2.morphologyEx((mask & ~shadow).astype(np.uint8), cv2.MORPH_OPEN, _disc(11)) > 0
    kept = largest(np.asarray(kept), 0.1)
    hem = kept & (cv2.dilate((shadow & ~kept).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    if not hem.any() or not rim.any() or float(np.median(unlike[rim])) > FADED:
        return mask
    sharp = cv2.dilate(edge, np.ones((5, 5), np.uint8))[hem] > SHARP
    return kept if float(sharp.mean()) > HEM_EDGE else mask


def _below_the_hem(apart: Floats, mask: Mask, first_row: int) -> Mask:
    """Of the mask from a row on: what the outside reaches over weaker edges than the garment above
    does."""
    sure = cv2.erode(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    sure[first_row:] = False
    seeds = np.where(mask, np.where(sure, 1, 0), 2).astype(np.int32)
    bent = np.sign(apart) * (1 - np.exp(-np.abs(apart) / BEND)) * 127 + 128
    found = cv2.watershed(np.clip(bent, 0, 255).astype(np.uint8), seeds)
    below = mask & (found != 1)
    below[:first_row] = False
    return np.asarray(below)


def _disc(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
