"""What can be measured of one garment without knowing the truth. All are shares from 0 to 1 unless said otherwise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.charts.lines import Mask
from compositing.cut.background import Floats, lab
from compositing.cut.cutout import Cutout
from compositing.template import parts
from compositing.template.model import Template, UpperSide

SIDE_PX = 256
"""Silhouettes are measured at this size."""
TEXT_CELL_PX = 8


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a cut-out and the template that was fitted to it.

    `overlap`: intersection over union of template and silhouette. `cover`: cloth's least share in a part's polygon.
    `whole`: of the silhouette in its largest piece. `ragged`: the outline's length over a smoothed outline's, less 1.
    `uneven`: of the silhouette that its mirror image about the template's axis does not share.
    `filled`: of the bounding box. `page`: of the cut-out that looks like lines of small print or a screen.
    `rough`: 1 for a photo whose background was not plain. `doubt`: the cut-out's.
    """

    overlap: float
    cover: float
    whole: float
    ragged: float
    uneven: float
    filled: float
    page: float
    rough: float
    doubt: float


def measured(cutout: Cutout, template: Template) -> Measures:
    """`cutout`: not empty."""
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    alpha = cv2.resize(cutout.alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.asarray(alpha > 0.5)
    return Measures(
        overlap=float(template.iou),
        cover=_cover(mask, template, scale),
        whole=_whole(mask),
        ragged=_ragged(mask),
        uneven=_uneven(mask, template, scale),
        filled=float(mask.mean()),
        page=_page(cutout.rgb, cutout.alpha),
        rough=1.0 if cutout.mode == "messy" else 0.0,
        doubt=cutout.doubt,
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


def _page(rgb: NDArray[np.uint8], alpha: Floats) -> float:
    """Small cells that hold both of two flat tones, ink and paper, and nothing between them."""
    scale = min(1.0, 512 / max(alpha.shape))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    light = lab(np.asarray(small, np.uint8))[..., 0]
    solid = np.asarray(
        cv2.resize(alpha, light.shape[::-1], interpolation=cv2.INTER_AREA) > 0.9, np.float32
    )
    rows, columns = light.shape[0] // TEXT_CELL_PX, light.shape[1] // TEXT_CELL_PX
    if rows < 4 or columns < 4:
        return 0.0

    def cells(picture: Floats) -> Floats:
        cut = picture[: rows * TEXT_CELL_PX, : columns * TEXT_CELL_PX]
        return (
            cut.reshape(rows, TEXT_CELL_PX, columns, TEXT_CELL_PX)
            .swapaxes(1, 2)
            .reshape(rows, columns, -1)
        )

    tones, inside = cells(light), cells(solid).min(-1) > 0.5
    if inside.sum() < 16:
        return 0.0
    low, high = np.percentile(tones, [5, 90], axis=-1)
    paper = np.median(high[inside])
    inked = (high - low > 25) & (np.abs(high - paper) < 6)
    return float((inked & inside).sum() / inside.sum())
