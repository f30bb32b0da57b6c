"""What can be measured of one garment without knowing the truth. All are shares from 0 to 1 unless
said otherwise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Mask
from compositing.cut.cutout import Cutout
from compositing.template import parts
from compositing.template.model import Template, UpperSide

STRAIN_WEIGHT = 0.03
SIDE_PX = 256
"""Silhouettes are measured at this size."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a cut-out and the template that was fitted to it.

    `fit`: the template's overlap with the silhouette (intersection over union), less what its
    proportions strain. `cover`: cloth's least share in a part's polygon.
    `whole`: of the silhouette in its largest piece. `ragged`: the outline's length over a smoothed
    outline's, less 1.
    `uneven`: of the silhouette that its mirror image about the template's axis does not share.
    `filled`: of the bounding box.
    `rough`: 1 for a photo whose background was not plain. `doubt`, `unlike`: the cut-out's.
    """

    fit: float
    cover: float
    whole: float
    ragged: float
    uneven: float
    filled: float
    rough: float
    doubt: float
    unlike: float = 0.0


def fit_of(template: Template) -> float:
    """How well a template fits: its overlap, less a share of what its priors are strained."""
    return float(template.iou - STRAIN_WEIGHT * template.strain)


def measured(cutout: Cutout, template: Template) -> Measures:
    """`cutout`: not empty."""
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    alpha = cv2.resize(cutout.alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.asarray(alpha > 0.5)
    return Measures(
        fit=fit_of(template),
        cover=_cover(mask, template, scale),
        whole=_whole(mask),
        ragged=_ragged(mask),
        uneven=_uneven(mask, template, scale),
        filled=float(mask.mean()),
        rough=1.0 if cutout.mode == "messy" else 0.0,
        doubt=cutout.doubt,
        unlike=cutout.unlike,
    )


def _cover(mask: Mask, template: Template, scale: float) -> float:
    """Cloth's least share in the polygon of a part."""
    shares = []
    for polygon in parts(template).values():
        drawn = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round((polygon + 0.5) * scale - 0.5).astype(np.int32)], 1)
        area = int(drawn.sum())
        if area > 40:
            shares.append(float(mask[drawn > 0].mean()))
    return min(shares, default=0.0)


def _whole(mask: Mask) -> float:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return float(stats[1:, cv2.CC_STAT_AREA].max() / max(int(mask.sum()), 1)) if count > 1 else 0.0


def _ragged(mask: Mask) -> float:
    padded = np.pad(mask.astype(np.uint8), 8)
    smooth = cv2.GaussianBlur(padded.astype(np.float32), (0, 0), 3.0) > 0.5
    own, even = _perimeter(padded), _perimeter(smooth.astype(np.uint8))
    return float(max(own / max(even, 1.0) - 1, 0.0))


def _perimeter(mask: NDArray[np.uint8]) -> float:
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return float(sum(cv2.arcLength(one, closed=True) for one in found))


def _uneven(mask: Mask, template: Template, scale: float) -> float:
    """About the line through the middles of neck or waist and hem."""
    left, right = template.left, template.right
    if isinstance(left, UpperSide) and isinstance(right, UpperSide):
        top = [left.neck, right.neck]
    elif isinstance(left, UpperSide) or isinstance(right, UpperSide):
        raise TypeError("both sides of a template are of one kind")
    else:
        top = [left.waist, right.waist]
    low = [left.hem, right.hem]
    first, last = np.mean(top, axis=0) * scale, np.mean(low, axis=0) * scale
    way = (last - first) / max(float(np.linalg.norm(last - first)), 1e-6)
    normal = np.array([way[1], -way[0]])
    turn = np.eye(2) - 2 * np.outer(normal, normal)
    matrix = np.column_stack([turn, 2 * float(first @ normal) * normal])
    pad = SIDE_PX // 2
    framed = np.pad(mask.astype(np.float32), pad)
    matrix[:, 2] += pad - turn @ np.array([pad, pad])
    mirrored = cv2.warpAffine(framed, matrix, framed.shape[::-1]) > 0.5
    there = framed > 0.5
    return float(1 - (mirrored & there).sum() / max(int((mirrored | there).sum()), 1))
