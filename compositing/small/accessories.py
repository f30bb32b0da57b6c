"""Hats on the head, bags in the hand or from the shoulder: whole, upright, at a true size."""

from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.cutout import Cutout
from compositing.mannequin import ARM_PARTS, HEAD, Mannequin
from compositing.small.belt import place_belt
from compositing.small.legs import cm_px
from compositing.small.placed import (
    Placed,
    Points,
    Stacking,
    WorkingOutline,
    box_of,
    filled,
    largest_pieces,
    silhouette,
)
from compositing.small.scarf import place_scarf

__all__ = ["place_bag", "place_belt", "place_hat", "place_scarf"]

STRAY: Final = 0.08
"""Pieces of an accessory smaller than this share of its largest are specks."""
MAX_TILT = 0.35
CROWN_ROOM: Final = 1.11
"""A hat's crown is so much wider than the head."""
EDGE_LINE, BRIM_LINE = 0.40, 0.34
"""Where a hat's edge, or the upper side of its brim, is on the head, in shares of its height from
the top.
"""
FRAME_PX, ABOVE_CM, FLATTEST, TALLEST = 5.0, 0.8, 0.6, 1.3
"""A crown that would leave the picture (at 1024 pixels' width) is made lower, one that would not
clear the head by so much higher; within these shares. Then the hat sits higher.
"""
BRIMMED, BRIM_SHARES, BRIM_AFTER, BRIM_WITHIN = 1.3, (0.72, 0.93), 0.25, 0.16
"""A brim is so much wider than the crown: a hat grows from one share of its width to the other so
far down, within so much of its height; a dome grows slowly.
"""
BAG_CM: Final = 28.0
"""The square root of a bag's face, without its handles."""
CLUTCH_CM: Final = 20.0
HANDLE, STRAP = 0.12, 0.50
"""Of a bag's height, what lies above its body: no handle below the first, a strap for the shoulder
above the second.
"""
TAPER: Final = 0.3
"""A long strap is so much narrower on the shoulder than at the bag."""
HAND_SIDE: Final = 1


def clean(cutout: Cutout) -> tuple[WorkingOutline, Mask]:
    """The outline, and it without specks. Raises GarmentError no_garment_found."""
    outline = silhouette(cutout.alpha)
    return outline, np.asarray(np.any(largest_pieces(outline.mask, STRAY), axis=0))


def grid(
    left: float, top: float, right: float, bottom: float, size: tuple[int, int] = (12, 9)
) -> Points:
    """An even mesh of `size` (rows, columns) over a box."""
    y, x = np.meshgrid(
        np.linspace(top, bottom, size[0]), np.linspace(left, right, size[1]), indexing="ij"
    )
    return np.stack([x, y], -1)


def place_hat(cutout: Cutout, body: Mannequin) -> list[Placed]:
    """Its crown as wide as the head needs, its edge on the forehead, its tilt taken out."""
    outline, mask = clean(cutout)
    turned, back = _levelled(mask)
    left, top, right, bottom = box_of(turned)
    widths = turned[int(top) : int(bottom) + 1].sum(1).astype(float)
    crown, start = _crown(widths)
    brimmed = widths.max() > BRIMMED * crown
    line = top + start if brimmed else bottom
    line = max(line, top + 0.35 * (bottom - top))
    head = box_of(body.labels == HEAD)
    scale = CROWN_ROOM * (head[2] - head[0]) / crown
    rows = turned[int(top) : int(max(line, top + 2)), :]
    centre = float(np.nonzero(rows)[1].mean()) if rows.any() else (left + right) / 2
    photo = grid(left - 2, top - 2, right + 2, bottom + 2)
    rest = head[1] + (BRIM_LINE if brimmed else EDGE_LINE) * (head[3] - head[1])
    tall = max((line - top) * scale, 1.0)
    most = rest - FRAME_PX * body.scale
    least = rest - head[1] + ABOVE_CM * cm_px(body)
    lower = float(np.clip(np.clip(1.0, least / tall, most / tall), FLATTEST, TALLEST))
    rest = min(rest, rest + lower * tall - least)
    rise = (photo[..., 1] - line) * scale
    look = np.stack(
        [
            (head[0] + head[2]) / 2 + (photo[..., 0] - centre) * scale,
            rest + np.where(rise < 0, lower, 1) * rise,
        ],
        -1,
    )
    return [
        Placed(
            "hat", outline.to_photo(back(photo)), look, outline.share(_soft(mask)), order="before"
        )
    ]


