"""The outline of a cut-out at its own size: corners and sides near a template's points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.template.silhouette import Array

FACING: Final = 0.15
"""An outline that faces another way than this (cosine) is no corner of that way."""
PIT_ASIDE, PIT_BELOW, PIT_FACING = 0.28, (-0.35, 0.8), 0.3
"""Where an armpit's background is looked for, over half the chest; how much it must face down."""
PIT_LEVEL, PIT_SLEEVE = 0.02, 0.12
"""Beside an armpit, so level with it, a sleeve's edge lies so far out, at least: what the outline's
own notches show is none."""
SMOOTH: Final = 4
NEAR: Final = 0.45
"""How much a corner must stand out to be worth going far for it."""


@dataclass(frozen=True, slots=True)
class Outline:
    """`points`: (n, 2), in the cut-out's pixels, edge after edge, each all the way round. `facing`:
    unit vectors outwards there. `ends`: where each edge ends among the points.

    `down`: the garment's own, a unit vector.
    """

    points: Array
    facing: Array
    down: Array
    ends: tuple[int, ...]

    @property
    def right(self) -> Array:
        """At right angles to `down`."""
        return np.array([self.down[1], -self.down[0]])

    def corner(
        self,
        p: Array,
        toward: Sequence[float],
        radius: float,
        *,
        hollow: bool = False,
        stay: float = NEAR,
    ) -> Array:
        """What sticks out near p in a direction (right, down) of the garment; else p.

        `hollow`: what sticks out is the background. `stay`: what going far costs.
        """
        way = toward[0] * self.right + toward[1] * self.down
        way = way / np.hypot(*way)
        off = self.points - p
        faces = self.facing @ way * (-1 if hollow else 1)
        near = (np.hypot(*off.T) < radius) & (faces > FACING)
        if not near.any():
            return p
        off = off[near]
        gain = np.asarray(off @ way / radius) - stay * (off**2).sum(1) / radius**2
        return np.asarray(self.points[near][int(gain.argmax())])

    def apex(self, pit: Array, s: int, chest: float) -> Array:
        """The top of the background between a sleeve and the body; `pit` where none shows."""
        off = (self.points - pit) / chest
        aside, below = s * (off @ self.right), off @ self.down
        low, high = PIT_BELOW
        near = (np.abs(aside) < PIT_ASIDE) & (below > low) & (below < high)
        near &= self.facing @ self.down > PIT_FACING
        near[near] = self._before_cloth(aside, below, near)
        if not near.any():
            return pit
        return np.asarray(self.points[near][int((-below - 1.3 * aside)[near].argmax())])

    def _before_cloth(self, aside: Array, below: Array, near: Mask) -> Mask:
        """Of points, whether cloth's edge lies well outside them, level with them: a sleeve's."""
        level = np.abs(below[None] - below[near][:, None]) < PIT_LEVEL
        outermost = np.where(level, aside[None], -np.inf).max(1)
        return np.asarray(outermost - aside[near] > PIT_SLEEVE)

    def _within(self, p: Array, radius: float) -> Array:
        return np.asarray(self.points[np.hypot(*(self.points - p).T) < radius])

    def way(self, first: Array, last: Array, radius: float) -> Array:
        """Along the outline from near one point to near another, the shorter way round: (n, 2);
        none where they lie not so near to one edge.
        """
        edges = np.split(self.points, self.ends[:-1])
        both = np.stack([first, last])
        off = [np.hypot(*(one[:, None] - both).T) for one in edges]
        far = [float(one.min(1).max()) if one.size else np.inf for one in off]
        k = int(np.argmin(far))
        if far[k] > radius:
            return np.zeros((0, 2))
        start, end = off[k].argmin(1)
        count = len(edges[k])
        ahead, back = (end - start) % count, (start - end) % count
        steps = np.arange(ahead + 1) if ahead <= back else -np.arange(back + 1)
        return np.asarray(edges[k][(start + steps) % count])

    def nearest(self, p: Array, radius: float) -> Array:
        """The nearest point of the outline; p where none is near."""
        near = self._within(p, radius)
        return np.asarray(near[int(((near - p) ** 2).sum(1).argmin())]) if len(near) else p

    def beside(self, p: Array, radius: float) -> Array:
        """The outline at p's height in the garment's frame; p where none is near."""
        near = self._within(p, radius)
        if not len(near):
            return p
        off = near - p
        cost = np.abs(off @ self.right) + 4 * np.abs(off @ self.down)
        k = int(cost.argmin())
        return np.asarray(near[k]) if abs(off[k] @ self.down) < 0.25 * radius else p


def outline_of(alpha: Floats, turn: float) -> Outline:
    """Of all edges of the cut-out that are long enough; `turn`: the garment's, in radians."""
    mask = np.pad((np.nan_to_num(alpha) > 0.5).astype(np.uint8), 1)
    found, inside = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    chains, outwards = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for one, (_, _, _, parent) in zip(found, inside[0] if len(found) else (), strict=True):
        chain = one[:, 0].astype(np.float64) - 1
        if len(chain) > 24:
            along = np.roll(chain, -SMOOTH, 0) - np.roll(chain, SMOOTH, 0)
            way = -1.0 if (cv2.contourArea(one, oriented=True) > 0) == (parent < 0) else 1.0
            chains.append(chain)
            outwards.append(
                way
                * np.stack([-along[:, 1], along[:, 0]], 1)
                / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
            )
    down = np.array([-np.sin(turn), np.cos(turn)])
    ends = tuple(int(one) for one in np.cumsum([len(chain) for chain in chains]))
    return Outline(np.concatenate(chains), np.concatenate(outwards), down, ends)
