"""Skirts: the numbers of a flat one, its outline, what is likely. Sizes over half the hips."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compositing.template.frame import UNIT_PX, Prior, costs, placed
from compositing.template.search import Ints
from compositing.template.silhouette import Array, Silhouette

TURN, HIPS, WAIST, HEM, HIP_Y, LENGTH, SAG, LEAN, TOP, LOW = range(2, 12)
"""SAG: the hem's middle below its corners; TOP: the waist's; LOW: width between hips and hem."""
PRIORS: Final = (
    Prior(TURN, 0, 0, 3.0),
    Prior(WAIST, -0.25, 0.25, 4.0),
    Prior(HEM, 0.15, 0.4, 2.0),
    Prior(HIP_Y, -1.0, 0.25, 3.0),
    Prior(LENGTH, 0.8, 0.7, 2.0),
    Prior(SAG, 0.03, 0.1, 3.0),
    Prior(LEAN, 0, 0.05, 3.0),
    Prior(TOP, 0, 0.1, 4.0),
    Prior(LOW, 0, 0.08, 4.0),
)
ALONG: Final = (-0.6, 0.0, 0.6)


def _pairs() -> Ints:
    return np.array(list(pairwise([0, 1, 2, 3, 9, 10, 11, 7, 6, 5, 4, 8, 0])), np.intp)


@dataclass(frozen=True, slots=True)
class SkirtShape:
    """Any skirt."""

    edges: Ints = field(default_factory=_pairs)
    inner: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(12, bool))
    low: Array = field(init=False)
    high: Array = field(init=False)

    def __post_init__(self) -> None:
        low = [-9, -9, -0.5, 1.2, -1.2, -0.8, -2.2, -0.8, -0.5, -0.5, -0.5, -0.4]
        high = [9, 9, 0.5, 4.5, 0.3, 1.6, -0.3, 2.4, 0.7, 0.5, 0.5, 0.4]
        object.__setattr__(self, "low", np.array(low, np.float64))
        object.__setattr__(self, "high", np.array(high, np.float64))

    def nodes(self, numbers: Array) -> Array:
        """(batch, 12, 2): per side waist, hip, between, hem; the waist's middle; the hem."""
        p = numbers
        hips = np.exp(p[:, HIPS])
        length = hips * np.exp(p[:, LENGTH])
        waist, hem = hips * np.exp(p[:, WAIST]), hips * np.exp(p[:, HEM])
        hip_y = length * np.exp(p[:, HIP_Y])
        low = 0.5 * (hips + hem) * np.exp(p[:, LOW])
        y = np.stack([np.zeros_like(hips), hip_y, 0.5 * (hip_y + length), length], 1)
        x = np.stack([waist, hips, low, hem], 1)
        lean = (hips * p[:, LEAN])[:, None] * y / length[:, None]
        u = np.array(ALONG)
        bottom_x = lean[:, 3:] + hem[:, None] * u
        bottom_y = length[:, None] + (hips * p[:, SAG])[:, None] * (1 - u**2)
        middle = np.stack([np.zeros_like(hips), hips * p[:, TOP]], 1)[:, None]
        sides = [np.stack([lean + s * x, y], -1) for s in (-1.0, 1.0)]
        return placed(np.concatenate([*sides, middle, np.stack([bottom_x, bottom_y], -1)], 1), p)

    def beyond(self, _numbers: Array, _nodes: Array, points: Array) -> Array:
        """A skirt has one part."""
        return np.zeros(points.shape[:2])

    def priors(self, numbers: Array) -> Array:
        """(batch, priors), in pixels."""
        return np.stack(costs(PRIORS, numbers), 1)

    def polygons(self, nodes: Array) -> list[Array]:
        """One."""
        return [np.concatenate([nodes[:4], nodes[9:12], nodes[4:8][::-1], nodes[8:9]])]


def starts(silhouette: Silhouette) -> Array:
    """From straight to flared."""
    left, top, right, bottom = silhouette.box
    half, height = 0.5 * (right - left + 1), bottom - top
    found = []
    for hips in (0.95 * half, 0.75 * half, 0.55 * half):
        for hem in (hips, half):
            head = [
                0.5 * (left + right) / UNIT_PX,
                (top + 1) / UNIT_PX,
                0,
                np.log(max(hips, 5.0)),
                -0.2,
            ]
            found.append(
                [*head, np.log(hem / hips), -1.0, np.log(max(height, 5) / hips), 0.02, 0, 0, 0]
            )
    return np.array(found)[:, None]
