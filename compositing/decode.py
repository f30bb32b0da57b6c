"""Photos as pixels: upright, in sRGB."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compositing.reading import read

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Photo:
    """`rgb`: (height, width, 3) sRGB bytes. `alpha`: (height, width) bytes, None where the file had
    none."""

    rgb: Pixels
    alpha: Pixels | None


def decode(data: bytes, max_side_px: int) -> Photo:
    """The first frame of a picture, scaled down to `max_side_px`. Raises GarmentError; never
    decodes what is too large."""
    picture = read(data, max_side_px)
    alpha = picture.alpha
    return Photo(
        np.asarray(picture.colours, np.uint8),
        np.asarray(alpha, np.uint8) if alpha is not None else None,
    )
