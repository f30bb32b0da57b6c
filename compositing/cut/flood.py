"""Cutting a garment from a plain background: what the background floods from the border is not
garment.

All at the size of the given picture; lengths in pixels of it (at most 512 a side).
"""

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.background import Background, border
from compositing.cut.channels import opened, unbitten
from compositing.cut.opinion import ExpectedShape
from compositing.cut.pieces import filled, largest, touching

OPEN_PX = 9
"""Channels narrower than this are not flooded: a white stripe that runs out into a white
background."""
FAINT_CONTRAST, FAINT_OPEN_PX = 10.0, 21
"""White on white has gaps in its outline: where the garment is this near to the background,
channels must be wider."""
BITE_TOLERANCE = 2.5
FAINT = 14.0
"""Below this difference to the background, what looks like it inside the garment is not taken for
it."""
PEEL_PX, AROUND_PX = 8, 31
PEEL_CONTRAST, PEEL_SPREAD, PEEL_CHROMA = 14.0, 9.0, 7.0
PEEL_SHARE = 0.42
OVERSHOT, OVERSHOT_PX = -0.06, 2
"""What is beyond the background's colour is no mixture with it, but for the thin line that
sharpening leaves."""
STRAP_LOOP, STRAP_SHARE = 0.0003, 0.03
"""A hole with the background's colour is a strap's loop when cloth no thicker than this share parts
it from outside."""


def unlikeness(colours: Floats, behind: Background) -> Floats:
    """How far each pixel's colour is from the background's, in CIE L*a*b*, chroma counting more."""
    difference = (colours - behind.colour) * np.array([1, 1.35, 1.35], np.float32)
    return np.asarray(
        cv2.sqrt(cv2.transform(difference * difference, np.ones((1, 3), np.float32))), np.float32
    )


def gradient(colours: Floats) -> Floats:
    """How strongly colours change at each pixel, in CIE L*a*b* per pixel."""
    across, down = cv2.Sobel(colours, cv2.CV_32F, 1, 0), cv2.Sobel(colours, cv2.CV_32F, 0, 1)
    total = cv2.transform(across * across + down * down, np.ones((1, 3), np.float32))
    return np.asarray(cv2.sqrt(total) / 8, np.float32)


