"""The axes of a shape."""

from dataclasses import dataclass

import numpy as np

from compositing.arrays import Mask
from compositing.small.placed import Points


@dataclass(frozen=True, slots=True)
class Frame:
    """The long axis of a shape. `along`: unit vector; `across` is a quarter turn from it. Lengths
    in pixels.
    """

    centre: Points
    along: Points
    across: Points
    length: float
    width: float


def frame(mask: Mask, along: Points | None = None) -> Frame:
    """By the second moments of the area, or along what is given; length and width are those of the
    outline along it.
    """
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]).astype(np.float64)
    centre = points.mean(0)
    if along is None:
        _, axes = np.linalg.eigh(np.cov((points - centre).T) + 1e-6 * np.eye(2))
        along = np.asarray(axes[:, 1] if axes[1, 1] >= 0 else -axes[:, 1])
    across = np.array([-along[1], along[0]])
    length, width = (float(np.ptp((points - centre) @ axis)) + 1 for axis in (along, across))
    return Frame(centre, along, across, length, width)
