"""A garment on a body: charts by the kind of template."""

from dataclasses import replace

from compositing.arrays import Mask
from compositing.charts.body import Body
from compositing.charts.legs import dress_legs
from compositing.charts.rectify import rectified
from compositing.charts.skirt import dress_skirt
from compositing.charts.suit import dress_suit
from compositing.charts.upper import dress_upper
from compositing.charts.upright import Turn
from compositing.charts.worn import Worn
from compositing.template.model import Legs, Skirt, Suit, Template, Upper
from schemas.categories import GarmentCategory


def dress(
    mask: Mask, template: Template, category: GarmentCategory, body: Body, *, studio: bool
) -> Worn:
    """The garment's charts; their photo points are px of the cut-out, whatever its turn.

    `mask`: not empty; `studio`: the photo's background is plain."""
    turn = Turn.by(template.turn_rad, mask.shape[1], mask.shape[0])
    if not studio:  # a studio's camera looks straight at what it shows
        turn = turn.then(rectified(turn.template(template)))
    upright, standing = turn.mask(mask), turn.template(template)
    match standing:
        case Upper():
            worn = dress_upper(upright, standing, category, body, studio=studio)
        case Suit():
            worn = dress_suit(upright, standing, category, body, studio=studio)
        case Legs():
            worn = dress_legs(upright, standing, category, body, studio=studio)
        case Skirt():
            worn = dress_skirt(upright, standing, body, studio=studio)
    return replace(worn, charts=tuple(turn.back(chart) for chart in worn.charts))
