"""White on white: a garment that hardly differs from its plain background, and the shadow that it casts on the floor."""

from typing import Final

import cv2
import numpy as np

from compositing.cut.background import Background, Floats, Mask
from compositing.cut.flood import filled, gradient, largest, touching, unlikeness

SMOOTH_PX: Final = 1.5
NOISE, MIN_LEVEL = 4.0, 0.35
CLOSE_SHARE, OUTLINE_SHARE = 0.03, 0.006
GROWS: Final = (0.9, 1.3)
"""The share of the flooded mask that the traced one may have; else the flood is kept."""
HEM_SHARE, MIN_RAMP_PX = 0.09, 5
SHARP, DEEP, HUE = 3.0, 2.5, 4.0


def traced(colours: Floats, behind: Background, mask: Mask) -> Mask:
    """By what little difference is left once noise is smoothed away; notches where there is none are closed.

    `mask`: what the flood left; it is answered where tracing goes astray.
    """
    noisy = (colours - behind.colour) * np.array([1, 1.35, 1.35], np.float32)
    apart = np.linalg.norm(cv2.GaussianBlur(noisy, (0, 0), SMOOTH_PX), axis=-1)
    clear = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    if clear.mean() < 0.02:
        return mask
    level = max(MIN_LEVEL, NOISE * float(np.median(apart[clear])))
    found = touching(apart > level, mask & (apart > level))
    found = filled(closed(largest(found, 0.1), CLOSE_SHARE), 0.1)
    found = smoothed(found, OUTLINE_SHARE)
    share = float(found.sum() / max(mask.sum(), 1))
    return found if GROWS[0] < share < GROWS[1] else mask


def closed(mask: Mask, share: float) -> Mask:
    """Without notches narrower than a share of its longer side."""
    size = 2 * max(1, round(share * _side(mask) / 2)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), size, size, size, size, cv2.BORDER_CONSTANT, value=0)
    whole = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)
    return np.asarray(whole[size:-size, size:-size] > 0)


def smoothed(mask: Mask, share: float) -> Mask:
    """With its outline smoothed over a share of its longer side; the frame cuts it, but does not round it."""
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
    reach = max(int(HEM_SHARE * np.ptp(rows)), MIN_RAMP_PX + 1)
    unlike, edge = unlikeness(colours, behind), gradient(colours)
    chroma = np.abs(colours[..., 1:] - behind.colour[..., 1:]).sum(-1)
    soft = (edge < SHARP) & (chroma < HUE) & (colours[..., 0] < behind.colour[..., 0])
    kept = mask.copy()
    for column in np.nonzero(mask[rows[-1] - reach :].any(0))[0]:
        last = int(np.nonzero(mask[:, column])[0][-1])
        above = slice(max(last - reach, 0), last + 1)
        run = _run_from_end(soft[above, column] & mask[above, column])
        if run >= MIN_RAMP_PX and _fades(unlike[last - run + 1 : last + 1, column]):
            kept[last - run + 1 : last + 1, column] = False
    lost = mask & ~kept
    wide = np.nonzero(lost.any(0))[0]
    if len(wide) < 0.15 * np.ptp(np.nonzero(mask.any(0))[0]):
        return mask
    tidy = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
    return largest(np.asarray(tidy), 0.1)


def _run_from_end(values: Mask) -> int:
    gaps = np.nonzero(~values[::-1])[0]
    return int(gaps[0]) if len(gaps) else len(values)


def _fades(values: Floats) -> bool:
    """Whether a shadow's profile, from the hem down, fades out: deep at its start, slight at its end, no step between."""
    depth = float(values[: max(len(values) // 3, 1)].max())
    return depth > DEEP and float(values[-2:].mean()) < 0.5 * depth