def _crown(widths: Points) -> tuple[float, float]:
    """The crown's width, and the row from the top at which a brim sticks out; 0 without a brim."""
    out, wide = (int(np.argmax(widths > share * widths.max())) for share in BRIM_SHARES)
    if out <= BRIM_AFTER * len(widths) or wide - out > BRIM_WITHIN * len(widths):
        return float(np.percentile(widths, 75)), 0.0
    return float(np.percentile(widths[: max(out, 3)], 90)), float(out)


class _Turn:
    """Points of a levelled picture -> those of the picture as it was."""

    def __init__(self, matrix: Points) -> None:
        self._matrix = matrix

    def __call__(self, points: Points) -> Points:
        return points @ self._matrix[:, :2].T + self._matrix[:, 2]


def _levelled(mask: Mask) -> tuple[Mask, _Turn]:
    """Turned so that its lower edge is level."""
    columns = np.nonzero(mask.any(0))[0]
    bottom = len(mask) - 1 - mask[::-1].argmax(0)[columns]
    inner = slice(len(columns) // 8, -(len(columns) // 8) or None)
    slope = float(np.polyfit(columns[inner], bottom[inner], 1)[0]) if len(columns) > 16 else 0.0
    angle = float(np.arctan(slope)) if abs(slope) < MAX_TILT else 0.0
    side = 2 * max(mask.shape)
    matrix = cv2.getRotationMatrix2D(
        (mask.shape[1] / 2, mask.shape[0] / 2), float(np.rad2deg(angle)), 1.0
    )
    matrix = matrix + np.array(
        [[0, 0, (side - mask.shape[1]) / 2], [0, 0, (side - mask.shape[0]) / 2]]
    )
    turned = np.asarray(cv2.warpAffine(mask.astype(np.float32), matrix, (side, side)) > 0.5)
    inverse = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    return (turned, _Turn(inverse)) if turned.any() else (mask, _Turn(np.eye(2, 3)))


def _soft(mask: Mask) -> Floats:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)), np.float32)


def place_bag(cutout: Cutout, body: Mannequin) -> list[Placed]:
    """By its handle in the hand, which is before it; by a long strap from the shoulder, its body at
    the hip.
    """
    outline, mask = clean(cutout)
    left, top, right, bottom = box_of(mask)
    body_top = _body_top(mask)
    handle = (body_top - top) / max(bottom - top, 1)
    face = filled(mask)[int(body_top) :]
    clutch = handle < HANDLE and (right - left) > 1.3 * (bottom - top)
    unit = cm_px(body)
    scale = (CLUTCH_CM if clutch else BAG_CM) * unit / float(np.sqrt(max(face.sum(), 1)))
    photo = grid(left - 2, top - 2, right + 2, bottom + 2, (24, 9))
    side = body.sides[HAND_SIDE]
    hand = box_of(body.labels == ARM_PARTS[HAND_SIDE][2])
    x, y = (left + right) / 2, photo[..., 1]
    narrow: Points | float = 1.0
    if handle > STRAP:
        rest = body.hip_y + 2 * unit
        middle = float(side.shoulder[0])
        shoulder = float(body.top[int(np.clip(middle, 0, len(body.top) - 1))]) - 0.5 * unit
        strap = (rest - shoulder) / max(body_top - top, 1)
        rows = np.where(y < body_top, rest + (y - body_top) * strap, rest + (y - body_top) * scale)
        narrow = TAPER + (1 - TAPER) * np.clip((y - top) / max(body_top - top, 1), 0, 1)
        middle += HAND_SIDE * 1.5 * unit
    else:
        held = top + 0.1 * (bottom - top) if handle < HANDLE else top
        rows = hand[1] + 0.55 * (hand[3] - hand[1]) + (y - held) * scale
        middle = (hand[0] + hand[2]) / 2
    look = np.stack([middle + (photo[..., 0] - x) * scale * narrow, rows], -1)
    order: Stacking = "before" if handle > STRAP else "behind"
    return [Placed("bag", outline.to_photo(photo), look, outline.share(_soft(mask)), order=order)]


def _body_top(mask: Mask) -> float:
    """The row from which on a bag is filled, not a handle."""
    count = mask.sum(1).astype(float)
    rows = np.nonzero(count > 0)[0]
    full = np.nonzero(count > 0.62 * np.percentile(count[rows], 90))[0]
    broken = np.nonzero(np.diff(full) > 2)[0]
    return float(full[broken[-1] + 1] if len(broken) and broken[-1] < len(full) // 3 else full[0])
