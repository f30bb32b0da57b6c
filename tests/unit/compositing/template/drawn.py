"""Garments drawn by the templates' own shapes at random numbers: their points are known."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.template import legs, skirts, upper
from compositing.template.body import Trunk
from compositing.template.search import Shape
from compositing.template.silhouette import Array, filled

HALF = 90.0
"""Half the chest, hips: pixels of the drawing."""
FINER = 4
ANY_BODY = Trunk(half=1.0, middle=0.0, parted=False, bottom=0.0, narrow=1.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """`points`: by name, with `_left` and `_right`; `width_px`: of chest or hips."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    points: dict[str, Array]
    width_px: float


def drawn(shape: Shape, numbers: Array, names: dict[str, int]) -> Drawn:
    """A garment of one colour on nothing, cropped with a margin."""
    nodes = shape.nodes(numbers[None])[0]
    nodes = nodes * (HALF / np.exp(numbers[3]))
    polygons = shape.polygons(nodes)
    every = np.concatenate(polygons)
    origin = every.min(0) - 8
    size = np.ceil(every.max(0) - origin + 8).astype(int)
    # a point q of the drawing lies at (q + 0.5) * FINER - 0.5 of the finer one
    big = filled(
        [(one - origin + 0.5) * FINER - 0.5 for one in polygons], (size[1] * FINER, size[0] * FINER)
    )
    alpha = cv2.resize(
        big.astype(np.float32), (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA
    )
    rgb = np.full((*alpha.shape, 3), (90, 110, 160), np.uint8)
    points = {name: nodes[k] - origin for name, k in names.items()}
    return Drawn(rgb, np.asarray(alpha, np.float32), points, 2 * HALF)


def upper_names(*, sleeved: bool) -> dict[str, int]:
    """Where named points stand among the nodes."""
    named = ["neck", "tip", "pit", "hem"]
    found: dict[str, int] = {}
    for i, side in enumerate(("left", "right")):
        found |= {
            f"{name}_{side}": upper.PER_SIDE * i + upper.SIDE_NODES.index(name) for name in named
        }
        if sleeved:
            arm = upper.ARMS + 6 * i
            found |= {f"cuff_outer_{side}": arm + 4, f"cuff_inner_{side}": arm + 5}
    return found


def random_upper(rng: np.random.Generator, *, sleeved: bool, flared: bool = False) -> Drawn:
    """A top with sleeves from short to long held away from the body, or without."""
    shape = upper.UpperShape(sleeved, flared, long=False, hooded=False, body=ANY_BODY)
    hem = rng.uniform(0.3, 0.6) if flared else rng.uniform(-0.05, 0.12)
    length = rng.uniform(1.35, 1.7) if flared else rng.uniform(0.8, 1.1)
    neck, tip = rng.uniform(-0.95, -0.65), rng.uniform(-0.02, 0.1)
    rise = rng.uniform(-0.3, -0.12)
    trunk = [
        0,
        0,
        rng.uniform(-0.06, 0.06),
        3.3,
        neck,
        tip,
        rng.uniform(0.2, 0.3),
        rng.uniform(0.1, 0.3),
    ]
    trunk += [0.5 * hem - 0.04, 0, 0.55 * hem, hem, length, 0.02, 0, rise, 0.1, 0]
    arm = [
        rng.uniform(-0.1, 1.0),
        rng.uniform(0.55, 0.95),
        rng.uniform(-0.15, 0),
        rng.uniform(-0.6, -0.35),
    ]
    numbers = np.array(trunk + (arm * 2 if sleeved else []), np.float64)
    return drawn(shape, numbers, upper_names(sleeved=sleeved))


def random_legs(rng: np.random.Generator) -> Drawn:
    """Shorts or trousers with background between the legs."""
    shape = legs.LegsShape(short=False)
    trunk = [0, 0, rng.uniform(-0.05, 0.05), 3.3, rng.uniform(-0.3, -0.1), -0.35]
    trunk += [rng.uniform(0.3, 0.5), 0.03, 0.0]
    leg = [rng.uniform(-0.3, 1.4), rng.uniform(0.08, 0.2), rng.uniform(-0.25, -0.1)]
    leg += [rng.uniform(-0.4, -0.15), 0.0]
    names: dict[str, int] = {}
    for i, side in enumerate(("left", "right")):
        names |= {
            f"{name}_{side}": 8 * i + legs.SIDE.index(name)
            for name in ("waist", "hem_outer", "hem_inner")
        }
    return drawn(shape, np.array(trunk + leg * 2), names | {"crotch": 17})


def random_skirt(rng: np.random.Generator) -> Drawn:
    """Straight or flared."""
    numbers = [
        0,
        0,
        rng.uniform(-0.06, 0.06),
        3.5,
        rng.uniform(-0.4, -0.15),
        rng.uniform(0.05, 0.5),
    ]
    numbers += [-1.0, rng.uniform(0.5, 1.1), rng.uniform(0, 0.1), 0, rng.uniform(-0.03, 0.05), 0]
    names = {"waist_left": 0, "waist_right": 4, "hem_left": 3, "hem_right": 7}
    return drawn(skirts.SkirtShape(), np.array(numbers), names)
