"""A dozen garments that the project draws itself, as product photos: for the demo, the docs and
the tests. Repeatable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from devstack.garments import Fabric, PhotoSpec
from devstack.garments import draw as drawn
from devstack.garments.fabrics import pictured, printed
from devstack.garments.shape import Pose

SIZE_PX = (960, 1280)
SHRUNK_BELOW_PX = 900
"""Smaller photos are drawn twice as large: what is fine in them comes out finer."""
Dye = Callable[[np.random.Generator], Fabric]


@dataclass(frozen=True, slots=True)
class WardrobePiece:
    """A category, the kind and the cut that stand for it here, its cloth, and what it is
    photographed on.
    """

    category: str
    kind: str
    cut: int
    cloth: Dye
    background: str = "studio"
    pose: Pose | None = None
    fill: float = 0.86


def _plain(cloth: Fabric) -> Dye:
    return lambda _: cloth


GARMENTS: dict[str, WardrobePiece] = {
    "tee": WardrobePiece(
        "t-shirt",
        "crew-tee",
        3,
        lambda rng: pictured(rng, "jersey", "sunset", "navy", 27.0),
    ),
    "stripe-tee": WardrobePiece(
        "top",
        "long-sleeve",
        4,
        lambda rng: printed(rng, "jersey", "breton", "ecru"),
        pose="hanging",
    ),
    "shirt": WardrobePiece(
        "shirt",
        "shirt",
        5,
        lambda rng: printed(rng, "woven", "uprights", "sky"),
        pose="hanging",
    ),
    "sweater": WardrobePiece(
        "sweater",
        "crew-sweater",
        8,
        _plain(Fabric("knit", (176, 92, 66))),
        pose="hanging",
    ),
    "hoodie": WardrobePiece(
        "hoodie",
        "hoodie",
        7,
        _plain(Fabric("fleece", (150, 160, 144))),
        pose="hanging",
    ),
    "jacket": WardrobePiece(
        "jacket",
        "jacket",
        9,
        _plain(Fabric("denim", (84, 106, 138))),
        pose="hanging",
    ),
    "blazer": WardrobePiece(
        "blazer", "blazer", 3, _plain(Fabric("wool", (66, 68, 76))), pose="hanging"
    ),
    "jeans": WardrobePiece("jeans", "jeans", 1, _plain(Fabric("denim", (70, 90, 122)))),
    "trousers": WardrobePiece("trousers", "chinos", 4, _plain(Fabric("woven", (196, 174, 140)))),
    "shorts": WardrobePiece("shorts", "shorts", 5, _plain(Fabric("linen", (112, 124, 96)))),
    "skirt": WardrobePiece("skirt", "pleated-skirt", 2, _plain(Fabric("satin", (126, 42, 62)))),
    "dress": WardrobePiece(
        "dress",
        "a-line-dress",
        8,
        lambda rng: printed(rng, "woven", "floral", "navy"),
    ),
    "shoes": WardrobePiece(
        "shoes", "sneakers", 4, _plain(Fabric("leather", (236, 234, 228))), fill=0.72
    ),
}
"""Every drawn garment by name."""
WARDROBE: dict[str, str] = {name: garment.category for name, garment in GARMENTS.items()}
"""Name -> garment category."""


@lru_cache(maxsize=64)
def draw(name: str, *, seed: int = 0, size_px: tuple[int, int] = SIZE_PX) -> bytes:
    """A garment's photo as JPEG.

    Raises KeyError for a name that is not in `WARDROBE`. Equal arguments, equal bytes.
    """
    garment = GARMENTS[name]
    twice = size_px[0] < SHRUNK_BELOW_PX
    size = (2 * size_px[0], 2 * size_px[1]) if twice else size_px
    cloth = garment.cloth(np.random.default_rng([garment.cut, seed]))
    one = drawn(
        garment.kind,
        garment.cut + 1000 * seed,
        background=garment.background,
        cloth=cloth,
        pose=garment.pose,
        photo=PhotoSpec(size, garment.fill),
    )
    picture = cv2.resize(one.rgb, size_px, interpolation=cv2.INTER_AREA) if twice else one.rgb
    bgr = np.ascontiguousarray(picture[..., ::-1])
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not done:
        raise ValueError(f"{name} can't be encoded")
    return data.tobytes()
