"""Where in a photo a garment surely is."""

import numpy as np

from compositing.arrays import Mask
from compositing.cut.opinion import ExpectedShape


def middle(size: tuple[int, ...], *, shape: ExpectedShape) -> Mask:
    """Where a garment surely is: an ellipse; of trousers above the crotch; of a pair of shoes left
    and right."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    y, x = rows / size[0] * 2 - 1, columns / size[1] * 2 - 1
    match shape:
        case "legs":
            return np.asarray((np.abs(x) < 0.3) & (y > -0.72) & (y < -0.2))
        case "pair":
            return np.asarray(((np.abs(x) - 0.42) / 0.2) ** 2 + (y / 0.4) ** 2 < 1)
        case "body" | "ring":
            return np.asarray((x / 0.34) ** 2 + (y / 0.5) ** 2 < 1)
