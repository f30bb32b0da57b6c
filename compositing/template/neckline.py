"""The front neckline: the curve between the neck points along which colours change most.

Looked for among curves of three kinds (V, round, square) and all depths that necklines have; where
none stands out the depth is a likely one.
"""

from typing import Final

import numpy as np

from compositing.template.silhouette import Array, Silhouette

POWERS: Final = (1.0, 2.0, 3.5)
"""y = depth (1 - |u|^power): a V, a scoop, a square."""
DEPTHS: Final = 48
ALONG: Final = np.linspace(-0.75, 0.75, 19)
CLEAR: Final = 0.34
"""How much stronger than elsewhere a neckline's edge must be to be believed."""
LIKELY: Final = 0.55
"""Depth over half the neck's width, where no edge tells."""


def dip(silhouette: Silhouette, left: Array, right: Array, pits: Array, back: float) -> Array:
    """The lowest point of the front neckline; all in the silhouette's pixels.

    `left`, `right`: the neck points; `pits`: the middle between the armpits; `back`: how far below
    the neck points the outline runs (negative: above).
    """
    middle, across = 0.5 * (left + right), 0.5 * (right - left)
    half = float(np.hypot(*across))
    down = np.array([-across[1], across[0]]) / max(half, 1e-6)
    deepest = max(float((pits - middle) @ down) * 1.5, 0.5 * half)
    depths = np.linspace(max(0.1 * half, back + 1.0), max(deepest, back + 2.0), DEPTHS)
    score = np.stack(
        [_edge_along(silhouette, middle, across, down, depths, power) for power in POWERS]
    )
    score -= 0.09 * np.abs(np.log(depths / (LIKELY * half + 1e-6)))
    best = np.unravel_index(int(score.argmax()), score.shape)
    ordinary = float(np.median(score))
    depth = (
        depths[best[1]] if score[best] - ordinary > CLEAR * 0.5 else max(LIKELY * half, back + 1.0)
    )
    return np.asarray(middle + depth * down)


def _edge_along(
    silhouette: Silhouette, middle: Array, across: Array, down: Array, depths: Array, power: float
) -> Array:
    drop = depths[:, None] * (1 - np.abs(ALONG / 0.95) ** power)
    points = middle + ALONG[None, :, None] * across + drop[..., None] * down
    edge = silhouette.at(silhouette.edges, points)
    outside = np.abs(silhouette.at(silhouette.distance, points)) < 0.8
    return np.asarray(np.maximum(edge, outside).mean(1))
