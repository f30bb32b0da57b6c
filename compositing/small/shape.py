"""Whether an outline is that of one shoe."""

import cv2
import numpy as np

from compositing.arrays import Mask
from compositing.small.frames import frame

ROUGH, HOLLOW, STOUT = (1.10, 1.6), (0.90, 0.8), (1.6, 0.5)
"""Of the outline's length over its hull's, of the share of the hull that it fills, and of the
shape's length over its width: from where on it is unlike a shoe's, and what a whole unit costs.
"""


def unlike_a_shoe(mask: Mask) -> float:
    """0 for the outline of one shoe; more, up to 1, for a torn one, a pair or what is no shoe.

    The measures and their weights follow 80 photos that were looked at (`docs/engine.md`).
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not found:
        return 1.0
    outline = max(found, key=cv2.contourArea)
    hull = cv2.convexHull(outline)
    rough = cv2.arcLength(outline, True) / max(cv2.arcLength(hull, True), 1.0)
    filled = cv2.contourArea(outline) / max(cv2.contourArea(hull), 1.0)
    own = frame(mask)
    long = own.length / own.width
    cost = (
        ROUGH[1] * max(0.0, rough - ROUGH[0])
        + HOLLOW[1] * max(0.0, HOLLOW[0] - filled)
        + STOUT[1] * max(0.0, STOUT[0] - long)
    )
    return float(min(cost, 1.0))
