"""Cloth at the neck that a cut-out lost: a white collar before a white wall.

Between the neck points, below their line, whatever is unlike the wall around is the garment's: what
of a hanger lies there too goes behind the neck. Only before a wall that is plain about the neck.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.charts.neck_view import REACH_PX, NeckView, view
from compositing.cut.cutout import Cutout
from compositing.template.model import Upper

PLAIN: Final = 2.2
"""A wall that is more uneven than this (dE) about the neck is not plain."""
UNLIKE, SPREADS = 9.0, 3.5
"""Cloth is so unlike the wall (dE), and by so many times the wall's own unevenness."""
ABOVE, BELOW = 0.12, 1.6
"""Where lost cloth is looked for, above and below the neck points, over half the neck's width."""
LEAF: Final = (0.5, 0.95, 0.45)
"""A collar's leaves may rise higher: between these sides of the middle, so much."""
ALIKE: Final = 14.0
"""Where they have the colour (dE) of what is found there below."""
LEAST: Final = 0.05
"""Less than this share of what lies between neck points and dip is not worth it."""
SEAM: Final = 0.03
"""How wide a seam to the cut-out is closed, over the neck's width."""
THERE: Final = 0.02
WHOLE: Final = 0.03
"""A cut-out that differs less from what the learned segmenter sees has lost nothing; where it was
not asked, nothing is known of it."""
LEAST_PX: Final = 12
ROUNDS: Final = 3
OPEN_PX: Final = 9
"""What is thinner is a shadow's or a hanger's."""


def recovered(cutout: Cutout, photo: NDArray[np.uint8], template: Upper) -> Cutout | None:
    """With what was lost at the neck; None where nothing was. `photo`: as it was cut out of."""
    left, right = template.left.neck, template.right.neck
    if cutout.mode != "messy" or 0 < cutout.unlike < WHOLE:
        return None
    if float(np.linalg.norm(right - left)) < LEAST_PX:
        return None
    x, y = cutout.origin
    height, width = cutout.alpha.shape
    at = np.s_[y : y + height, x : x + width]
    alpha = np.zeros(photo.shape[:2], np.float32)
    alpha[at] = cutout.alpha
    origin = np.array([x, y], np.float64)
    seen = view(photo, alpha > 0.5, left + origin, right + origin, collared=False)
    found = _lost(seen)
    if found is None:
        return None
    here = _placed(found, seen, photo.shape[1::-1])
    side = 2 * round(SEAM * float(np.linalg.norm(right - left))) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    whole = np.maximum(alpha, here)  # the cut-out's soft edge is a seam no more
    shut = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, kernel) * cv2.dilate(here, kernel)
    whole = np.maximum(whole, shut)
    rgb = photo.copy()
    own = (cutout.alpha * (cv2.dilate(here, kernel)[at] == 0) > 0)[..., None]
    rgb[at] = np.where(own | (here[at] == 0)[..., None], cutout.rgb, rgb[at])
    return _cropped(cutout, rgb, whole)


def _placed(found: Mask, seen: NeckView, size: tuple[int, ...]) -> Floats:
    soft = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.0)
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back = cv2.warpAffine(soft, seen.matrix, (size[0], size[1]), flags=way)
    return np.asarray(np.clip(back * 2 - 0.5, 0, 1), np.float32)


def _cropped(cutout: Cutout, rgb: NDArray[np.uint8], alpha: Floats) -> Cutout:
    there = alpha > THERE
    rows, columns = np.nonzero(there.any(1))[0], np.nonzero(there.any(0))[0]
    at = np.s_[int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
    return replace(
        cutout,
        rgb=np.ascontiguousarray(rgb[at]),
        alpha=np.ascontiguousarray(alpha[at]),
        origin=(int(columns[0]), int(rows[0])),
    )


def _lost(seen: NeckView) -> Mask | None:
    rows = (np.arange(len(seen.cloth)) - seen.origin[1])[:, None] / REACH_PX
    columns = (np.arange(seen.cloth.shape[1]) - seen.origin[0])[None] / REACH_PX
    cloth = seen.cloth > 0.5
    around = cv2.dilate(cloth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    wall = ~around & ((np.abs(columns) > 1.15) | (rows < -0.5)) & (rows < BELOW)
    if wall.sum() < LEAST_PX**2:
        return None
    off, spread = _unlike(seen.colours, wall)
    if spread > PLAIN:
        return None
    gap = ~cloth & (np.abs(columns) < 1) & (rows > -LEAF[2]) & (rows < BELOW)
    gap &= np.cumsum(cloth[::-1], axis=0)[::-1] > 0  # cloth lies below
    found = gap & (off > max(UNLIKE, SPREADS * spread))
    low = found & (rows > -ABOVE)
    for s in (-1, 1):
        leaf = found & (s * columns > LEAF[0]) & (s * columns < LEAF[1])
        if (leaf & low).sum() > LEAST_PX:
            like = seen.colours - np.median(seen.colours[leaf & low], axis=0)
            low |= leaf & (np.linalg.norm(like, axis=-1) < ALIKE)
    found, gap = low, gap & (rows > -ABOVE)
    kernel = np.ones((OPEN_PX, OPEN_PX), np.uint8)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    found = np.asarray(cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    found &= ~cloth
    return found if (found & gap).sum() > max(LEAST * gap.sum(), LEAST_PX**2) else None


def _unlike(colours: Floats, wall: Mask) -> tuple[Floats, float]:
    """How unlike a wall each pixel is (dE), and how uneven the wall: lit evenly to a plane's
    slope."""
    height, width = wall.shape
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    terms = np.stack([np.ones_like(x), x, y], -1)
    used = wall
    for _ in range(ROUNDS):
        model, *_rest = np.linalg.lstsq(terms[used], colours[used], rcond=None)
        off = np.linalg.norm(colours - terms @ model, axis=-1).astype(np.float32)
        spread = float(np.median(off[wall]))
        used = wall & (off < max(3 * spread, 2.0))
    return off, spread
