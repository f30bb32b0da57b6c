"""Every kind of garment that is drawn, by name; and which kinds a category has."""

from collections.abc import Callable
from functools import partial

import numpy as np

from devstack.garments import bottoms, dresses, shoes, small, straps, tops
from devstack.garments.made import Made, Wish

Maker = Callable[[np.random.Generator, Wish], Made]
KINDS: dict[str, Maker] = {
    "crew-tee": tops.tee, "v-tee": partial(tops.tee, neck="v"), "scoop-tee": partial(tops.tee, neck="scoop"),
    "long-sleeve": tops.long_sleeve, "off-shoulder": straps.off_shoulder, "one-shoulder": straps.one_shoulder,
    "polo": tops.polo, "shirt": tops.shirt, "blouse": tops.blouse,
    "sweater": tops.sweater, "turtleneck": partial(tops.sweater, neck="turtle"), "hoodie": tops.hoodie,
    "cardigan": tops.cardigan, "jacket": tops.jacket, "blazer": tops.blazer, "coat": tops.coat, "vest": tops.vest,
    "tank": tops.tank, "camisole": straps.camisole, "crop-top": tops.crop_top,
    "a-line-dress": dresses.dress, "maxi-dress": partial(dresses.dress, style="maxi"),
    "sheath-dress": partial(dresses.dress, style="sheath"), "shirt-dress": partial(dresses.dress, style="shirt"),
    "sleeveless-dress": partial(dresses.dress, style="sleeveless"), "slip-dress": dresses.slip_dress,
    "jumpsuit": dresses.jumpsuit,
    "jeans": bottoms.jeans, "chinos": bottoms.trousers, "pressed-trousers": partial(bottoms.trousers, style="dress"),
    "joggers": partial(bottoms.trousers, style="jogger"), "wide-trousers": bottoms.wide_trousers,
    "shorts": bottoms.shorts, "leggings": bottoms.leggings,
    "a-line-skirt": bottoms.skirt, "pencil-skirt": partial(bottoms.skirt, style="pencil"),
    "pleated-skirt": partial(bottoms.skirt, style="pleated"), "buttoned-skirt": partial(bottoms.skirt, style="buttoned"),
    "gathered-skirt": partial(bottoms.skirt, style="gathered"),
    "sneakers": shoes.shoes, "sneakers-side": partial(shoes.shoes, view="side"), "sneaker": partial(shoes.shoes, view="one"),
    "boots": shoes.boots, "brimmed-hat": small.hat, "beanie": small.beanie, "scarf": small.scarf, "bag": small.bag,
    "belt": small.belt,
}  # fmt: skip
"""Kind -> its maker."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    "t-shirt": ("crew-tee", "v-tee", "scoop-tee"), "top": ("long-sleeve", "off-shoulder", "one-shoulder", "crew-tee"),
    "polo": ("polo",), "shirt": ("shirt",), "blouse": ("blouse",), "sweater": ("sweater", "turtleneck"),
    "hoodie": ("hoodie",), "cardigan": ("cardigan",), "jacket": ("jacket",), "blazer": ("blazer",), "coat": ("coat",),
    "vest": ("vest",), "tank": ("tank", "camisole"), "crop-top": ("crop-top",),
    "dress": ("a-line-dress", "maxi-dress", "sheath-dress", "shirt-dress", "sleeveless-dress", "slip-dress"),
    "jumpsuit": ("jumpsuit",), "jeans": ("jeans",),
    "trousers": ("chinos", "pressed-trousers", "joggers", "wide-trousers"), "shorts": ("shorts",), "leggings": ("leggings",),
    "skirt": ("a-line-skirt", "pencil-skirt", "pleated-skirt", "buttoned-skirt", "gathered-skirt"),
    "shoes": ("sneakers", "sneakers-side", "sneaker"), "boots": ("boots",), "hat": ("brimmed-hat", "beanie"),
    "scarf": ("scarf",), "bag": ("bag",), "belt": ("belt",),
}  # fmt: skip
"""Garment category -> its kinds."""
