"""`python -m bench cutouts --seeds N`: how much cut-outs and true masks overlap, with the learned
segmenter's corrections and without: on the photos whose outline is known, and on drawn garments
before floors, sheets and walls.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bench.gallery import PHOTOS, photos
from compositing.arrays import Mask
from compositing.cut.cutout import judged
from compositing.cut.learned import Expected, Learned, expected
from compositing.cut.opinion import ExpectedShape
from compositing.decode import Photo, decode
from compositing.engine import shape_of
from compositing.errors import GarmentError
from devstack.garments import CATEGORIES, anything
from devstack.garments.drawing import DrawnPhoto

SEEDS = 100
SIZE_PX = (480, 640)
Outlined = tuple[Photo, ExpectedShape, Mask]


def silent(rgb: NDArray[np.uint8], /) -> Expected:
    """A learned segmenter that has no opinion."""
    nothing = np.zeros(rgb.shape[:2], np.float32)
    return Expected(nothing, nothing, nothing)


def overlap(case: Outlined, learned: Learned) -> float:
    """Intersection over union; 0 where no garment is found."""
    photo, shape, truth = case
    try:
        found = judged(photo, shape=shape, learned=learned).alpha > 0.5
    except GarmentError:
        return 0.0
    return float((found & truth).sum() / (found | truth).sum())


def photographed() -> Iterator[Outlined]:
    """The photos that have an outline; none where the folder is not there."""
    for one in photos(PHOTOS):
        photo = decode(one.data, 2048)
        if one.truth is not None and one.messy and one.truth.shape == photo.rgb.shape[:2]:
            yield photo, shape_of(one.category), one.truth


def drawn(seeds: int) -> Iterator[Outlined]:
    """Those that lie or hang before something that is not plain."""
    names = sorted(CATEGORIES)
    for seed in range(seeds):
        category = names[seed % len(names)]
        one: DrawnPhoto = anything(50_000 + seed, category=category, size_px=SIZE_PX)
        yield Photo(one.rgb, None), shape_of(category), one.mask


def _shares(found: list[float]) -> dict[str, float]:
    return {
        "mean": round(float(np.mean(found)), 4),
        "median": round(float(np.median(found)), 4),
        "p10": round(float(np.quantile(found, 0.1)), 4),
    }


def measure() -> dict[str, object]:
    """Of the photos, and of as many drawn garments as `--seeds` says."""
    count = int(sys.argv[sys.argv.index("--seeds") + 1]) if "--seeds" in sys.argv else SEEDS
    sources: dict[str, Callable[[], Iterator[Outlined]]] = {
        "photos": photographed,
        "drawn": lambda: drawn(count),
    }
    result: dict[str, object] = {}
    for name, source in sources.items():
        pairs = [(overlap(case, silent), overlap(case, expected)) for case in source()]
        if not pairs:
            continue
        without, with_it = (list(column) for column in zip(*pairs, strict=True))
        result[name] = {
            "count": len(pairs),
            "without": _shares(without),
            "with": _shares(with_it),
            "better_by_a_hundredth": sum(b > a + 0.01 for a, b in pairs),
            "worse_by_a_hundredth": sum(b < a - 0.01 for a, b in pairs),
        }
    return result
