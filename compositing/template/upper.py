"""Tops, shirts, jackets, dresses: the numbers of a flat garment, its outline, what is likely.

Numbers, x and y of the neck's middle apart, are shares of half the chest c, most as logarithms. In
the garment's frame the neck points lie at y = 0; x is mirrored for the left side.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compositing.template.body import Trunk
from compositing.template.frame import Prior, beyond_slack, costs, placed, unplaced
from compositing.template.search import PER_EDGE, Ints
from compositing.template.silhouette import Array

TURN, CHEST, NECK, TIP_X, TIP_Y, PIT_Y, WAIST, WAIST_Y, HIP, HEM, LENGTH = range(2, 13)
SAG, LEAN, RISE, HOLLOW, FLARE = range(13, 18)
TRUNK: Final = 18
LONG, ABOVE, BEND, CUFF = range(4)
"""Of a sleeve, behind: over the armhole; angle from hanging; the elbow's bend; over half of it."""
SLEEVE: Final = 4
WAIST_SHARE, WAIST_CHESTS = 0.5, 0.85
"""The waist lies half way from armpit to hem, of dresses this many half chests below the armpit."""
ACROSS: Final = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""Where the neckline has nodes, over half the neck's width."""
ALONG_HEM: Final = (-0.6, 0.0, 0.6)
FAR: Final = 1e3

SIDE_NODES: Final = ("neck", "tip", "hollow", "pit", "waist", "flare", "hip", "hem")
PER_SIDE: Final = len(SIDE_NODES)
HOLLOW_NODE: Final = SIDE_NODES.index("hollow")
NECKLINE: Final = 2 * PER_SIDE
BOTTOM: Final = NECKLINE + len(ACROSS)
ARMS: Final = BOTTOM + len(ALONG_HEM)
"""Where the nodes of neckline, hem and sleeves begin."""
SLEEVE_NODES: Final = ("elbow", "cuff", "elbow_outer", "elbow_inner", "cuff_outer", "cuff_inner")


TRUNK_PRIORS: Final = (
    Prior(TURN, 0, 0, 3.0),
    Prior(SAG, 0.03, 0.12, 3.0),
    Prior(LEAN, 0, 0.04, 2.0),
    Prior(WAIST_Y, 0, 0.1, 3.0),
)
SLEEVED_PRIORS: Final = (
    *TRUNK_PRIORS,
    Prior(NECK, -0.75, 0.35, 4.0),
    Prior(TIP_X, 0.03, 0.15, 6.0),
    Prior(TIP_Y, 0.23, 0.12, 6.0),
    Prior(PIT_Y, 0.22, 0.22, 6.0),
    Prior(RISE, -0.1, 0.3, 1.0),
)
BARE_PRIORS: Final = (
    *TRUNK_PRIORS,
    Prior(NECK, -0.6, 0.4, 3.0),
    Prior(TIP_X, -0.1, 0.3, 4.0),
    Prior(TIP_Y, 0.15, 0.15, 5.0),
    Prior(PIT_Y, 0.25, 0.35, 5.0),
    Prior(RISE, -0.25, 0.5, 2.0),
    Prior(HOLLOW, 0.08, 0.12, 4.0),
)


TRUNK_BOUNDS: Final = (
    (-9.0, 9.0), (-9.0, 9.0), (-0.5, 0.5), (1.2, 4.5), (-2.5, 0.1), (-1.5, 0.6), (-0.2, 0.9),
    (-1.8, 0.8), (-1.0, 1.2), (-0.5, 0.35), (-1.0, 1.5), (-1.0, 1.8), (-0.7, 2.6),
    (-1.0, 1.0), (-0.6, 0.6), (-1.6, 1.6), (-0.1, 0.5), (-0.2, 0.6),
)  # fmt: skip
SLEEVE_BOUNDS: Final = ((-1.4, 1.7), (-0.1, 1.9), (-1.3, 0.9), (-1.4, 0.9))
IN_TRUNK: Final = np.repeat([False] * 3 + [True] * 8 + [False] * 3, PER_EDGE)
"""Of the samples on inner edges, those on the trunk's sides."""


