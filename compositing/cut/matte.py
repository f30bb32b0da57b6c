"""How much of each pixel along the edge is garment, and its colour without the background's.

By the mixing equation c = a F + (1 - a) B along a narrow band, with B known or estimated and F
pulled from inside.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask

MARGIN_PX = 12
TRUST_FROM, TRUST_OVER = 25.0, 40.0
"""The equation says little where both colours are alike: below this contrast (of 255 a channel) it
is not asked."""
EVEN, UNEVEN = 0.45, 0.9
"""Nor where colours spread on either side by so much of the contrast, as prints and carpets do: it
would give each light petal on a light floor away."""


@dataclass(frozen=True, slots=True)
class Edge:
    """How wide the edge is taken to be: the band that is mixed, in pixels, and how deep inside
    colours are sound."""

    band_px: int
    sound_px: int


FINE, ROUGH = Edge(4, 2), Edge(5, 4)
"""Of an outline that was found exactly, and of one that was found roughly."""


def pulled(picture: Floats, solid: Floats) -> Floats:
    """Colours of where `solid` is 1, spread outwards: the normalised blur of the nearest ring that
    has any."""
    result, todo = picture.copy(), solid < 0.5
    weighted = picture * solid[..., None]
    for size in (7, 15, 31, 63):
        weight = cv2.blur(solid, (size, size))
        ready = todo & (weight > (4e-2 if size < 63 else 1e-4))
        if ready.any():
            result[ready] = cv2.blur(weighted, (size, size))[ready] / weight[ready][:, None]
            todo &= ~ready
    return result


def _with_spread(picture: Floats, solid: Mask) -> tuple[Floats, Floats]:
    """Colours as `pulled` has them, and their variance about each place, over all channels."""
    squares = (picture**2).sum(-1, keepdims=True)
    found = pulled(np.concatenate([picture, squares], -1), solid.astype(np.float32))
    own, square = found[..., :3], found[..., 3]
    blurred = cv2.blur(square, (7, 7)), cv2.blur(own, (7, 7))
    return own, np.maximum(blurred[0] - (blurred[1] ** 2).sum(-1), 0)


def matted(
    rgb: NDArray[np.uint8], small: Floats, mask: Mask, behind: Floats | None
) -> tuple[NDArray[np.uint8], Floats]:
    """Colours and alpha at the size of `rgb`, from the mask at the size of `small`, the same
    picture reduced.

    `behind`: the background at the small size; None: it is pulled from outside the mask, which then
    is a rough one.
    """
    alpha = np.zeros(rgb.shape[:2], np.float32)
    if not mask.any():
        return rgb, alpha
    full, part = _around(mask, rgb.shape[:2])
    colours = rgb.copy()
    colours[full], alpha[full] = _matted(
        rgb[full], small[part], mask[part], None if behind is None else behind[part]
    )
    return colours, alpha


def _around(mask: Mask, size: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The mask's box with a margin, in pixels of a picture of `size` (height, width) and of its
    own."""
    full, part = [], []
    for axis in (0, 1):
        there = np.nonzero(mask.any(1 - axis))[0]
        first, last = (
            max(int(there[0]) - MARGIN_PX, 0),
            min(int(there[-1]) + 1 + MARGIN_PX, mask.shape[axis]),
        )
        scale = size[axis] / mask.shape[axis]
        full.append(slice(round(first * scale), round(last * scale)))
        part.append(slice(first, last))
    return (full[0], full[1]), (part[0], part[1])


def _matted(
    rgb: NDArray[np.uint8], small: Floats, mask: Mask, behind: Floats | None
) -> tuple[NDArray[np.uint8], Floats]:
    size = rgb.shape[1], rgb.shape[0]
    edge = ROUGH if behind is None else FINE
    core = np.ones((2 * edge.sound_px + 1,) * 2, np.uint8)
    front, spread = _with_spread(small, cv2.erode(mask.astype(np.uint8), core) > 0)
    if behind is None:
        behind, around = _with_spread(small, cv2.dilate(mask.astype(np.uint8), core) == 0)
        spread = spread + around
    solid = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    distance = signed_distance(solid)
    alpha = solid.astype(np.float32)
    at = np.nonzero(np.abs(distance) <= edge.band_px)
    there = (
        np.minimum(at[0] * small.shape[0] // rgb.shape[0], small.shape[0] - 1),
        np.minimum(at[1] * small.shape[1] // rgb.shape[1], small.shape[1] - 1),
    )
    own, back = front[there], behind[there]
    contrast = own - back
    strength = (contrast**2).sum(-1)
    share = ((rgb[at] - back) * contrast).sum(-1) / np.maximum(strength, 1)
    mixed = np.clip((share - 0.2) / 0.7, 0, 1)
    ramp = np.clip(distance[at] / 2.4 + 0.3, 0, 1)
    trust = np.clip((np.sqrt(strength) - TRUST_FROM) / TRUST_OVER, 0, 1)
    uneven = np.sqrt(spread[there] / np.maximum(strength, 1))
    trust *= np.clip((UNEVEN - uneven) / (UNEVEN - EVEN), 0, 1)
    alpha[at] = (
        trust * np.minimum(mixed, np.clip(distance[at] / edge.band_px + 1, 0, 1))
        + (1 - trust) * ramp
    )
    alpha = np.clip((cv2.GaussianBlur(alpha, (3, 3), 0.6) - 0.05) / 0.9, 0, 1)
    colours = rgb.copy()
    rim = np.nonzero((alpha > 0) & (distance < edge.sound_px + 1))
    colours[rim] = cv2.resize(
        np.clip(front, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR
    )[rim]
    return colours, np.asarray(alpha, np.float32)


def signed_distance(mask: Mask) -> Floats:
    """To the mask's outline in pixels, positive inside."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(inside - outside, np.float32)
