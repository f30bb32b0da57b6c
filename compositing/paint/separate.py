"""The garments of a look as pictures of their own, to be laid over one another by whoever shows
them.

Paint mixes in linear light, a browser in sRGB: the shadow's share is converted, so that a stack of
all pictures is the look but for a few levels at edges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compositing.light import contact_shadow, shade, to_srgb
from compositing.mannequin import Mannequin
from compositing.options import LookOptions
from compositing.paint.layers import CLOSE, around, bare, lay, merged, paint
from compositing.paint.wear import Dressed, worn
from schemas.categories import CATEGORIES, BodyRegion

GAMMA = 2.2
LEAST = 1 / 512


@dataclass(frozen=True, slots=True)
class Separate:
    """RGBA or RGB bytes, and where their corner lies in the look. `index`: of the garment; None:
    the mannequin without any."""

    index: int | None
    alone: bool
    x: int
    y: int
    pixels: NDArray[np.uint8]


def separate(
    dressed: Sequence[Dressed], body: Mannequin, options: LookOptions
) -> Iterator[Separate]:
    """The mannequin, then each garment from the skin outwards: as it is worn in this look, and
    where others change what is seen of it, as it is worn alone too."""
    yield Separate(None, True, 0, 0, paint([], body, options)[0])
    scene, cover = bare(body, options)
    for one in worn(dressed, body.scale):
        if CATEGORIES[one.category].region is BodyRegion.FEET:
            yield from _shoes(one, scene, cover, body)
            continue
        yield from _picture(one, cover, body, alone=False)
        (alone,) = worn([next(each for each in dressed if each.index == one.index)], body.scale)
        same = len(alone.cloths) == len(one.cloths) and all(
            a is b for a, b in zip(alone.cloths, one.cloths, strict=True)
        )
        if not same:
            yield from _picture(alone, body.soft.copy(), body, alone=True)


def _shoes(
    one: Dressed, scene: NDArray[np.float32], cover: NDArray[np.float32], body: Mannequin
) -> Iterator[Separate]:
    """Shoes are next to the skin, and stand in the place of the bare feet: all that they change of
    the mannequin, opaque. They are added to scene and cover."""
    before = to_srgb(scene)
    lay(one, scene, cover, body)
    after = to_srgb(scene)
    changed = (after != before).any(2)
    if not changed.any():
        return
    x, y, inside = _bounds(changed)
    pixels = np.dstack([after, changed.astype(np.uint8) * 255])[inside]
    yield Separate(one.index, False, x, y, np.ascontiguousarray(pixels))


def _bounds(there: NDArray[np.bool_]) -> tuple[int, int, tuple[slice, slice]]:
    rows, columns = np.nonzero(there.any(1))[0], np.nonzero(there.any(0))[0]
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return int(columns[0]), int(rows[0]), inside


def _picture(
    one: Dressed, cover: NDArray[np.float32], body: Mannequin, *, alone: bool
) -> Iterator[Separate]:
    """`cover`: what there is below; this garment is added to it."""
    box = around([cloth.box for cloth in one.cloths], body)
    if box is None:
        return
    left, top, right, bottom = box
    region = CATEGORIES[one.category].region
    colour, alpha = merged(one, region, box, body)
    under = cover[top:bottom, left:right]
    shadow = contact_shadow(alpha, body.scale) * under
    light = (body.light if region in CLOSE else body.drape)[top:bottom, left:right]
    colour *= shade(light, alpha, body.scale)[..., None]
    np.maximum(under, alpha, out=under)
    whole = alpha + (1 - alpha) * (1 - (1 - shadow) ** (1 / GAMMA))
    seen = whole > LEAST
    if not seen.any():
        return
    bright = np.asarray(colour / np.maximum(alpha, LEAST)[..., None], np.float32)
    own = to_srgb(bright).astype(np.float32)
    shown = own * (alpha / np.maximum(whole, LEAST))[..., None]
    x, y, inside = _bounds(seen)
    pixels = np.dstack([shown, whole * 255])[inside]
    done = np.asarray(np.clip(pixels + 0.5, 0, 255), np.uint8)
    yield Separate(one.index, alone, left + x, top + y, done)
