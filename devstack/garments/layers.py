"""What is worn over a top, by kind: sweaters, hoodies, cardigans, jackets, coats, vests."""

from dataclasses import replace

import numpy as np

from devstack.garments.cloth import ClothKind, Fabric
from devstack.garments.fabrics import chosen, solid, trimmed
from devstack.garments.made import GarmentWish, Made, upper_made
from devstack.garments.tops import assembled, base, pose_of, sleeved
from devstack.garments.upper import Trim

KNIT: tuple[ClothKind, ...] = ("knit", "knit", "wool")


def sweater(rng: np.random.Generator, wish: GarmentWish, neck: str = "crew") -> Made:
    """A pullover with ribbed collar, cuffs and hem; `neck` may be a rolled collar."""
    shape = replace(base(rng, wide=rng.uniform(1.0, 1.15), shaped=0.0), dip=rng.uniform(7.5, 9.5))
    shape = replace(shape, hem=(shape.hem[0] * 0.93, shape.hem[1] * 0.95), hem_drop=0.8)
    if neck == "turtle":
        shape = replace(shape, neck=rng.uniform(8, 9), dip=4.2, power=2.0)
    shape = sleeved(
        rng,
        shape,
        rng.uniform(47, 53),
        rng.uniform(5, 6),
        pose_of(rng, wish, long=True),
        puff=rng.uniform(0, 0.8),
    )
    cloth = wish.cloth or chosen(rng, KNIT, ("breton", "stripes"))
    second = replace(trimmed(rng, cloth), kind="knit")
    trim = Trim(
        cloth,
        second,
        neck="turtle" if neck == "turtle" else "crew",
        ends="rib",
        band_cm=2.6,
        label=neck == "crew",
    )
    return upper_made("sweater", assembled(shape, trim, rng), shape)


def hoodie(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A hooded sweatshirt with a kangaroo pocket."""
    shape = replace(
        base(rng, wide=1.1, shaped=0.0), neck=rng.uniform(9.4, 10.4), dip=rng.uniform(7.5, 9)
    )
    shape = replace(shape, hem=(shape.hem[0] * 0.92, shape.hem[1]), hem_drop=0.6)
    shape = sleeved(
        rng,
        shape,
        rng.uniform(50, 54),
        rng.uniform(5.2, 6),
        pose_of(rng, wish, long=True),
        puff=0.6,
    )
    cloth = wish.cloth or solid(rng, "fleece")
    trim = Trim(cloth, cloth, neck="hood", ends="rib", pocket="kangaroo", label=False, depth=1.15)
    return upper_made("hoodie", assembled(shape, trim, rng), shape)


def cardigan(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A knitted cardigan, V-necked, buttoned."""
    shape = replace(
        base(rng, wide=1.02, shaped=0.0, long=0.95),
        dip=rng.uniform(20, 27),
        power=rng.uniform(1.1, 1.25),
    )
    shape = sleeved(
        rng, shape, rng.uniform(46, 52), rng.uniform(5, 6), pose_of(rng, wish, long=True), puff=0.4
    )
    cloth = wish.cloth or chosen(rng, KNIT, ())
    trim = Trim(
        cloth, trimmed(rng, cloth), neck="open", front="buttons", ends="rib", button=(112, 84, 58)
    )
    return upper_made("cardigan", assembled(shape, trim, rng), shape)


def jacket(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A zipped jacket with a stand-up collar, or a denim one with flap pockets."""
    denim = wish.cloth.kind == "denim" if wish.cloth else rng.random() < 0.3
    shape = replace(
        base(rng, wide=1.08, shaped=0.0, long=0.97),
        neck=rng.uniform(8.5, 9.2),
        dip=rng.uniform(5, 6.2),
        power=2.0,
    )
    shape = sleeved(
        rng,
        shape,
        rng.uniform(50, 54),
        rng.uniform(5.8, 6.6),
        pose_of(rng, wish, long=True),
        puff=0.5,
    )
    cloth = wish.cloth or solid(
        rng, "denim" if denim else ("woven", "leather", "woven")[int(rng.integers(0, 3))]
    )
    if denim:
        trim = Trim(
            cloth,
            cloth,
            neck="shirt",
            front="buttons",
            pocket="flap",
            ends="cuff",
            button=(150, 120, 84),
        )
    else:
        rib = rng.random() < 0.5
        second = Fabric("knit", cloth.colour) if rib else cloth
        trim = Trim(
            cloth,
            second,
            neck="stand",
            front="zip",
            pocket="welt",
            ends="rib" if rib else "cuff",
            label=False,
        )
    return upper_made("jacket", assembled(shape, trim, rng), shape)


def _tailored(cloth: Fabric) -> Trim:
    """Lapels, buttons and welt pockets, of one cloth."""
    return Trim(
        cloth,
        cloth,
        neck="lapel",
        front="buttons",
        pocket="welt",
        ends="tailored",
        button=(60, 50, 44),
        depth=0.9,
    )


def blazer(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A tailored jacket with lapels."""
    shape = replace(
        base(rng, shaped=1.0, long=1.10),
        neck=rng.uniform(8, 8.8),
        dip=rng.uniform(33, 40),
        power=1.12,
    )
    shape = sleeved(
        rng, shape, rng.uniform(49, 53), rng.uniform(6.4, 7.2), pose_of(rng, wish, long=True)
    )
    cloth = wish.cloth or chosen(rng, ("wool", "linen", "wool"), ("checks", "pinstripes"))
    trim = _tailored(cloth)
    return upper_made("blazer", assembled(shape, trim, rng), shape)


def coat(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A long coat with lapels."""
    shape = replace(
        base(rng, shaped=0.3, wide=1.1, long=1.62),
        neck=rng.uniform(8.4, 9.2),
        dip=rng.uniform(30, 36),
        power=1.12,
    )
    shape = replace(shape, hem=(shape.hem[0] * 1.12, shape.hem[1]))
    shape = sleeved(
        rng, shape, rng.uniform(52, 56), rng.uniform(7, 8), pose_of(rng, wish, long=True)
    )
    cloth = wish.cloth or chosen(rng, ("wool",), ("checks",))
    trim = _tailored(cloth)
    return upper_made("coat", assembled(shape, trim, rng), shape)


def vest(rng: np.random.Generator, wish: GarmentWish) -> Made:
    """A sleeveless jacket: zipped, or a waistcoat with a V-neck and buttons."""
    shape = base(rng, wide=1.0, shaped=0.3, long=0.95)
    shape = replace(shape, tip=(shape.pit[0] * 0.78, shape.tip[1]), inset=1.8)
    if rng.random() < 0.5:
        shape = replace(shape, dip=rng.uniform(5, 6), power=2.0)
        cloth = wish.cloth or solid(rng, "fleece")
        trim = Trim(cloth, cloth, neck="stand", front="zip", pocket="welt", label=False)
    else:
        shape = replace(shape, dip=rng.uniform(24, 29), power=1.12)
        cloth = wish.cloth or chosen(rng, ("wool", "linen"), ("checks",))
        trim = Trim(cloth, cloth, neck="open", front="buttons", pocket="welt", button=(60, 50, 44))
    return upper_made("vest", assembled(shape, trim, rng), shape)
