"""Trousers, jeans, leggings, shorts: the numbers of two legs, their outline, what is likely.

Sizes are shares of half the hips, most as logarithms; in the garment's frame the waist is at y = 0.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compositing.template.frame import UNIT_PX, Prior, beyond_slack, costs, placed, unplaced
from compositing.template.search import PER_EDGE, Ints
from compositing.template.silhouette import Array, Silhouette

TURN, HIPS, WAIST, HIP_Y, CROTCH, GAP, SAG = range(2, 9)
TRUNK: Final = 9
LONG, SPLAY, KNEE, HEM, BOW = range(5)
"""Of a leg, behind: length over half the hips; angle outwards; knee and hem over the thigh; bow."""
LEG: Final = 5
KNEE_SHARE: Final = 0.45
SIDE: Final = (
    "waist",
    "hip",
    "top_outer",
    "knee_outer",
    "hem_outer",
    "hem",
    "hem_inner",
    "knee_inner",
)

INNER: Final = {7, 15}
"""Edges at the knees' insides may lie inside the silhouette, where the legs touch."""

PRIORS: Final = (
    Prior(TURN, 0, 0, 3.0),
    Prior(WAIST, -0.2, 0.2, 4.0),
    Prior(HIP_Y, -0.35, 0.25, 3.0),
    Prior(CROTCH, 0.42, 0.25, 4.5),
    Prior(GAP, 0.0, 0.06, 6.0),
    Prior(SAG, 0.0, 0.12, 3.0),
)


def _pairs() -> tuple[Ints, NDArray[np.bool_]]:
    side = list(range(8))
    order = [*side, 17, 18, *(8 + k for k in reversed(side)), 16, 0]
    inner = [one in INNER or two in INNER for one, two in pairwise(order)]
    return np.array(list(pairwise(order)), np.intp), np.array(inner)


