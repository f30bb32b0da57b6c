"""Shoes and accessories: placed whole, by a scale and a shift."""

import cv2
import numpy as np

from compositing.cut.background import Mask
from compositing.fit.maps import BoxMap
from compositing.mannequin import FOOT_PART, HEAD, Mannequin
from schemas.categories import BodyRegion

SQUASH = 0.62
"""Shoes are photographed from higher up than a standing figure's are seen."""

Box = tuple[float, float, float, float]


def _box(mask: Mask) -> Box:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return float(columns[0]), float(rows[0]), float(columns[-1]), float(rows[-1])


def fit_shoes(mask: Mask, body: Mannequin) -> list[tuple[BoxMap, Mask]]:
    """One map per foot, each with the part of the cut-out that it moves."""
    count, pieces, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = [index + 1 for index in np.argsort(-areas)[:2] if areas[index] > 0.25 * areas.max()] if count > 1 else []
    if len(large) == 2:
        pair = [pieces == piece for piece in sorted(large, key=lambda piece: float(centres[piece][0]))]
    else:
        left, _, right, _ = _box(mask)
        columns = np.arange(mask.shape[1])[None]
        pair = [mask & (columns < (left + right) / 2), mask & (columns >= (left + right) / 2)]
    result = []
    for side, piece in zip((-1, 1), pair, strict=True):
        if not piece.any():
            continue
        foot = _box(body.labels == FOOT_PART[side])
        source = _box(piece)
        wide = (foot[2] - foot[0]) * 1.16
        tall = min(
            wide / max(source[2] - source[0], 1) * (source[3] - source[1]) * SQUASH,
            (foot[3] - body.sides[side].ankle[1]) * 1.75,
        )
        middle, floor = (foot[0] + foot[2]) / 2, foot[3] + 4 * body.scale
        result.append((BoxMap((middle - wide / 2, floor - tall, middle + wide / 2, floor), source), piece))
    return result


def fit_accessory(region: BodyRegion, mask: Mask, body: Mannequin) -> BoxMap:
    """A hat on the head, a scarf round the neck, a belt at the waist, a bag in the hand."""
    source = _box(mask)
    aspect = (source[3] - source[1]) / max(source[2] - source[0], 1)
    head = _box(body.labels == HEAD)
    head_wide = head[2] - head[0]
    match region:
        case BodyRegion.HEAD:
            wide, middle = head_wide * 1.35, (head[0] + head[2]) / 2
            top = head[1] + 0.33 * (head[3] - head[1]) - wide * aspect
        case BodyRegion.NECK:
            wide, middle = body.neck_width_px * 2.1, body.centre_x
            top = head[3] - 0.02 * wide
        case BodyRegion.WAIST:
            row = int(body.waist_y + 0.3 * (body.hip_y - body.waist_y))
            wide, middle = float(body.core_right[row] - body.core_left[row]) * 1.03, body.centre_x
            top = row - wide * aspect / 2
        case _:
            wide, middle = head_wide * 1.9, float(body.sides[1].wrist[0]) + 8 * body.scale
            top = float(body.sides[1].wrist[1]) + 26 * body.scale
    return BoxMap((middle - wide / 2, top, middle + wide / 2, top + wide * aspect), source)
