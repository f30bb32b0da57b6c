"""What each garment of an outfit shows of itself beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compositing.arrays import Mask
from compositing.paint.cloth import Cloth
from schemas.categories import GarmentCategory

OUTER_LAYER = 41
"""From here on, garments are worn over others: sweaters, jackets, coats."""
LEAST_UPPER_LAYER = 30
"""Garments for the upper body begin here."""
PRESSED_PX = 3.0
LONGER_PX, WAISTBAND_PX = 30, 22
FULLNESS = 0.45
"""How fast a tucked top widens above the waistband, to each side."""


@dataclass(frozen=True, slots=True)
class Dressed:
    """A garment that is ready to be painted."""

    index: int
    category: GarmentCategory
    layer: int
    cloths: tuple[Cloth, ...]
    tucked: bool = False
    waist_y: float | None = None  # of a garment for the lower body: where its upper edge is

    @property
    def cuff_y(self) -> int:
        """Where its sleeves end; 0 without sleeves."""
        return max(
            (cloth.box[3] for cloth in self.cloths if cloth.part.startswith("sleeve")), default=0
        )


def worn(dressed: Sequence[Dressed], scale: float) -> list[Dressed]:
    """The garments from the skin outwards, each with what can be seen of it.

    A sleeve under an outer garment's sleeve that is about as long is not seen, and what is tucked
    in ends at the waistband.
    """
    waist = next((found for one in dressed if (found := _waistband(one, scale)) is not None), None)
    result = []
    for one in dressed:
        over = max(
            (
                other.cuff_y
                for other in dressed
                if other.layer > one.layer and other.layer >= OUTER_LAYER
            ),
            default=0,
        )
        cloths = tuple(
            cloth
            for cloth in one.cloths
            if not cloth.part.startswith("sleeve") or cloth.box[3] > over + LONGER_PX * scale
        )
        outer = [
            other for other in dressed if other.layer > one.layer and other.layer >= OUTER_LAYER
        ]
        if one.layer >= LEAST_UPPER_LAYER and outer:
            cloths = tuple(
                _under(cloth, outer, scale) if cloth.part == "body" else cloth for cloth in cloths
            )
        if one.tucked and waist is not None:
            cloths = tuple(
                _ending(cloth, waist) if cloth.part == "body" else cloth for cloth in cloths
            )
        result.append(replace(one, cloths=cloths))
    return sorted(result, key=lambda item: (item.layer, item.index))


def _under(cloth: Cloth, outer: Sequence[Dressed], scale: float) -> Cloth:
    """The trunk of an inner garment drawn in to what its outer garments cover, row by row: it is
    pressed by them."""
    keep = np.ones(cloth.alpha.shape, np.float32)
    left, top, right, bottom = cloth.box
    columns = np.arange(left, right)[None]
    for other in (piece for one in outer for piece in one.cloths if piece.part == "body"):
        first, last = max(top, other.box[1]), min(bottom, other.box[3])
        if first >= last:
            continue
        inside_box = slice(first - other.box[1], last - other.box[1])
        solid: Mask = np.asarray(other.alpha[inside_box] > 0.5)
        some = np.any(solid, axis=1, keepdims=True)
        from_x = (solid.argmax(1) + other.box[0])[:, None] + PRESSED_PX * scale
        to_x = (other.box[2] - solid[:, ::-1].argmax(1))[:, None] - PRESSED_PX * scale
        inside = np.clip(columns - from_x, 0, 1) * np.clip(to_x - columns, 0, 1)
        keep[first - top : last - top] *= np.where(some, inside, 1).astype(np.float32)
    return replace(cloth, colour=cloth.colour * keep[..., None], alpha=cloth.alpha * keep)


@dataclass(frozen=True, slots=True)
class _Waistband:
    """Row and columns between which a top goes in."""

    y: float
    left: float
    right: float


def _waistband(one: Dressed, scale: float) -> _Waistband | None:
    if one.waist_y is None or not one.cloths:
        return None
    cloth = one.cloths[0]
    row = int(one.waist_y + WAISTBAND_PX * scale) - cloth.box[1]
    columns = np.nonzero(cloth.alpha[row] > 0.5)[0] if 0 <= row < len(cloth.alpha) else np.zeros(0)
    if not len(columns):
        return None
    return _Waistband(
        row + cloth.box[1], float(columns[0]) + cloth.box[0], float(columns[-1]) + cloth.box[0]
    )


def _ending(cloth: Cloth, waist: _Waistband) -> Cloth:
    """The cloth down to the waistband, drawn in above it, softly."""
    left, top, _, _ = cloth.box
    above = waist.y - (np.arange(len(cloth.alpha)) + top)[:, None]
    columns = (np.arange(cloth.alpha.shape[1]) + left)[None]
    fullness = FULLNESS * np.maximum(above, 0)
    aside = np.minimum(columns - (waist.left - fullness), waist.right + fullness - columns)
    keep = (np.clip(above / 2, 0, 1) * np.clip(aside / 2, 0, 1)).astype(np.float32)
    return replace(cloth, colour=cloth.colour * keep[..., None], alpha=cloth.alpha * keep)
