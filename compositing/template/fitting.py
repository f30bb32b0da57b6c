"""Which shape a cut-out has: families tried, the likeliest fitted."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from compositing.template import legs, skirts, upper, upper_starts
from compositing.template.body import Trunk, body_of
from compositing.template.cuffs import cuffs_seen
from compositing.template.model import Family
from compositing.template.search import Search, Shape
from compositing.template.shoulders import one_sided
from compositing.template.silhouette import Array, Silhouette
from schemas.categories import GarmentCategory as G

LONG_SLEEVED: Final = {G.SWEATER, G.HOODIE, G.CARDIGAN, G.JACKET, G.BLAZER, G.COAT}
"""Long sleeves are likely, and an outline that shows none may hide them."""
HOODED: Final = {G.HOODIE, G.JACKET, G.COAT, G.SWEATER}
SHIRTS: Final = {G.SHIRT, G.POLO}
"""Sleeves are likely, long or short; some lie before the body and hide its armholes."""
FLARED: Final = {G.DRESS, G.JUMPSUIT}
BARE: Final = {G.TANK, G.CROP_TOP, G.VEST}
HIDDEN, SHOWN = 0.35, 0.7
"""How much costlier, in pixels, sleeves may be and still be believed: they may hang before the
body; and where they are likely and the outline shows no armholes, or where it shows cuffs. Tops
without sleeves fit twice as much better without."""
CAPPED: Final = 1.0
"""A t-shirt without armholes has sleeves, however short."""
ARMHOLE, NO_ARMHOLE, HUNG = -0.12, -0.06, 1.3
"""Without sleeves shoulders are narrower than the chest, by this logarithm; where they are as wide,
long sleeves hang before the body, from a hanger, though they may be so much costlier."""
ARMHOLES, SURELY_BARE = -0.2, 0.6
"""A shirt with armholes that are so clear, and that fits so well without sleeves, has none."""
MIN_GAIN, LITTLE_GAIN = 0.1, 0.04
"""Of dresses, of what is mostly sleeveless, and where one shoulder is bare, sleeves must explain
the outline better by this; of dresses that seem to show cuffs, by less: flounces and
side slits look like them."""
PITS: Final = [upper.SIDE_NODES.index("pit"), upper.PER_SIDE + upper.SIDE_NODES.index("pit")]
HALVING: Final = ((12, 5, 4.0, 3), (5, 4, 1.5, 2), (2, 8, 1.0, 1))
"""Rounds: starts, steps of each, from where distances count linearly, thinning of the outline."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A shape with its numbers. `cost`: mean distances and priors, in px; `strain`: the latter."""

    shape: Shape
    numbers: Array
    cost: float
    iou: float
    strain: float

    @property
    def nodes(self) -> Array:
        """(nodes, 2), in the silhouette's pixels."""
        return np.asarray(self.shape.nodes(self.numbers[None])[0])


def best(search: Search, starts: Array) -> Fitted:
    """The likeliest numbers from these starts."""
    numbers = search.screened(starts, HALVING[0][0])
    cost = np.zeros(len(numbers))
    for keep, steps, bend_px, every in HALVING:
        numbers = numbers[np.argsort(cost, kind="stable")[:keep]]
        rough = replace(search, silhouette=search.silhouette.thinned(every), bend_px=bend_px)
        numbers, _ = rough.refined(numbers, steps)
        cost = search.cost(numbers, search.nearest(numbers))
    k = int(cost.argmin())
    strain = 0.5 * float((search.shape.priors(numbers[k : k + 1]) ** 2).sum())
    return Fitted(search.shape, numbers[k], float(cost[k]), search.iou(numbers[k]), strain)


def fitted(silhouette: Silhouette, family: Family, category: G) -> Fitted:
    """The family's shape that suits the silhouette best."""
    match family:
        case "legs":
            return best(
                Search(legs.LegsShape(category is G.SHORTS), silhouette), legs.starts(silhouette)
            )
        case "skirt":
            return best(Search(skirts.SkirtShape(), silhouette), skirts.starts(silhouette))
        case "upper":
            return _upper(silhouette, category)


def _upper(silhouette: Silhouette, category: G) -> Fitted:
    body, long = body_of(silhouette), category in LONG_SLEEVED
    flared = category in FLARED
    found = []
    for sleeved in (False, True):
        shape = upper.UpperShape(sleeved, flared, long, category in HOODED, body)
        starts = upper_starts.starts(silhouette, body, sleeved=sleeved, flared=flared)
        found.append(best(Search(shape, silhouette), starts))
    bare, sleeves = found
    return (
        sleeves if sleeves.cost < bare.cost + costlier(bare, silhouette, body, category) else bare
    )


def costlier(bare: Fitted, silhouette: Silhouette, body: Trunk, category: G) -> float:
    """How much costlier sleeves may be and still be believed."""
    tip, flared = float(bare.numbers[upper.TIP_X]), category in FLARED
    if category is G.T_SHIRT and tip > ARMHOLE:
        return CAPPED
    if category in LONG_SLEEVED and tip > NO_ARMHOLE:
        return HUNG
    if cuffs_seen(silhouette, body):
        return -LITTLE_GAIN if flared else SHOWN
    if flared or category in BARE or one_sided(silhouette, bare.nodes[PITS]):
        return -MIN_GAIN
    if category in SHIRTS:
        return HIDDEN if tip < ARMHOLES and bare.cost < SURELY_BARE else SHOWN
    return SHOWN if category in LONG_SLEEVED and tip > ARMHOLE else HIDDEN
