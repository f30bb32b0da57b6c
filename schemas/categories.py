"""Garment categories: keys, labels, where on the body, in which layer, and what else they are
called. One table.

Layers count from the skin outwards; of two garments on the same region the higher layer lies over
the lower.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class BodyRegion(StrEnum):
    """What part of the body a garment dresses."""

    UPPER = "upper"
    LOWER = "lower"
    FULL = "full"
    FEET = "feet"
    HEAD = "head"
    NECK = "neck"
    WAIST = "waist"
    HAND = "hand"


class GarmentCategory(StrEnum):
    """Category keys."""

    TOP = "top"
    T_SHIRT = "t-shirt"
    SHIRT = "shirt"
    BLOUSE = "blouse"
    POLO = "polo"
    SWEATER = "sweater"
    HOODIE = "hoodie"
    CARDIGAN = "cardigan"
    VEST = "vest"
    JACKET = "jacket"
    BLAZER = "blazer"
    COAT = "coat"
    TANK = "tank"
    CROP_TOP = "crop-top"
    DRESS = "dress"
    JUMPSUIT = "jumpsuit"
    SKIRT = "skirt"
    SHORTS = "shorts"
    JEANS = "jeans"
    TROUSERS = "trousers"
    LEGGINGS = "leggings"
    SHOES = "shoes"
    BOOTS = "boots"
    HAT = "hat"
    SCARF = "scarf"
    BAG = "bag"
    BELT = "belt"


AUTO = "auto"
"""In place of a category: the engine is to guess it from the photo."""


@dataclass(frozen=True, slots=True)
class CategoryFacts:
    """What is known of a category."""

    label: str
    region: BodyRegion
    layer: int
    synonyms: tuple[str, ...] = ()


_UPPER, _LOWER, _FULL = BodyRegion.UPPER, BodyRegion.LOWER, BodyRegion.FULL
CATEGORIES: dict[GarmentCategory, CategoryFacts] = {
    GarmentCategory.SHOES: CategoryFacts(
        "Shoes",
        BodyRegion.FEET,
        10,
        ("shoe", "sneakers", "trainers", "heels", "sandals", "loafers"),
    ),
    GarmentCategory.BOOTS: CategoryFacts("Boots", BodyRegion.FEET, 11, ("boot",)),
    GarmentCategory.LEGGINGS: CategoryFacts("Leggings", _LOWER, 20, ("legging", "tights")),
    GarmentCategory.JEANS: CategoryFacts("Jeans", _LOWER, 21, ("jean", "denim")),
    GarmentCategory.TROUSERS: CategoryFacts(
        "Trousers",
        _LOWER,
        21,
        ("trouser", "pants", "pant", "chinos", "slacks", "joggers", "bottom", "bottoms"),
    ),
    GarmentCategory.SHORTS: CategoryFacts("Shorts", _LOWER, 21, ("short", "bermudas")),
    GarmentCategory.SKIRT: CategoryFacts("Skirt", _LOWER, 22, ("skirts", "miniskirt")),
    GarmentCategory.TANK: CategoryFacts(
        "Tank top", _UPPER, 30, ("tank-top", "tanktop", "singlet", "camisole", "undershirt")
    ),
    GarmentCategory.CROP_TOP: CategoryFacts("Crop top", _UPPER, 30, ("croptop", "bralette")),
    GarmentCategory.T_SHIRT: CategoryFacts("T-shirt", _UPPER, 31, ("tshirt", "tee", "t-shirts")),
    GarmentCategory.TOP: CategoryFacts(
        "Top", _UPPER, 31, ("tops", "upper", "longsleeve", "long-sleeve", "bodysuit")
    ),
    GarmentCategory.POLO: CategoryFacts("Polo shirt", _UPPER, 31, ("polo-shirt", "poloshirt")),
    GarmentCategory.BLOUSE: CategoryFacts("Blouse", _UPPER, 31, ("tunic",)),
    GarmentCategory.SHIRT: CategoryFacts(
        "Shirt", _UPPER, 32, ("shirts", "button-down", "dress-shirt")
    ),
    GarmentCategory.DRESS: CategoryFacts("Dress", _FULL, 33, ("dresses", "gown", "sundress")),
    GarmentCategory.JUMPSUIT: CategoryFacts(
        "Jumpsuit", _FULL, 33, ("overall", "overalls", "romper", "playsuit")
    ),
    GarmentCategory.BELT: CategoryFacts("Belt", BodyRegion.WAIST, 35, ("belts",)),
    GarmentCategory.VEST: CategoryFacts("Vest", _UPPER, 40, ("waistcoat", "gilet")),
    GarmentCategory.SWEATER: CategoryFacts(
        "Sweater", _UPPER, 41, ("jumper", "pullover", "sweatshirt", "knitwear")
    ),
    GarmentCategory.CARDIGAN: CategoryFacts("Cardigan", _UPPER, 42, ("cardigans",)),
    GarmentCategory.HOODIE: CategoryFacts("Hoodie", _UPPER, 43, ("hoody", "hooded-sweatshirt")),
    GarmentCategory.BLAZER: CategoryFacts("Blazer", _UPPER, 50, ("suit-jacket", "sport-coat")),
    GarmentCategory.JACKET: CategoryFacts(
        "Jacket", _UPPER, 51, ("jackets", "outwear", "outerwear", "bomber", "denim-jacket")
    ),
    GarmentCategory.COAT: CategoryFacts(
        "Coat", _UPPER, 52, ("coats", "overcoat", "trench", "parka")
    ),
    GarmentCategory.SCARF: CategoryFacts("Scarf", BodyRegion.NECK, 60, ("scarves", "shawl")),
    GarmentCategory.HAT: CategoryFacts("Hat", BodyRegion.HEAD, 61, ("cap", "beanie", "hats")),
    GarmentCategory.BAG: CategoryFacts(
        "Bag", BodyRegion.HAND, 62, ("handbag", "tote", "purse", "backpack")
    ),
}


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name.strip().lower())


_BY_NAME: dict[str, GarmentCategory] = {_plain(category): category for category in CATEGORIES} | {
    _plain(synonym): category
    for category, facts in CATEGORIES.items()
    for synonym in facts.synonyms
}


def names_of(category: GarmentCategory) -> tuple[str, ...]:
    """All that a category is called, in lower case and without separators."""
    return tuple(name for name, one in _BY_NAME.items() if one is category)


def canonical(name: str) -> GarmentCategory | None:
    """The category that a key or synonym names, whatever its case and separators; None when it
    names none.
    """
    return _BY_NAME.get(name) or _BY_NAME.get(_plain(name))