@dataclass(frozen=True, slots=True)
class LegsShape:
    """`short`: shorts are likely."""

    short: bool
    edges: Ints = field(init=False)
    inner: NDArray[np.bool_] = field(init=False)
    low: Array = field(init=False)
    high: Array = field(init=False)

    def __post_init__(self) -> None:
        edges, inner = _pairs()
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "inner", inner)
        low = [-9, -9, -0.5, 1.2, -0.9, -1.2, -0.7, 0.0, -0.4] + [-2.2, -0.2, -1.2, -1.6, -0.4] * 2
        high = [9, 9, 0.5, 4.5, 0.3, 0.3, 0.9, 0.4, 0.4] + [2.4, 0.7, 0.8, 1.0, 0.4] * 2
        object.__setattr__(self, "low", np.array(low, np.float64))
        object.__setattr__(self, "high", np.array(high, np.float64))

    def nodes(self, numbers: Array) -> Array:
        """(batch, 19, 2): left side, right side, the waist's middle, both sides of the crotch."""
        p = numbers
        hips = np.exp(p[:, HIPS])
        crotch_y, gap = hips * np.exp(p[:, CROTCH]), hips * p[:, GAP]
        zero = np.zeros_like(hips)
        sides = [self._side(p, i) * np.array([s, 1.0]) for i, s in ((0, -1.0), (1, 1.0))]
        middle = [np.stack([zero, hips * p[:, SAG]], 1)]
        middle += [np.stack([s * gap, crotch_y], 1) for s in (-1.0, 1.0)]
        return placed(np.concatenate([*sides, np.stack(middle, 1)], 1), p)

    def _side(self, p: Array, i: int) -> Array:
        q = p[:, TRUNK + LEG * i : TRUNK + LEG * (i + 1)]
        hips = np.exp(p[:, HIPS])
        crotch_y, gap = hips * np.exp(p[:, CROTCH]), hips * p[:, GAP]
        thigh = 0.5 * (hips - gap)
        length, splay = hips * np.exp(q[:, LONG]), q[:, SPLAY]
        along, out = (
            np.stack([np.sin(splay), np.cos(splay)], 1),
            np.stack([np.cos(splay), -np.sin(splay)], 1),
        )
        top = np.stack([0.5 * (hips + gap), crotch_y], 1)
        knee = top + along * (KNEE_SHARE * length)[:, None] + out * (thigh * q[:, BOW])[:, None]
        hem = top + along * length[:, None]
        half_knee, half_hem = (thigh * np.exp(q[:, k]) for k in (KNEE, HEM))
        waist = np.stack([hips * np.exp(p[:, WAIST]), np.zeros_like(hips)], 1)
        hip = np.stack([hips, crotch_y * np.exp(p[:, HIP_Y])], 1)
        across = out * half_knee[:, None], out * half_hem[:, None]
        outer = [waist, hip, top + out * thigh[:, None], knee + across[0], hem + across[1]]
        return np.stack([*outer, hem, hem - across[1], knee - across[0]], 1)

    def beyond(self, numbers: Array, _nodes: Array, points: Array) -> Array:
        """Legs that touch meet in the middle."""
        framed = unplaced(points, numbers)
        sign = np.where(np.arange(points.shape[1]) < 2 * PER_EDGE, -1.0, 1.0)
        return np.asarray(sign * framed[..., 0])

    def priors(self, numbers: Array) -> Array:
        """(batch, priors), in pixels."""
        p = numbers
        terms = costs(PRIORS, p)
        for at in (TRUNK, TRUNK + LEG):
            knee, hem = p[:, at + KNEE], p[:, at + HEM]
            terms += [
                2.0 * beyond_slack(knee + 0.2, 0.35),
                2.0 * beyond_slack(hem - knee + 0.1, 0.3),
            ]
            terms += [3.0 * np.maximum(p[:, at + SPLAY] - 0.35, 0), 3.0 * p[:, at + BOW]]
            if self.short:
                terms.append(0.7 * np.maximum(p[:, at + LONG] - 0.5, 0))
        even = p[:, TRUNK : TRUNK + LEG] - p[:, TRUNK + LEG :]
        terms += [
            3.0 * even[:, LONG],
            2.0 * even[:, SPLAY],
            1.5 * even[:, KNEE],
            1.5 * even[:, HEM],
        ]
        return np.stack(terms, 1)

    def polygons(self, nodes: Array) -> list[Array]:
        """Hips, then legs."""
        left, right, waist, crotch = nodes[:8], nodes[8:16], nodes[16], nodes[17:19]
        hips = np.stack(
            [left[0], left[1], left[2], crotch[0], crotch[1], right[2], right[1], right[0], waist]
        )
        legs = [
            np.concatenate([side[2:], crotch[i : i + 1]]) for i, side in ((0, left), (1, right))
        ]
        return [hips, *legs]


def starts(silhouette: Silhouette) -> Array:
    """From shorts to long trousers, straight and splayed."""
    left, top, right, bottom = silhouette.box
    height = bottom - top
    upper = silhouette.mask[
        top + int(0.05 * height) : top + max(int(0.28 * height), int(0.05 * height) + 1)
    ]
    wide = np.median(upper.sum(1))
    middle = float(np.nonzero(upper)[1].mean()) if upper.any() else 0.5 * (left + right)
    found = []
    for k in (1.0, 1.15):
        hips = max(6.0, 0.5 * k * float(wide))
        for share in (0.28, 0.38, 0.5, 0.62, 0.75):
            crotch = share * height
            length = max(height - crotch, 3.0)
            for splay in (0.02, 0.15, 0.3):
                head = [middle / UNIT_PX, (top + 1) / UNIT_PX, 0, np.log(hips), -0.15, -0.4]
                head += [np.log(crotch / hips), 0.02, 0.0]
                found.append(head + [np.log(length / hips), splay, -0.15, -0.25, 0.0] * 2)
    return np.array(found)[:, None]
