"""A hanger's bar over trousers and skirts that hang on its clips: between it and the waistband the
wall shows. What lies above that gap is no cloth."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout

SIDE_PX: Final = 384
"""Decided at this size."""
TOP, INNER = 0.2, 0.9
"""The gap lies in so much of the height, and is looked for in so much of the waist's width."""
WALL_AT, CLOTH_AT = 0.35, (0.25, 0.8)
"""Beside so much of the height the wall is looked at; the cloth between these shares of it."""
LEAST_PX: Final = 150
APART, LIKE = 18.0, 0.45
"""Wall and cloth differ by so much (CIE L*a*b*); what is nearer to the wall's colour than this
share of it is wall."""
PRINTED: Final = 0.02
"""Cloth of which more than this share has the wall's colour has it in its waistband, too."""
SPANNED: Final = 0.4
"""The gap goes over so much of the waist."""


def unclipped(cutout: Cutout) -> Cutout:
    """The cut-out from the lower edge of such a gap on; itself where there is none."""
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    size = [max(1, round(side * scale)) for side in cutout.alpha.shape[::-1]]
    alpha = np.asarray(cv2.resize(cutout.alpha, size, interpolation=cv2.INTER_AREA), np.float32)
    colours = lab(np.asarray(cv2.resize(cutout.rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
    edge = _waist(alpha, colours)
    if edge is None:
        return cutout
    columns = (np.arange(cutout.alpha.shape[1]) + 0.5) * scale - 0.5
    rows = (np.interp(columns, np.arange(len(edge)), edge) + 0.5) / scale - 0.5
    below = np.arange(cutout.alpha.shape[0])[:, None] - rows[None]
    kept = cutout.alpha * np.clip(below, 0, 1).astype(np.float32)
    first = int(np.nonzero((kept > 0.02).any(1))[0][0])
    left, top = cutout.origin
    levels = np.round(kept[first:] * 255) / np.float32(255)
    return replace(
        cutout,
        rgb=np.ascontiguousarray(cutout.rgb[first:]),
        alpha=np.asarray(levels, np.float32),
        origin=(left, top + first),
    )


def _waist(alpha: Floats, colours: Floats) -> NDArray[np.float64] | None:
    """By column the row from which on there is cloth, where a gap shows it."""
    mask = np.asarray(alpha > 0.5)
    rows = np.nonzero(mask.any(1))[0]
    if len(rows) < LEAST_PX // 2:
        return None
    top, tall = int(rows[0]), int(np.ptp(rows))
    gap = _gap(mask, alpha, colours, top, tall)
    across = np.nonzero(mask[top + round(TOP * tall)])[0]
    if gap is None or not len(across):
        return None
    aside = round((1 - INNER) / 2 * np.ptp(across))
    span = np.arange(across[0] + aside, across[-1] - aside + 1)
    shown = span[gap[:, span].any(0)]
    if len(shown) < max(SPANNED * len(span), 8):
        return None
    lowest = len(gap) - 1 - gap[::-1, shown].argmax(0)
    line = np.polynomial.Polynomial.fit(shown, lowest, 1)
    off = lowest - line(shown)
    near = np.abs(off) <= 2 * max(float(np.median(np.abs(off))), 1.0)
    line = np.polynomial.Polynomial.fit(shown[near], lowest[near], 1)
    every = np.arange(mask.shape[1])
    return np.asarray(np.where(np.isin(every, shown), 0, line(every)) + _at(every, shown, lowest))


def _at(
    every: NDArray[np.int64], shown: NDArray[np.int64], lowest: NDArray[np.int64]
) -> NDArray[np.float64]:
    found = np.zeros(len(every))
    found[shown] = lowest + 1.5
    return found


def _gap(mask: Mask, alpha: Floats, colours: Floats, top: int, tall: int) -> Mask | None:
    """Where the wall shows in the upper part of the mask; None where it looks like the cloth."""
    beside = alpha < 0.02
    beside[top + round(WALL_AT * tall) :] = False
    cloth = cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    cloth[: top + round(CLOTH_AT[0] * tall)] = cloth[top + round(CLOTH_AT[1] * tall) :] = False
    if min(int(beside.sum()), int(cloth.sum())) < LEAST_PX:
        return None
    wall, own = np.median(colours[beside], axis=0), np.median(colours[cloth], axis=0)
    apart = float(np.linalg.norm(wall - own))
    if apart < APART:
        return None
    like = mask & (np.linalg.norm(colours - wall, axis=-1) < LIKE * apart)
    if float(like[cloth].mean()) > PRINTED:
        return None
    like[top + round(TOP * tall) :] = False
    like = cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 3), np.uint8))
    return np.asarray(like > 0)
