"""Which category a photo shows, by the shape of its cut-out alone.

Each kind's template is fitted, as it is for a category that was said; what costs least is the
guess, and how much less, against the others and against being none of them, its confidence. Colour
and cloth say nothing here: a shirt and a sweater are both a top, and a straight skirt is like a
tube top. Shoes, bags and the like have no template and are not guessed. Measured in docs/engine.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from compositing.cut.cutout import cut
from compositing.decode import decode
from compositing.errors import GarmentError
from compositing.options import WORKING_SIDE_PX
from compositing.template.fitting import fitted
from compositing.template.model import Family
from compositing.template.silhouette import Silhouette, reduced
from compositing.template.upper import UpperShape
from schemas.categories import AUTO, GarmentCategory

BAR: Final = 0.6
"""Below this confidence a guess is not taken."""
SOFTNESS_PX: Final = 0.3
"""So much less of cost makes a kind e times as likely."""
NOTHING_PX: Final = 2.4
"""What being none of them costs: shoes fit no better as anything."""
DRESS_MORE_PX: Final = 0.3
"""A dress's template has more freedom: tops fit it as well, dresses by more than this better."""
PLAIN_AT_MOST: Final = 0.5
"""A top without sleeves is a plain outline, and so are skirts, bags and hats: none is clear."""
LEGS_TIMES: Final = 1.6
"""Trousers fit legs closely; what does not is a shoe, or folded."""
SHORTS_BELOW: Final = 1.03
"""Height over width of the silhouette."""

_KINDS: Final[Mapping[GarmentCategory, Family]] = {
    GarmentCategory.TOP: "upper",
    GarmentCategory.DRESS: "upper",
    GarmentCategory.TROUSERS: "legs",
    GarmentCategory.SKIRT: "skirt",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """`confidence`: 0 to 1."""

    category: GarmentCategory
    confidence: float


def guess(data: bytes, side_px: int = WORKING_SIDE_PX) -> Guess:
    """Of a photo's bytes. Raises GarmentError, category_unclear where the confidence is below
    BAR.
    """
    cutout = cut(decode(data, side_px))
    found = of_shape(reduced(cutout.rgb, cutout.alpha))
    if found.confidence < BAR:
        raise GarmentError(
            "category_unclear",
            f"Its shape is no clear category (most likely {found.category.value}, "
            f"{found.confidence:.2f} of 1): say the category in place of `{AUTO}`.",
        )
    return found


def of_shape(silhouette: Silhouette) -> Guess:
    """Of an upright cut-out's silhouette."""
    fits = {kind: fitted(silhouette, family, kind) for kind, family in _KINDS.items()}
    costs = {kind: fit.cost for kind, fit in fits.items()}
    shape = fits[GarmentCategory.TOP].shape
    sleeved = isinstance(shape, UpperShape) and shape.sleeved
    left, top, right, bottom = silhouette.box
    return of_costs(costs, (bottom - top + 1) / (right - left + 1), sleeved=sleeved)


def of_costs(
    costs: Mapping[GarmentCategory, float], height_over_width: float, *, sleeved: bool
) -> Guess:
    """What fits cost, in pixels of the silhouette, said as a guess. `sleeved`: whether the top has
    sleeves. Pure.
    """
    weighed = {
        kind: cost * (LEGS_TIMES if kind is GarmentCategory.TROUSERS else 1)
        + (DRESS_MORE_PX if kind is GarmentCategory.DRESS else 0)
        for kind, cost in costs.items()
    }
    odds = np.exp(-np.array([*weighed.values(), NOTHING_PX]) / SOFTNESS_PX)
    likeliest = min(weighed, key=lambda kind: weighed[kind])
    confidence = float(np.exp(-weighed[likeliest] / SOFTNESS_PX) / odds.sum())
    if likeliest is GarmentCategory.SKIRT or (likeliest is GarmentCategory.TOP and not sleeved):
        confidence = min(confidence, PLAIN_AT_MOST)
    if likeliest is GarmentCategory.TROUSERS and height_over_width < SHORTS_BELOW:
        likeliest = GarmentCategory.SHORTS
    return Guess(likeliest, round(confidence, 3))
