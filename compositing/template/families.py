"""A garment's template: which flat garment of few numbers its cut-out is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats
from compositing.errors import GarmentError
from compositing.template.fitting import fitted
from compositing.template.landmarks import template
from compositing.template.model import Family, Template
from compositing.template.notch import joined
from compositing.template.silhouette import reduced
from compositing.template.suits import SUITS, suit
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

LIKELY = {
    "upper": GarmentCategory.TOP,
    "legs": GarmentCategory.TROUSERS,
    "skirt": GarmentCategory.SKIRT,
}


def family_of(category: GarmentCategory) -> Family | None:
    """What a category's garments are fitted as; None for shoes, bags and the like."""
    if category is GarmentCategory.SKIRT:
        return "skirt"
    match CATEGORIES[category].region:
        case BodyRegion.UPPER | BodyRegion.FULL:
            return "upper"
        case BodyRegion.LOWER:
            return "legs"
    return None


def fit(rgb: NDArray[np.uint8], alpha: Floats, category: GarmentCategory) -> Template:
    """The template of a cut-out: `rgb` (h, w, 3), `alpha` (h, w) from 0 to 1.

    The same input gives the same template. Raises GarmentError: no_garment_found where there is
    hardly anything, category_mismatch for a category without templates.
    """
    family = family_of(category)
    if family is None:
        raise GarmentError("category_mismatch", f"There is no template for {category.value}.")
    if category is GarmentCategory.SHORTS and joined(np.asarray(alpha > 0.5)):
        family = "skirt"  # one piece in the photo: two legs would be drawn out of its middle
    silhouette = reduced(rgb, alpha)
    legged = suit(rgb, alpha, category) if category in SUITS else None
    if legged is not None:
        return legged
    return template(fitted(silhouette, family, category), silhouette, alpha, category)


def fit_as(
    rgb: NDArray[np.uint8], alpha: Floats, family: Family, *, quarter_turns: int = 0
) -> Template:
    """As if it were of another family, or turned by so many quarter turns anticlockwise first.

    For asking how well that fits; points are the turned cut-out's. Raises GarmentError
    no_garment_found.
    """
    turned = np.ascontiguousarray(np.rot90(rgb, quarter_turns))
    shown = np.ascontiguousarray(np.rot90(alpha, quarter_turns))
    silhouette = reduced(turned, shown)
    category = LIKELY[family]
    return template(fitted(silhouette, family, category), silhouette, shown, category)


cv2.setNumThreads(1)
