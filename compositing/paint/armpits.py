"""Cloth where a sleeve hangs against the body: no light shows through between the two."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats
from compositing.paint.cloth import Cloth
from compositing.paint.raster import Box

SLIT_PX: Final = 9.0
"""A gap is closed when it is no wider than this, in px of a look 1024 wide."""
ABOVE_PX, BELOW_PX, BESIDE_PX = 70.0, 110.0, 46.0
"""Where slits are looked for, about an armpit."""
NEAR_PX: Final = 5.0
SHADE: Final = 0.55
"""Light that falls into an armpit, of what falls on the cloth beside it."""

FIRM: Final = 1.6
"""Closing soft edges leaves less than all of a slit: it counts so many times."""


def closed(
    cloths: Sequence[Cloth], armpits: Mapping[str, NDArray[np.float64]], scale: float
) -> tuple[Cloth, ...]:
    """A garment's layers with slits filled by its sleeves, which lie over the arms. `armpits`: look
    px by the sleeve's name; `scale`: look px per px of a look 1024 wide."""
    found = []
    for cloth in cloths:
        at = armpits.get(cloth.part)
        box = None if at is None else _within(cloth.box, float(at[0]), float(at[1]), scale)
        beside = [one for one in cloths if one is cloth or one.part == "body"]
        found.append(cloth if box is None else _filled(cloth, beside, box, scale))
    return tuple(found)


def _within(bounds: Box, x: float, y: float, scale: float) -> Box | None:
    """What of an armpit's surroundings lies in the box."""
    beside = BESIDE_PX * scale
    left, right = max(bounds[0], round(x - beside)), min(bounds[2], round(x + beside))
    top = max(bounds[1], round(y - ABOVE_PX * scale))
    bottom = min(bounds[3], round(y + BELOW_PX * scale))
    return (left, top, right, bottom) if right - left > 2 and bottom - top > 2 else None


def _filled(sleeve: Cloth, cloths: Sequence[Cloth], box: Box, scale: float) -> Cloth:
    colour = np.zeros((box[3] - box[1], box[2] - box[0], 3), np.float32)
    alpha = np.zeros(colour.shape[:2], np.float32)
    for cloth in cloths:
        over, part = _cropped(cloth, box)
        colour = part + colour * (1 - over[..., None])
        alpha = over + alpha * (1 - over)
    side = 2 * max(1, round(SLIT_PX * scale / 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    whole = cv2.morphologyEx(
        cv2.copyMakeBorder(alpha, side, side, side, side, cv2.BORDER_REPLICATE),
        cv2.MORPH_CLOSE,
        kernel,
    )[side:-side, side:-side]
    slit = np.where(whole - alpha > 0.05, np.clip(FIRM * whole - alpha, 0, 1 - alpha), 0)
    sigma = NEAR_PX * scale
    near = cv2.GaussianBlur(np.dstack([colour, alpha]), (0, 0), sigma)
    beside = near[..., :3] / np.maximum(near[..., 3:], 1e-3)
    own, mine = sleeve.colour.copy(), sleeve.alpha.copy()
    rows = slice(box[1] - sleeve.box[1], box[3] - sleeve.box[1])
    columns = slice(box[0] - sleeve.box[0], box[2] - sleeve.box[0])
    share = slit * (1 - mine[rows, columns])
    own[rows, columns] += SHADE * beside * share[..., None]
    mine[rows, columns] += share
    return replace(sleeve, colour=own, alpha=mine)


def _cropped(cloth: Cloth, box: Box) -> tuple[Floats, Floats]:
    """Its alpha and premultiplied colour in a box that may reach beyond its own."""
    alpha = np.zeros((box[3] - box[1], box[2] - box[0]), np.float32)
    colour = np.zeros((*alpha.shape, 3), np.float32)
    left, top = max(box[0], cloth.box[0]), max(box[1], cloth.box[1])
    right, bottom = min(box[2], cloth.box[2]), min(box[3], cloth.box[3])
    if left < right and top < bottom:
        here = np.s_[top - box[1] : bottom - box[1], left - box[0] : right - box[0]]
        there = np.s_[
            top - cloth.box[1] : bottom - cloth.box[1], left - cloth.box[0] : right - cloth.box[0]
        ]
        alpha[here], colour[here] = cloth.alpha[there], cloth.colour[there]
    return alpha, colour
