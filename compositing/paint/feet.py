"""What shoes hide of the legs in them, and the shadow that they cast on the floor."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats
from compositing.light import contact_shadow
from compositing.mannequin import FOOT_PART, Mannequin
from compositing.paint.cloth import Cloth

BESIDE_PX, SHADOW_PX = 9.0, 62.0
"""What is seen in a foot's place is taken from so far beside it; and beside its shadow."""
ABOVE_PX, BELOW_PX = 90.0, 50.0
"""The bare foot's shadow on the floor reaches from so far above its lowest row to so far below."""
SOLE_PX = 34.0
"""So much of a shoe's lower end casts a shadow on the floor."""
DARKER: Final = 1.15


def without_feet(scene: Floats, cover: Floats, body: Mannequin, cloths: Sequence[Cloth]) -> None:
    """Take out of the scene and its cover, in place, what lies below the edge at which each leg
    goes into its shoe; with the foot goes its shadow on the floor.
    """
    width, middle = body.labels.shape[1], int(body.centre_x)
    for side, columns in ((-1, slice(0, middle)), (1, slice(middle, width))):
        floor = int(np.nonzero((body.labels == FOOT_PART[side]).any(1))[0][-1])
        for cloth in cloths:
            centre = (cloth.box[0] + cloth.box[2]) / 2
            if cloth.part == "before" and columns.start <= centre < columns.stop:
                _without_foot(scene[:, columns], cover[:, columns], body, (cloth, columns, floor))


def _without_foot(
    scene: Floats, cover: Floats, body: Mannequin, worn: tuple[Cloth, slice, int]
) -> None:
    cloth, columns, floor = worn
    left, top, _, _ = cloth.box
    solid = cloth.alpha > 0.5
    there = solid.any(0)
    if not there.any():
        return
    edge = np.interp(
        np.arange(columns.start, columns.stop),
        np.nonzero(there)[0] + left,
        (solid.argmax(0) + top)[there],
    )
    start = int(edge.min())
    rows = np.arange(start, len(scene))
    soft = body.soft[start:, columns]
    near = np.clip(
        np.minimum(rows - floor + ABOVE_PX * body.scale, floor + BELOW_PX * body.scale - rows)
        / (30 * body.scale),
        0,
        1,
    )
    below = np.clip(rows[:, None] - edge[None] + 0.5, 0, 1)
    weight = np.maximum(below * (soft > 0), near[:, None] * (below * (soft > 0) + (soft <= 0)))
    behind = _behind(scene[start:], soft, near, body.scale)
    scene[start:] += (behind - scene[start:]) * weight[..., None]
    cover[start:] *= 1 - weight


def _behind(part: Floats, soft: Floats, near: Floats, scale: float) -> Floats:
    """The floor as it looks without what stands on it, row by row from both sides of it."""
    seen = soft > 0.004
    some, count = seen.any(1), seen.shape[1]
    if not some.any():
        return part
    away = BESIDE_PX + (SHADOW_PX - BESIDE_PX) * near
    rows = np.arange(len(part))
    low = np.interp(rows, rows[some], seen.argmax(1)[some]) - away * scale
    high = np.interp(rows, rows[some], (count - 1 - seen[:, ::-1].argmax(1))[some]) + away * scale
    low, high = np.clip(low, 0, count - 1).astype(int), np.clip(high, 0, count - 1).astype(int)
    even = cv2.blur(part, (9, 1))
    share = (np.arange(count)[None] - low[:, None]) / np.maximum(high - low, 1)[:, None]
    inside = ((share > 0) & (share < 1))[..., None]
    mixed = (
        even[rows, low][:, None] + share[..., None] * (even[rows, high] - even[rows, low])[:, None]
    )
    return np.asarray(np.where(inside, mixed, part), np.float32)


def floor_shadow(alpha: Floats, scale: float) -> Floats:
    """How much shoes of this coverage darken the floor that they stand on, 0..1."""
    height = alpha.shape[0]
    solid = alpha > 0.5
    lowest = np.where(solid.any(0), height - 1 - solid[::-1].argmax(0), -height)
    rows = np.arange(height)[:, None]
    sole = alpha * np.clip((rows - lowest[None]) / (SOLE_PX * scale) + 1, 0, 1)
    return np.asarray(DARKER * contact_shadow(np.asarray(sole, np.float32), scale), np.float32)
