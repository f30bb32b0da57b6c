"""Where placed pieces come to lie: triangle by triangle, slowly and plainly."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.cutout import Cutout
from compositing.small.placed import Placed

Floats = NDArray[np.float32]


def photo_map(placed: Placed, size: tuple[int, int]) -> Floats:
    """Per pixel of a look of `size` (height, width), the point of the photo that is seen there; far
    outside: -1e6.
    """
    found = np.full((*size, 2), -1e6, np.float32)
    rows, columns = placed.look.shape[:2]
    for row in range(rows - 1):
        for column in range(columns - 1):
            corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            for three in ((0, 1, 2), (0, 2, 3)):
                at = [corners[index] for index in three]
                _triangle(
                    found,
                    np.array([placed.look[one] for one in at]),
                    np.array([placed.photo[one] for one in at]),
                )
    return found


def _triangle(found: Floats, look: NDArray[np.float64], photo: NDArray[np.float64]) -> None:
    x0, y0 = np.maximum(np.floor(look.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(look.max(0)).astype(int) + 1, found.shape[1::-1])
    sides = np.column_stack([look[1] - look[0], look[2] - look[0]])
    if x1 <= x0 or y1 <= y0 or abs(np.linalg.det(sides)) < 1e-9:
        return
    y, x = np.mgrid[y0:y1, x0:x1]
    share = np.stack([x - look[0, 0], y - look[0, 1]], -1) @ np.linalg.inv(sides).T
    inside = (share >= -1e-4).all(-1) & (share.sum(-1) <= 1 + 1e-4)
    points = (
        photo[0] + share[..., :1] * (photo[1] - photo[0]) + share[..., 1:] * (photo[2] - photo[0])
    )
    found[y0:y1, x0:x1][inside] = points[inside]


def cover(placed: list[Placed], cutout: Cutout, size: tuple[int, int]) -> Floats:
    """The alpha of all pieces together."""
    whole = np.zeros(size, np.float32)
    for one in placed:
        alpha = cutout.alpha * (np.clip(one.share, 0, 1) if one.share is not None else 1)
        at = photo_map(one, size)
        own = cv2.remap(
            alpha.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderValue=0
        )
        whole = whole + own * (1 - whole)
    return np.asarray(whole, np.float32)
