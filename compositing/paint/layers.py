"""Painting the cloth over the mannequin, inner layers first, each with its light and its contact
shadow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats
from compositing.light import TO_LINEAR, contact_shadow, shade, to_srgb
from compositing.mannequin import Mannequin
from compositing.options import LookOptions
from compositing.paint.feet import floor_shadow, without_feet
from compositing.paint.raster import Box
from compositing.paint.wear import Dressed, worn
from schemas.categories import CATEGORIES, BodyRegion

CLOSE = (BodyRegion.FEET, BodyRegion.HEAD, BodyRegion.WAIST)
"""What lies close to the body; everything else hangs over it."""
SLEEVE_SHADE = 0.6
"""How much of a contact shadow a sleeve casts on the body of its own garment."""
MARGIN_PX = 44
"""A contact shadow reaches so far beyond its garment, at 1024 pixels' width."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a garment came to lie."""

    box: Box
    area_px: int


def paint(
    dressed: Sequence[Dressed], body: Mannequin, options: LookOptions
) -> tuple[NDArray[np.uint8], dict[int, Seen]]:
    """The look as RGB or RGBA bytes, and what was painted of each garment by its index."""
    scene, cover = bare(body, options)
    seen = {}
    for one in worn(dressed, body.scale):
        seen[one.index] = lay(one, scene, cover, body)
    pixels = to_srgb(scene)
    if options.background == "transparent":
        return np.dstack([pixels, (cover * 255 + 0.5).astype(np.uint8)]), seen
    return pixels, seen


def bare(body: Mannequin, options: LookOptions) -> tuple[Floats, Floats]:
    """The mannequin that wears nothing, in linear light, and where it is."""
    scene, there = body.linear.copy(), body.soft
    if options.background not in ("studio", "transparent"):
        chosen = TO_LINEAR[
            np.array([int(options.background[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
        ]
        scene = scene * there[..., None] + chosen * (1 - there[..., None])
    return scene, there.copy()


def lay(one: Dressed, scene: Floats, cover: Floats, body: Mannequin) -> Seen:
    """Paint one garment into scene and cover, in place."""
    region = CATEGORIES[one.category].region
    box = around([cloth.box for cloth in one.cloths], body)
    if box is None:
        return Seen((0, 0, 0, 0), 0)
    left, top, right, bottom = box
    if region is BodyRegion.FEET:
        without_feet(scene, cover, body, one.cloths)
    colour, alpha = merged(one, region, box, body)
    part, under = scene[top:bottom, left:right], cover[top:bottom, left:right]
    part *= (1 - contact_shadow(alpha, body.scale) * under)[..., None]
    if region is BodyRegion.FEET:
        part *= (1 - floor_shadow(alpha, body.scale) * (1 - under))[..., None]
    light = body.light if region in CLOSE else body.drape
    colour *= shade(light[top:bottom, left:right], alpha, body.scale)[..., None]
    part *= (1 - alpha)[..., None]
    part += colour
    np.maximum(under, alpha, out=under)
    solid = alpha > 0.5
    if not solid.any():
        return Seen((0, 0, 0, 0), 0)
    rows, columns = np.nonzero(solid.any(1))[0], np.nonzero(solid.any(0))[0]
    place = (
        left + int(columns[0]),
        top + int(rows[0]),
        left + int(columns[-1]) + 1,
        top + int(rows[-1]) + 1,
    )
    return Seen(place, int(solid.sum()))


def _bare_arms(body: Mannequin, cuff_y: int) -> Floats:
    """The arms, which are before the cloth of the body from the armpits and the sleeves' ends on:
    above, cloth lies over the shoulders."""
    below = (np.arange(len(body.arms)) - cuff_y) / (20 * body.scale)
    return np.asarray(body.arms * np.clip(below, 0, 1)[:, None], np.float32)


def _shadow(alpha: Floats, at: tuple[slice, slice], size: tuple[int, ...], scale: float) -> Floats:
    """A part's contact shadow in the garment's box."""
    whole = np.zeros(size, np.float32)
    whole[at] = alpha
    return contact_shadow(whole, scale)


def around(boxes: Sequence[Box], body: Mannequin) -> Box | None:
    if not boxes:
        return None
    height, width = body.labels.shape
    margin = int(MARGIN_PX * body.scale)
    low, high = np.min(boxes, 0)[:2] - margin, np.max(boxes, 0)[2:] + margin
    left, top = max(int(low[0]), 0), max(int(low[1]), 0)
    return left, top, min(int(high[0]), width), min(int(high[1]), height)


def merged(one: Dressed, region: BodyRegion, box: Box, body: Mannequin) -> tuple[Floats, Floats]:
    """The parts of one garment in `box`, premultiplied: sleeves over the body, arms and head before
    it."""
    x0, y0, x1, y1 = box
    colour, alpha = (
        np.zeros((y1 - y0, x1 - x0, 3), np.float32),
        np.zeros((y1 - y0, x1 - x0), np.float32),
    )
    bare_arms = _bare_arms(body, one.cuff_y)
    hidden = body.head[y0:y1, x0:x1] if region is not BodyRegion.HEAD else np.float32(0)
    for cloth in one.cloths:
        left, top, right, bottom = cloth.box
        at, here = (
            (slice(top - y0, bottom - y0), slice(left - x0, right - x0)),
            (slice(top, bottom), slice(left, right)),
        )
        over = cloth.alpha
        if cloth.part == "body":
            over = over * (1 - bare_arms[here])
            if cloth.behind is not None:
                over = over * (1 - cloth.behind * body.soft[here])
        elif cloth.part == "behind":  # a shoe's insole and heel, a hat's back: the body is before
            over = over * (1 - body.soft[here])
        elif cloth.part.startswith("sleeve"):
            colour *= (
                1 - np.clip(SLEEVE_SHADE * _shadow(over, at, alpha.shape, body.scale), 0, 0.5)
            )[..., None]
        keep = (1 - over)[..., None]
        colour[at] = (
            colour[at] * keep + cloth.colour * (over / np.maximum(cloth.alpha, 1e-6))[..., None]
        )
        alpha[at] = alpha[at] * (1 - over) + over
    shown = 1 - hidden
    return colour * (shown[..., None] if isinstance(shown, np.ndarray) else shown), alpha * shown
