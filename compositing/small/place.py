"""The door of this room."""

from compositing.cut.cutout import Cutout
from compositing.mannequin import Mannequin
from compositing.small.accessories import place_bag, place_belt, place_hat, place_scarf
from compositing.small.placed import Placed
from compositing.small.shoes import place_shoes
from schemas.categories import GarmentCategory

SMALL = frozenset(
    {
        GarmentCategory.SHOES,
        GarmentCategory.BOOTS,
        GarmentCategory.HAT,
        GarmentCategory.SCARF,
        GarmentCategory.BAG,
        GarmentCategory.BELT,
    }
)
"""What this room places."""


def place(category: GarmentCategory, cutout: Cutout, body: Mannequin) -> list[Placed]:
    """Where shoes and accessories go, what lies behind first. Raises GarmentError no_garment_found;
    `category` is of SMALL.
    """
    match category:
        case GarmentCategory.SHOES | GarmentCategory.BOOTS:
            return place_shoes(cutout, body, boots=category is GarmentCategory.BOOTS)
        case GarmentCategory.HAT:
            return place_hat(cutout, body)
        case GarmentCategory.SCARF:
            return place_scarf(cutout, body)
        case GarmentCategory.BELT:
            return place_belt(cutout, body)
        case GarmentCategory.BAG:
            return place_bag(cutout, body)
    raise ValueError(f"{category} is neither shoes nor an accessory")
