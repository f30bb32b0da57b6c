"""The arrays that every room of the engine passes around, by what they hold."""

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
"""x and y, in pixels."""
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
"""(height, width)."""
