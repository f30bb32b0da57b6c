"""What each garment of an outfit shows of itself beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compositing.dress import Cloth
from schemas.categories import GarmentCategory

OUTER_LAYER = 41
"""From here on, garments are worn over others: sweaters, jackets, coats."""
LONGER_PX, WAISTBAND_PX = 30, 22


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
        return max((cloth.warped.box[3] for cloth in self.cloths if cloth.part == "sleeve"), default=0)


def worn(dressed: Sequence[Dressed], scale: float) -> list[Dressed]:
    """The garments from the skin outwards, each with what can be seen of it.

    A sleeve under an outer garment's sleeve that is about as long is not seen, and what is tucked in ends at the waistband.
    """
    waists = [one.waist_y for one in dressed if one.waist_y is not None]
    result = []
    for one in dressed:
        over = max((other.cuff_y for other in dressed if other.layer > one.layer and other.layer >= OUTER_LAYER), default=0)
        cloths = tuple(
            cloth for cloth in one.cloths if cloth.part != "sleeve" or cloth.warped.box[3] > over + LONGER_PX * scale
        )
        if one.tucked and waists:
            end_y = min(waists) + WAISTBAND_PX * scale
            cloths = tuple(_ending(cloth, end_y) if cloth.part == "body" else cloth for cloth in cloths)
        result.append(replace(one, cloths=cloths))
    return sorted(result, key=lambda item: (item.layer, item.index))


def _ending(cloth: Cloth, end_y: float) -> Cloth:
    """The cloth down to a row, softly."""
    rows = np.arange(len(cloth.warped.alpha)) + cloth.warped.box[1]
    keep = np.clip((end_y - rows) / 2, 0, 1).astype(np.float32)[:, None]
    warped = replace(cloth.warped, colour=cloth.warped.colour * keep[..., None], alpha=cloth.warped.alpha * keep)
    return replace(cloth, warped=warped)
