"""What all flat garments share: a frame of their own, turned and moved, and priors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from compositing.template.silhouette import Array

UNIT_PX: Final = 32.0
X, Y, TURN = range(3)
"""The first numbers of every shape: its frame's origin, in UNIT_PX, and turn, in radians."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A number is likely within `slack` of `middle`; beyond, it costs `weight` pixels a unit."""

    number: int
    middle: float
    slack: float
    weight: float

    def cost(self, numbers: Array) -> Array:
        """Of each row of numbers, signed."""
        return self.weight * beyond_slack(numbers[:, self.number] - self.middle, self.slack)


def costs(priors: Sequence[Prior], numbers: Array) -> list[Array]:
    """Of all of them."""
    return [one.cost(numbers) for one in priors]


def beyond_slack(value: Array, slack: float) -> Array:
    """What of a deviation exceeds the slack, with its sign."""
    return np.asarray(value - np.clip(value, -slack, slack))


def placed(points: Array, p: Array) -> Array:
    """From the garment's frame to the picture: turned, then moved."""
    cos, sin = np.cos(p[:, TURN])[:, None], np.sin(p[:, TURN])[:, None]
    x, y = points[..., 0], points[..., 1]
    moved = [
        cos * x - sin * y + UNIT_PX * p[:, X : X + 1],
        sin * x + cos * y + UNIT_PX * p[:, Y : Y + 1],
    ]
    return np.stack(moved, -1)


def unplaced(points: Array, p: Array) -> Array:
    """From the picture to the garment's frame."""
    cos, sin = np.cos(p[:, TURN])[:, None], np.sin(p[:, TURN])[:, None]
    x, y = points[..., 0] - UNIT_PX * p[:, X : X + 1], points[..., 1] - UNIT_PX * p[:, Y : Y + 1]
    return np.stack([cos * x + sin * y, cos * y - sin * x], -1)