def flooded(
    colours: Floats, behind: Background, *, shape: ExpectedShape, tolerance: float = 1.0
) -> Mask:
    """Everything that the background, flooding in from the border, does not reach.

    `tolerance`: how much farther than its own spread a colour may be from the background and still
    be of it.
    Cast shadows only darken, so what is brighter than the background is garment: this saves white
    on white.
    """
    unlike, edge = unlikeness(colours, behind), gradient(colours)
    low = tolerance * max(0.9, 3.0 * behind.spread)
    brighter = (colours[..., 0] - behind.colour[..., 0]) > max(1.0, 2.5 * behind.spread)
    candidate = (unlike < low) & (edge < tolerance * max(1.2, 2.0 * behind.spread)) & ~brighter
    outside = _reached(candidate, OPEN_PX)
    contrast = float(np.median(unlike[~outside])) if (~outside).any() else FAINT_CONTRAST
    if contrast < FAINT_CONTRAST:
        outside = _reached(candidate, FAINT_OPEN_PX)
    near = cv2.dilate(outside.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=4) > 0
    outside |= near & (unlike < low * 1.5) & ~brighter & (edge < 2.0)
    mask = (
        cv2.morphologyEx((~outside).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    )
    mask = _unshadowed(largest(mask, 0.1), colours, behind, unlike, edge)
    mask = filled(mask)
    if contrast >= FAINT_CONTRAST:
        darker = np.where(brighter, np.float32(np.inf), unlike)
        mask = opened(mask, colours, behind, darker, 1.5 * low)
        mask = unbitten(mask, unlike, BITE_TOLERANCE * low)
    mask = _unrimmed(mask, colours, behind)
    return _with_gaps(filled(mask), unlike, edge, behind, shape=shape)


def _reached(candidate: Mask, open_px: int) -> Mask:
    """What is reached from the border through channels no narrower than `open_px`."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (open_px, open_px))
    padded = cv2.copyMakeBorder(
        candidate.astype(np.uint8), open_px, open_px, open_px, open_px, cv2.BORDER_CONSTANT, value=1
    )
    inner = slice(open_px, -open_px)
    return touching(
        cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc)[inner, inner] > 0, border(*candidate.shape)
    )


def _unshadowed(
    mask: Mask, colours: Floats, behind: Background, unlike: Floats, edge: Floats
) -> Mask:
    """Without the cast shadow: darker than the background, of its hue, soft, and connected to the
    outside."""
    inside = mask & (cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    if not inside.any() or float(np.median(unlike[inside])) < FAINT:
        return mask
    darker = behind.colour[..., 0] - colours[..., 0]
    chroma = np.abs(colours[..., 1:] - behind.colour[..., 1:]).sum(-1)
    shadow = mask & (darker > 1) & (darker < 26) & (chroma < 3 + 0.06 * darker) & (edge < 3.0)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (OPEN_PX, OPEN_PX))
    shadow = (
        cv2.morphologyEx((shadow | ~mask).astype(np.uint8), cv2.MORPH_OPEN, disc).astype(bool)
        & mask
    )
    kept = mask & ~(shadow & touching(shadow | ~mask, ~mask))
    smooth = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return largest(smooth, 0.1) if smooth.sum() > 0.5 * mask.sum() else mask


def _unrimmed(mask: Mask, colours: Floats, behind: Background) -> Mask:
    """Without the light rim that sharpening and pasting leave around a garment of one colour.

    A pixel near the outside goes when it is, by the mixing equation, more background than the
    evenly coloured cloth
    farther inside.
    """
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    solid = (depth > PEEL_PX).astype(np.float32)
    if solid.sum() < 0.2 * mask.sum():
        return mask
    weight = cv2.blur(solid, (AROUND_PX, AROUND_PX))
    at = np.nonzero(mask & (depth <= PEEL_PX) & (weight > 1e-3))
    own, back, share = colours[at], behind.colour[at], weight[at][:, None]
    inside = colours * solid[..., None]
    front = cv2.blur(inside, (AROUND_PX, AROUND_PX))[at] / share
    square = cv2.blur(inside * colours, (AROUND_PX, AROUND_PX))[at] / share
    spread = np.sqrt(np.maximum(square - front * front, 0).sum(-1))
    contrast = front - back
    strength = (contrast**2).sum(-1)
    mixed = ((own - back) * contrast).sum(-1) / np.maximum(strength, 1)
    chroma = np.abs(own[:, 1:] - back[:, 1:]).sum(-1)
    tinted = PEEL_CHROMA + 0.5 * PEEL_SHARE * np.abs(contrast[:, 1:]).sum(-1)
    rim = np.zeros(mask.shape, bool)
    over = (mixed > OVERSHOT) | (depth[at] <= OVERSHOT_PX)
    rim[at] = (
        (strength > PEEL_CONTRAST**2)
        & (spread < PEEL_SPREAD)
        & (mixed < PEEL_SHARE)
        & (chroma < tinted)
        & over
    )
    return mask & ~(rim & touching(rim | ~mask, ~mask))


def _with_gaps(
    mask: Mask, unlike: Floats, edge: Floats, behind: Background, *, shape: ExpectedShape
) -> Mask:
    """With the holes in which the background shows: between legs, between a sleeve and the body."""
    if not mask.any() or float(np.median(unlike[mask])) < FAINT:
        return mask
    like = mask & (unlike < max(2.5, 3 * behind.spread)) & (edge < 2.5)
    like = cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    count, pieces, boxes, centres = cv2.connectedComponentsWithStats(
        like.astype(np.uint8), connectivity=4
    )
    columns = np.nonzero(mask.any(0))[0]
    middle, wide = (columns[0] + columns[-1]) / 2, max(int(np.ptp(columns)), 1)
    opened = mask.copy()
    depth = cv2.distanceTransform(filled(mask, 1.0).astype(np.uint8), cv2.DIST_L2, 3)
    tall_px = int(mask.any(1).sum())
    thin = STRAP_SHARE * max(wide, tall_px)
    upper = int(mask.any(1).argmax()) + 0.35 * tall_px
    for piece in range(1, count):
        _, _, piece_width, piece_height, area = boxes[piece]
        off_axis = abs(centres[piece][0] - middle) / wide
        tall = piece_height / max(piece_width, 1)
        between_legs = shape == "legs" and off_axis < 0.18 and tall > 1.2
        beside_arm = shape != "legs" and off_axis > 0.16 and tall > 1.6
        upright = tall > 1.3 and centres[piece][1] < upper
        in_strap = (
            upright
            and area > STRAP_LOOP * mask.size
            and bool((depth[pieces == piece] < thin).any())
        )
        large = area > 0.0008 * mask.size
        if in_strap or (large and (between_legs or beside_arm or shape == "ring")):
            opened[
                cv2.dilate((pieces == piece).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            ] = False
    return opened