@dataclass(frozen=True, slots=True)
class UpperShape:
    """With or without sleeves.

    `flared`: a dress, whose hem may be wide. `long`: long sleeves are likely; `hooded`: a hood.
    """

    sleeved: bool
    flared: bool
    long: bool
    hooded: bool
    body: Trunk
    edges: Ints = field(init=False)
    inner: NDArray[np.bool_] = field(init=False)
    low: Array = field(init=False)
    high: Array = field(init=False)

    def __post_init__(self) -> None:
        edges, inner = outline_edges(sleeved=self.sleeved)
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "inner", inner)
        bounds = [*TRUNK_BOUNDS, *SLEEVE_BOUNDS * 2] if self.sleeved else [*TRUNK_BOUNDS]
        object.__setattr__(self, "low", np.array([one[0] for one in bounds]))
        object.__setattr__(self, "high", np.array([one[1] for one in bounds]))

    def trunk(self, p: Array) -> tuple[Array, Array]:
        """Of one side, in the garment's frame: x and y of SIDE_NODES (batch, 8)."""
        c = np.exp(p[:, CHEST])
        length, pit_y = c * np.exp(p[:, LENGTH]), c * np.exp(p[:, PIT_Y])
        tip_x, tip_y = c * np.exp(p[:, TIP_X]), c * p[:, TIP_Y]
        drop = np.maximum(length - pit_y, 0.05 * c)
        waist_y = pit_y + np.minimum(WAIST_SHARE * drop, WAIST_CHESTS * c) * np.exp(p[:, WAIST_Y])
        hem_y = pit_y + drop
        hollow_x = 0.5 * (tip_x + c) - c * p[:, HOLLOW]
        x = [c * np.exp(p[:, NECK]), tip_x, hollow_x, c]
        waist, hip, hem = (c * np.exp(p[:, number]) for number in (WAIST, HIP, HEM))
        x += [waist, (0.7 * waist + 0.3 * hip) * np.exp(p[:, FLARE]), hip, hem]
        y = [np.zeros_like(c), tip_y, tip_y + 0.6 * (pit_y - tip_y), pit_y]
        y += [waist_y, 0.85 * waist_y + 0.15 * hem_y, 0.5 * (waist_y + hem_y), hem_y]
        return np.stack(x, 1), np.stack(y, 1)

    def sleeve(self, p: Array, i: int, tip: Array, pit: Array) -> Array:
        """Of side i (0 left, 1 right), mirrored to the right, in the frame: (batch, 6, 2)."""
        q = p[:, TRUNK + SLEEVE * i : TRUNK + SLEEVE * (i + 1)]
        armhole = np.hypot(*(tip - pit).T)
        length, half_cuff = armhole * np.exp(q[:, LONG]), 0.5 * armhole * np.exp(q[:, CUFF])
        above, below = q[:, ABOVE], q[:, ABOVE] + q[:, BEND]
        upper = np.stack([np.sin(above), np.cos(above)], 1)
        lower = np.stack([np.sin(below), np.cos(below)], 1)
        half = (0.5 * length)[:, None]
        hole = 0.5 * (tip + pit)
        elbow = hole + upper * half
        cuff = elbow + lower * half
        across = np.stack([lower[:, 1], -lower[:, 0]], 1) * half_cuff[:, None]
        outer, inner = cuff + across, cuff - across
        middle = above + 0.5 * q[:, BEND]
        thick = (0.225 * armhole + 0.55 * half_cuff)[:, None]
        aside = np.stack([np.cos(middle), -np.sin(middle)], 1) * thick
        bent = elbow - 0.5 * (hole + cuff)
        long = np.clip((np.exp(q[:, LONG]) - 0.7) / 0.8, 0, 1)[:, None]
        elbow_outer = long * (elbow + aside) + (1 - long) * (0.5 * (tip + outer) + bent)
        elbow_inner = long * (elbow - aside) + (1 - long) * (0.5 * (pit + inner) + bent)
        found = [elbow, cuff, elbow_outer, elbow_inner, outer, inner]
        return np.stack(found, 1)

    def nodes(self, numbers: Array) -> Array:
        """(batch, nodes, 2): left side, right side, neckline, hem, then sleeves left and right."""
        p = numbers
        x, y = self.trunk(p)
        c = np.exp(p[:, CHEST])
        fall = y / np.maximum(y[:, -1:], 1e-6)
        lean = (c * p[:, LEAN])[:, None] * np.clip(fall, 0, 1)
        left, right = np.stack([lean - x, y], -1), np.stack([lean + x, y], -1)
        parts = [left, right, self._neckline(p, c), self._hem(p, c, left[:, -1], right[:, -1])]
        if self.sleeved:
            tip, pit = np.stack([x[:, 1], y[:, 1]], 1), np.stack([x[:, 3], y[:, 3]], 1)
            for i, s in ((0, -1.0), (1, 1.0)):
                part = self.sleeve(p, i, tip, pit) * np.array([s, 1.0])
                part[..., 0] += lean[:, 3:4]
                parts.append(part)
        return placed(np.concatenate(parts, 1), p)

    def _neckline(self, p: Array, c: Array) -> Array:
        u = np.array(ACROSS)
        height = (c * p[:, RISE])[:, None]
        curve = np.where(height > 0, 1 - u**4, 1 - u**2)
        half = (c * np.exp(p[:, NECK]))[:, None]
        return np.stack([half * u, -height * curve], -1)

    def _hem(self, p: Array, c: Array, left: Array, right: Array) -> Array:
        u = np.array(ALONG_HEM)[:, None]
        points = 0.5 * (left + right)[:, None] + 0.5 * u * (right - left)[:, None]
        points[..., 1] += (c * p[:, SAG])[:, None] * (1 - u[:, 0] ** 2)
        return np.asarray(points)

    def beyond(self, numbers: Array, nodes: Array, points: Array) -> Array:
        """How far samples of sleeves lie beside the trunk, of its sides below a sleeve."""
        framed = unplaced(points, numbers)
        x, y = self.trunk(numbers)
        lean = np.exp(numbers[:, CHEST]) * numbers[:, LEAN]
        down = framed[..., 1]
        aside = np.abs(framed[..., 0] - lean[:, None] * np.clip(down / y[:, -1:], 0, 1))
        out = np.full(down.shape, FAR)
        for k in range(SIDE_NODES.index("pit"), PER_SIDE - 1):
            above, below = y[:, k : k + 1], y[:, k + 1 : k + 2]
            share = (down - above) / np.maximum(below - above, 1e-6)
            wide = x[:, k : k + 1] + share * (x[:, k + 1 : k + 2] - x[:, k : k + 1])
            out = np.where((share >= 0) & (share <= 1), aside - wide, out)
        out = np.where(down < y[:, 3:4], aside - x[:, 3:4], out)
        cuffs = nodes[:, [ARMS + 5, ARMS + 11], 1].repeat(IN_TRUNK.size // 2, axis=1)
        return np.where(IN_TRUNK, np.maximum(points[..., 1] - cuffs, 0), out)

    def priors(self, numbers: Array) -> Array:
        """(batch, priors), in pixels."""
        p = numbers
        table = SLEEVED_PRIORS if self.sleeved else BARE_PRIORS
        terms = costs(table, p)
        waist, hip, hem = p[:, WAIST], p[:, HIP], p[:, HEM]
        likely, slack = (1.75, 0.45) if self.flared else (0.85, 0.45)
        terms.append(4.0 * beyond_slack(p[:, LENGTH] - likely, slack))
        terms.append((3.0 if self.flared else 6.0) * beyond_slack(waist - 0.5 * hem, 0.1))
        terms.append(4.0 * beyond_slack(hip - 0.5 * (waist + hem), 0.06))
        terms.append((2.0 if self.flared else 6.0) * beyond_slack(p[:, FLARE], 0.02))
        terms.append(2.5 * np.minimum(hem + 0.12, 0))
        if not self.flared:
            terms.append(4.4 * np.maximum(hem - 0.2, 0))
        terms.append(3.0 * np.maximum(p[:, RISE] - (1.0 if self.hooded else 0.3), 0))
        if self.body.parted and self.sleeved:
            half = np.log(self.body.half)
            terms += [
                5.0 * beyond_slack(p[:, CHEST] + p[:, k] - half, 0.12) for k in (WAIST, HIP, HEM)
            ]
        if self.sleeved:
            terms += self._sleeve_priors(p)
        return np.stack(terms, 1)

    def _sleeve_priors(self, p: Array) -> list[Array]:
        terms = []
        for at in (TRUNK, TRUNK + SLEEVE):
            long, above, bend, cuff = (p[:, at + k] for k in range(SLEEVE))
            stiff = np.where(long < 0.6, 2.5, 1.5)
            terms += [
                stiff * bend,
                2.5 * np.maximum(above - 1.4, 0),
                3.0 * np.minimum(above - 0.1, 0),
            ]
            terms += [2.0 * beyond_slack(cuff + 0.45, 0.4), 2.0 * np.maximum(long - 1.25, 0)]
            terms.append(2.5 * np.minimum(long + 0.9, 0))
            if self.long:
                terms.append(1.2 * np.minimum(long - 0.85, 0))
        even = p[:, TRUNK : TRUNK + SLEEVE] - p[:, TRUNK + SLEEVE :]
        terms += [
            3.0 * even[:, LONG],
            2.0 * even[:, ABOVE],
            1.5 * even[:, BEND],
            2.0 * even[:, CUFF],
        ]
        return terms

    def polygons(self, nodes: Array) -> list[Array]:
        """Trunk, then sleeves."""
        left, right = nodes[:PER_SIDE], nodes[PER_SIDE:NECKLINE]
        neckline, hem = nodes[NECKLINE:BOTTOM], nodes[BOTTOM:ARMS]
        side = [k for k in range(PER_SIDE) if k != HOLLOW_NODE or not self.sleeved]
        trunk = np.concatenate([left[side], hem, right[side][::-1], neckline[::-1]])
        if not self.sleeved:
            return [trunk]
        arms = []
        for i in (0, 1):
            _, _, elbow_outer, elbow_inner, cuff_outer, cuff_inner = arm_of(nodes, i)
            tip, pit = nodes[PER_SIDE * i + 1], nodes[PER_SIDE * i + 3]
            arms.append(np.stack([tip, elbow_outer, cuff_outer, cuff_inner, elbow_inner, pit]))
        return [trunk, *arms]


SLEEVED_SIDE: Final = (
    "neck",
    "tip",
    "elbow_outer",
    "cuff_outer",
    "cuff_inner",
    "elbow_inner",
    *SIDE_NODES[3:],
)
BARE_SIDE: Final = SIDE_NODES
INNER: Final = SLEEVED_SIDE[3:]
"""Edges between these may lie inside the silhouette, where a sleeve touches the trunk."""


def side_of(nodes: Array, i: int) -> Array:
    """Of one garment's nodes those of SIDE_NODES; i: 0 left, 1 right."""
    return nodes[PER_SIDE * i : PER_SIDE * (i + 1)]


def arm_of(nodes: Array, i: int) -> Array:
    """Of one garment's nodes those of SLEEVE_NODES; i: 0 left, 1 right."""
    return nodes[ARMS + 6 * i : ARMS + 6 * (i + 1)]


def outline_edges(*, sleeved: bool) -> tuple[Ints, NDArray[np.bool_]]:
    """Node pairs round the garment, the outside to their right hand, and which are inner."""
    names = SLEEVED_SIDE if sleeved else BARE_SIDE
    chain, inner = [], []
    for i in (0, 1):
        index = {name: PER_SIDE * i + k for k, name in enumerate(SIDE_NODES)}
        index |= {name: ARMS + 6 * i + k for k, name in enumerate(SLEEVE_NODES)}
        chain.append([index[name] for name in names])
        inner.append([sleeved and {one, two} <= set(INNER) for one, two in pairwise(names)])
    hem, neckline = range(BOTTOM, ARMS), range(NECKLINE, BOTTOM)
    order = [*chain[0], *hem, *reversed(chain[1]), *reversed(neckline), chain[0][0]]
    inside = [*inner[0], *[False] * 4, *reversed(inner[1]), *[False] * 6]
    return np.array(list(pairwise(order)), np.intp), np.array(inside)
