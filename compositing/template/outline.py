"""The outline of a cut-out at its own size: corners and sides near a template's points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.template.silhouette import Array, Floats

NEAR: Final = 0.45
"""How much a corner must stand out to be worth going far for it."""


@dataclass(frozen=True, slots=True)
class Outline:
    """`points`: (n, 2), in the cut-out's pixels. `down`: the garment's own, a unit vector."""

    points: Array
    down: Array

    @property
    def right(self) -> Array:
        """At right angles to `down`."""
        return np.array([self.down[1], -self.down[0]])

    def _within(self, p: Array, radius: float) -> Array:
        return self.points[np.hypot(*(self.points - p).T) < radius]

    def corner(self, p: Array, toward: Sequence[float], radius: float) -> Array:
        """What sticks out near p in a direction (right, down) of the garment; p where no outline is near."""
        near = self._within(p, radius)
        if not len(near):
            return p
        way = toward[0] * self.right + toward[1] * self.down
        off = near - p
        gain = off @ (way / np.hypot(*way)) / radius - NEAR * (off**2).sum(1) / radius**2
        return np.asarray(near[int(gain.argmax())])

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
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    chains = [one[:, 0].astype(np.float64) - 1 for one in found if len(one) > 24] or [np.zeros((0, 2))]
    return Outline(np.concatenate(chains), np.array([-np.sin(turn), np.cos(turn)]))
