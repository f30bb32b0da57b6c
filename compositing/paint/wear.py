"""What each garment of an outfit shows of itself beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compositing.paint.cloth import Cloth
from schemas.categories import GarmentCategory

OUTER_LAYER = 41
"""From here on, garments are worn over others: sweaters, jackets, coats."""
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
        return max((cloth.box[3] for cloth in self.cloths if cloth.part.startswith("sleeve")), default=0)


def worn(dressed: Sequence[Dressed], scale: float) -> list[Dressed]:
    """The garments from the skin outwards, each with what can be seen of it.

    A sleeve under an outer garment's sleeve that is about as long is not seen, and what is tucked in ends at the waistband.
    """
    waist = next((found for one in dressed if (found := _waistband(one, scale)) is not None), None)
    result = []
    for one in dressed:
        over = max((other.cuff_y for other in dressed if other.layer > one.layer and other.layer >= OUTER_LAYER), default=0)
        cloths = tuple(
            cloth for cloth in one.cloths if not cloth.part.startswith("sleeve") or cloth.box[3] > over + LONGER_PX * scale
        )
        if one.tucked and waist is not None:
            cloths = tuple(_ending(cloth, waist) if cloth.part == "body" else cloth for cloth in cloths)
        result.append(replace(one, cloths=cloths))
    return sorted(result, key=lambda item: (item.layer, item.index))


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
    return _Waistband(row + cloth.box[1], float(columns[0]) + cloth.box[0], float(columns[-1]) + cloth.box[0])


def _ending(cloth: Cloth, waist: _Waistband) -> Cloth:
    """The cloth down to the waistband, drawn in above it, softly."""
    left, top, _, _ = cloth.box
    above = waist.y - (np.arange(len(cloth.alpha)) + top)[:, None]
    columns = (np.arange(cloth.alpha.shape[1]) + left)[None]
    fullness = FULLNESS * np.maximum(above, 0)
    aside = np.minimum(columns - (waist.left - fullness), waist.right + fullness - columns)
    keep = (np.clip(above / 2, 0, 1) * np.clip(aside / 2, 0, 1)).astype(np.float32)
    return replace(cloth, colour=cloth.colour * keep[..., None], alpha=cloth.alpha * keep)
