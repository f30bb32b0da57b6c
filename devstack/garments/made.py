"""A garment before it is photographed: its panels and what is true of it, in cm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from devstack.garments.cloth import Fabric
from devstack.garments.curves import XY, Line, walked
from devstack.garments.panel import Panel
from devstack.garments.shape import Pose, ShoulderCut, UpperCut, points_of, sleeve_edges

GarmentFamily = Literal["upper", "legs", "skirt", "none"]


@dataclass(frozen=True, slots=True)
class GarmentWish:
    """What a caller asks for; None: as the seed decides."""

    cloth: Fabric | None = None
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """`points`: the named points of both sides, left first; `middle`: dip (upper), the hem's
    middle (skirt).
    """

    category: str
    panels: list[Panel]
    sizes_cm: dict[str, float]
    family: GarmentFamily = "none"
    points: tuple[Mapping[str, XY], Mapping[str, XY]] | None = None
    middle: XY = field(default_factory=lambda: np.zeros(2))
    sleeves_cm: tuple[float, float] = (0.0, 0.0)
    shoulders: ShoulderCut = "full"
    hang: tuple[float, float] = (0.0, 2.0)
    """Where a hanger's neck comes out: x, y; and its arms lie below the shoulders where `family`
    is upper.
    """

    def bounds(self) -> Line:
        """The lowest and the highest x and y of the panels."""
        low = np.min([panel.outline.min(0) for panel in self.panels], axis=0)
        high = np.max([panel.outline.max(0) for panel in self.panels], axis=0)
        return np.array([low, high])


def upper_made(category: str, panels: list[Panel], shape: UpperCut) -> Made:
    """With the truth of an upper garment that is cut like this."""
    left, right = points_of(shape, -1), points_of(shape, 1)
    sizes = {
        "chest_half_girth": 2 * shape.pit[0],
        "body_length": shape.hem[1] + shape.hem_drop,
        "shoulder_width": 2 * shape.tip[0],
        "neck_width": 2 * shape.neck,
        "hem_width": 2 * shape.hem[0],
        "waist_width": 2 * shape.waist[0],
        "armhole": float(np.hypot(shape.tip[0] - shape.pit[0], shape.tip[1] - shape.pit[1])),
    }
    lengths = (0.0, 0.0)
    if shape.sleeves:
        lengths = shape.sleeves[0].length, shape.sleeves[1].length
        outer, _ = sleeve_edges(shape, right, 1)
        sizes |= {
            "sleeve_length": float(walked(outer)[-1]),
            "cuff_width": 2 * shape.sleeves[1].half_cuff,
        }
    return Made(
        category,
        panels,
        sizes,
        "upper",
        (left, right),
        np.array([0.0, shape.dip]),
        lengths,
        shape.shoulders,
        (0.0, 1.0),
    )
