"""Whether an outline shows where sleeves end: it steps inwards below a cuff, on both sides.

Without sleeves it goes outwards from the shoulder's tip to the armpit, and on gently from there.
"""

from typing import Final

import numpy as np

from compositing.template.body import Trunk
from compositing.template.silhouette import Array, Silhouette

WITHIN: Final = 0.05
"""A step is what the outline goes inwards over this share of the garment's height."""
DOWN_TO: Final = 0.85
"""Where cuffs are looked for: from the top down to this share of the height."""
LEAST, MEAN = 0.06, 0.1
"""The smaller step, and the mean of both, over half of the garment's width, that tell of cuffs."""


def cuffs_seen(silhouette: Silhouette, body: Trunk) -> bool:
    """Whether both sides of the outline step inwards."""
    steps = [_step(_reach(silhouette, round(body.middle), s)) for s in (-1, 1)]
    return min(steps) >= LEAST and sum(steps) / 2 >= MEAN


def _reach(silhouette: Silhouette, middle: int, s: int) -> Array:
    """How far cloth reaches to one side of the middle, by row of the garment."""
    _, top, _, bottom = silhouette.box
    half = silhouette.mask[top : bottom + 1, middle:]
    if s < 0:
        half = silhouette.mask[top : bottom + 1, middle::-1]
    last = half.shape[1] - 1 - half[:, ::-1].argmax(1)
    return np.where(half.any(1), last, 0).astype(np.float64)


def _step(reach: Array) -> float:
    """The deepest step inwards, over the median reach."""
    height = len(reach)
    over = max(2, round(WITHIN * height))
    inwards = (reach[:-over] - reach[over:])[: max(int(DOWN_TO * height) - over, 1)]
    return float(inwards.max(initial=0.0) / max(float(np.median(reach)), 1.0))
