"""Narrow channels of background: between a sleeve and the body up to the armpit, between two legs
up to the crotch.

A flood enters only wide channels, since a white stripe that runs out into a white background is
one too. What tells them apart is where they begin: a channel goes on, upright, from the apex of a
wedge of background; a stripe begins at an even outline or at a wedge's side.
"""

from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.background import Background
from compositing.cut.pieces import touching

POCKET_PX: Final = 25
"""A wedge of background narrower than this (of 512) is a pocket, from which a channel may go on."""
LEAST_POCKET_PX: Final = 40
"""The area of the smallest pocket."""
NEAR_PX: Final = 31
SHADE, SHADE_CHROMA = 26.0, 3.0
"""How much darker, and how much else, a shaded background is."""
NEARER: Final = 0.6
"""A shade must be so much nearer to the background than to the cloth beside it."""
WIDEST_PX: Final = 16
"""A row of a channel is no longer."""
LEAST_PX: Final = 3
BESIDE_PX: Final = 9
"""Above a wedge, not beside it, a channel may be a pixel narrower."""
DEEP_PX: Final = 6
ACROSS_PX: Final = 9
"""A stripe that is no wider does not end a channel that it runs into."""
EVEN: Final = 9.0
"""Shade is told from cloth only beside cloth of one colour."""
BITE_PX: Final = 11
"""Notches narrower than this may be bites."""


def opened(mask: Mask, colours: Floats, behind: Background, unlike: Floats, low: float) -> Mask:
    """The mask without channels that go on from its pockets. `unlike`: how far colours are from
    the background's; `low`: how far they still are of it."""
    pockets = _pockets(mask)
    if not pockets.any():
        return mask
    like = mask & ((unlike < low) | _shaded(mask, colours, behind, unlike))
    narrow = ((_narrow(np.asarray(like | pockets), mask) & like) | pockets).astype(np.uint8)
    across = cv2.morphologyEx(narrow, cv2.MORPH_CLOSE, np.ones((ACROSS_PX, 1), np.uint8)) > 0
    own = np.asarray(across & like)
    apex = own & (cv2.dilate(pockets.astype(np.uint8), np.ones((1, BESIDE_PX), np.uint8)) == 0)
    sound = _thick(own, LEAST_PX) | _thick(apex, LEAST_PX - 1)
    return mask & ~touching(np.asarray(sound | pockets), pockets)


def _thick(mask: Mask, px: int) -> Mask:
    kernel = np.ones((px, px), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


def _narrow(between: Mask, mask: Mask) -> Mask:
    """What of it lies in rows of it that are short, and have the mask at both ends."""
    height, width = between.shape
    columns = np.broadcast_to(np.arange(width), (height, width))
    left = np.maximum.accumulate(np.where(between, -1, columns), axis=1)
    right = np.minimum.accumulate(np.where(between, width, columns)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(height)[:, None]
    inside = (left >= 0) & (right < width)
    cloth = mask[rows, np.maximum(left, 0)] & mask[rows, np.minimum(right, width - 1)]
    return np.asarray(between & inside & cloth & (right - left - 1 <= WIDEST_PX))


def unbitten(mask: Mask, unlike: Floats, low: float) -> Mask:
    """The mask with the bites filled that the flood took out of stripes of the background's colour
    at the outline: such a stripe goes on into the garment, a notch of its own ends at cloth."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (BITE_PX, BITE_PX))
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), *(BITE_PX,) * 4, cv2.BORDER_CONSTANT)
    inner = slice(BITE_PX, -BITE_PX)
    whole = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)[inner, inner]
    bites = (whole > 0) & ~mask
    like = _thick(np.asarray(mask & (unlike < low)), LEAST_PX)
    deep = like & (cv2.distanceTransform(whole, cv2.DIST_L2, 3) > BITE_PX)
    return mask | (bites & touching(np.asarray(bites | like), np.asarray(deep)))


def _shaded(mask: Mask, colours: Floats, behind: Background, unlike: Floats) -> Mask:
    """Where the background lies in the shade of what is beside it."""
    solid = cv2.erode(mask.astype(np.uint8), np.ones((2 * DEEP_PX + 1,) * 2, np.uint8))
    solid = solid.astype(np.float32)
    size = (NEAR_PX, NEAR_PX)
    weight = np.maximum(cv2.blur(solid, size), 1e-3)[..., None]
    cloth = cv2.blur(colours * solid[..., None], size) / weight
    square = cv2.blur(colours * colours * solid[..., None], size) / weight
    even = np.maximum(square - cloth * cloth, 0).sum(-1) < EVEN**2
    apart = np.linalg.norm(colours - cloth, axis=-1)
    darker = behind.colour[..., 0] - colours[..., 0]
    chroma = np.abs(colours[..., 1:] - behind.colour[..., 1:]).sum(-1)
    shade = (darker > 0) & (darker < SHADE) & (chroma < SHADE_CHROMA + 0.06 * darker)
    return np.asarray(shade & even & (weight[..., 0] > 1e-3) & (unlike < NEARER * apart))


def _pockets(mask: Mask) -> Mask:
    """Wedges of background that have cloth on both sides."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (POCKET_PX, POCKET_PX))
    framed = cv2.copyMakeBorder(
        mask.astype(np.uint8), *(POCKET_PX,) * 4, cv2.BORDER_CONSTANT, value=0
    )
    inner = slice(POCKET_PX, -POCKET_PX)
    filled = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)[inner, inner] > 0
    found = np.asarray(filled & ~mask)
    _, pieces, boxes, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    large = boxes[:, cv2.CC_STAT_AREA] >= LEAST_POCKET_PX
    large[0] = False
    return np.asarray(large[pieces])
