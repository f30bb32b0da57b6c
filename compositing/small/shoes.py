"""Shoes on the feet: as seen from the front when they were photographed from above, else in
profile, toes outwards.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.mannequin import Mannequin
from compositing.small.front import standing
from compositing.small.legs import Leg, leg
from compositing.small.pairs import agreed, cleared, likeness, told_apart, unfloored, without_gap
from compositing.small.placed import Placed, silhouette
from compositing.small.stand import stand
from compositing.small.views import ROUND, Pictured, Shoe, View, facing, seen, toe_evidence

WELL_SEEN: Final = 0.72
"""A shoe of which less is seen than this, beside its mate, is replaced by its mate's mirror image.
"""

TURNED: Final = 0.5
"""Toes that point aside by more (the sine) do so on both feet, outwards: one shoe is shown, and its
mirror image.
"""


def place_shoes(cutout: Cutout, body: Mannequin, *, boots: bool) -> list[Placed]:
    """Raises GarmentError no_garment_found."""
    outline = silhouette(cutout.alpha)
    size = (outline.mask.shape[1], outline.mask.shape[0])
    rgb = np.asarray(cv2.resize(cutout.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    colours = lab(rgb)
    mask = unfloored(outline.mask, colours) if cutout.mode == "messy" else outline.mask
    shoes = shoes_of(mask, rgb, colours, boots=boots)
    shares = [
        outline.share(share) for share in cleared([shoe.mask for shoe in shoes], outline.mask)
    ]
    pictured = [
        Pictured(shoe, share, outline, colours) for shoe, share in zip(shoes, shares, strict=True)
    ]
    result = []
    for side, (index, mirrored) in _worn_by(shoes).items():
        result += _worn(pictured[index], leg(body, side), mirrored=mirrored)
    return result


def shoes_of(mask: Mask, rgb: NDArray[np.uint8], colours: Floats, *, boots: bool) -> list[Shoe]:
    """One or two shoes with their views and toes; of a pair that lies side by side both toes point
    the same way.
    """
    found = [
        seen(one, colours, boots=boots)
        for one in without_gap(told_apart(mask, rgb, boots=boots), mask, colours)
    ]
    if len(found) < 2 or found[0].view is found[1].view is not View.ABOVE:
        return found
    if found[0].view is not found[1].view:
        larger = max(found, key=lambda shoe: int(shoe.mask.sum()))
        return [larger]
    first, second = (shoe.frame.along for shoe in found)
    turned = max(abs(float(first[0])), abs(float(second[0]))) > TURNED
    if (
        turned
        or abs(float(first @ second)) < 0.8
        or any(shoe.frame.length < ROUND * shoe.frame.width for shoe in found)
    ):
        return found
    sign = 1.0 if float(first @ second) >= 0 else -1.0
    total = toe_evidence(found[0].mask, colours, found[0].frame) + sign * toe_evidence(
        found[1].mask, colours, found[1].frame
    )
    toe = 1.0 if total >= 0 else -1.0
    along = first * toe, second * toe * sign
    masks = agreed(found[0].mask, found[1].mask, along)
    return [facing(mask, way) for mask, way in zip(masks, along, strict=True)]


def _worn_by(shoes: list[Shoe]) -> dict[int, tuple[int, bool]]:
    """Which shoe each foot wears, and whether mirrored."""
    largest = int(np.argmax([shoe.mask.sum() for shoe in shoes]))
    best = shoes[largest]
    if best.view is View.SIDE or abs(float(best.along[0])) > TURNED:
        to = 1 if best.along[0] > 0 else -1
        return {side: (largest, side != to) for side in (-1, 1)}
    if len(shoes) == 1:
        own = handed(shoes[0])
        return {side: (0, side != own) for side in (-1, 1)}
    areas = [float(shoe.mask.sum()) for shoe in shoes]
    along = shoes[0].along + shoes[1].along
    aside = np.array([along[1], -along[0]])
    places = [float(shoe.frame.centre @ aside) for shoe in shoes]
    order = [0, 1] if places[0] <= places[1] else [1, 0]
    worn = {-1: (order[0], False), 1: (order[1], False)}
    if min(areas) < WELL_SEEN * max(areas) or likeness(shoes[0].mask, shoes[1].mask) < WELL_SEEN:
        own = -1 if order[0] == largest else 1
        worn[-own] = (largest, True)
    return worn


def handed(shoe: Shoe) -> int:
    """The side of the look whose foot a single shoe from above fits: the big toe's side is the
    straighter one.
    """
    rows, columns = np.nonzero(shoe.mask)
    points = np.column_stack([columns, rows]) - shoe.frame.centre
    position, aside = (
        points @ shoe.along / shoe.frame.length,
        points @ shoe.across / shoe.frame.width,
    )
    ball = (position > 0.05) & (position < 0.3)
    tip, heel = position > 0.4, position < -0.25
    bulge = float((aside[ball].max() + aside[ball].min()) / 2) if ball.any() else 0.0
    axis = float((aside[heel].max() + aside[heel].min()) / 2) if heel.any() else 0.0
    toe = float(aside[tip].mean()) if tip.any() else 0.0
    return 1 if bulge - axis > toe - axis else -1


def _worn(pictured: Pictured, on: Leg, *, mirrored: bool) -> list[Placed]:
    if pictured.shoe.view is View.FRONT:
        return standing(pictured, on, mirrored=mirrored)
    return stand(pictured, on, mirrored=mirrored)
