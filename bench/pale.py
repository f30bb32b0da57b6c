"""`python -m bench pale --seeds N`: pale garments before pale paper, drawn and photographed as the
seed decides, through a JPEG: how much the cut-out and the garment's true mask overlap."""

import sys

import cv2
import numpy as np

from compositing.cut.cutout import separated
from compositing.decode import decode
from compositing.engine import shape_of
from compositing.errors import GarmentError
from devstack.garments import Fabric, PhotoSpec, draw

SEEDS = 60
SIZE_PX = (480, 640)
KINDS = (
    "t-shirt", "top", "shirt", "blouse", "sweater", "dress", "trousers", "skirt", "tank", "shorts",
)  # fmt: skip
PALE = ((240, 239, 235), (250, 250, 250), (231, 222, 203), (246, 244, 240), (238, 242, 248))
PAPER = ("white", "studio", "studio")


def overlap(seed: int) -> float:
    """Intersection over union; 0 where no garment is found."""
    rng = np.random.default_rng([seed, 5])
    category = KINDS[seed % len(KINDS)]
    cloth = Fabric("jersey", PALE[int(rng.integers(len(PALE)))])
    paper = PAPER[int(rng.integers(len(PAPER)))]
    fill, turn = rng.uniform(0.66, 0.92), rng.normal(0, 0.015)
    photo = PhotoSpec(SIZE_PX, fill, turn_rad=turn, quality=int(rng.integers(55, 93)))
    drawn = draw(category, 1000 + seed, background=paper, cloth=cloth, photo=photo)
    done, data = cv2.imencode(".png", np.ascontiguousarray(drawn.rgb[..., ::-1]))
    if not done:
        raise ValueError("the picture can't be encoded as PNG")
    try:
        _, alpha, _ = separated(decode(data.tobytes(), max(SIZE_PX)), shape=shape_of(category))
    except GarmentError:
        return 0.0
    found = alpha > 0.5
    return float((found & drawn.mask).sum() / (found | drawn.mask).sum())


def measure() -> dict[str, object]:
    """Of as many garments as `--seeds` says."""
    count = int(sys.argv[sys.argv.index("--seeds") + 1]) if "--seeds" in sys.argv else SEEDS
    found = [overlap(seed) for seed in range(count)]
    return {
        "garments": count,
        "overlap_median": round(float(np.median(found)), 4),
        "overlap_p10": round(float(np.quantile(found, 0.1)), 4),
    }
