"""The front neckline of a flat photo. What lies above it is the inside of the back: behind the
neck, not before it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.charts.foreign import plain_inside, without_label
from compositing.charts.lines import Mask, Numbers
from compositing.charts.neck_curve import curve
from compositing.charts.neck_leaves import leaves
from compositing.charts.neck_view import REACH_PX, View, view
from compositing.cut.background import Floats
from compositing.template.neckline import LIKELY
from schemas.categories import GarmentCategory as G

COLLARED = frozenset({G.SHIRT, G.POLO, G.JACKET, G.BLAZER, G.COAT})
OPEN_FRONTS = frozenset({G.CARDIGAN, G.VEST})
"""Their necklines may be as deep as the template has them."""
HOOD = 2.5
"""A hood reaches no farther to each side."""
STANDS_AT, STANDS, STANDING, STANDING_LEAST = 0.72, 0.3, 0.4, 0.35
"""Cloth beside the middle that rises so much above the neck points, over half the neck's width, is
a collar that stands; its front is so much lower, and at least such a share of its height stands."""
LEAST_PX = 8.0
"""A narrower neck is none."""


@dataclass(frozen=True, slots=True)
class Neckline:
    """`inside`: how much of each pixel is the back's inside (0..1, the cut-out's size); `rgb`: the
    photo with a plain inside where a hanger or the wall shows; `sure`: how clearly an edge of the
    photo shows the line, 0..1."""

    rgb: NDArray[np.uint8]
    inside: Floats
    sure: float


def neckline(
    rgb: NDArray[np.uint8],
    mask: Mask,
    points: tuple[Numbers, Numbers, Numbers],
    category: G,
    *,
    hooded: bool,
) -> Neckline | None:
    """None where the neck's width is nothing. `hooded`: a hood lies above it.

    `points`: the neck's left and right, and where the neckline's lowest point is thought to be, in
    px of `rgb`.
    """
    left, right, dip = points
    if float(np.linalg.norm(right - left)) < LEAST_PX:
        return None
    collared = (category in COLLARED or category in OPEN_FRONTS) and not hooded
    colours = view(rgb, mask, left, right, collared=False)
    seen = view(rgb, mask, left, right, collared=True) if collared else colours
    if not collared:
        seen = without_label(seen)
    if hooded:
        seen = replace(seen, rim=np.maximum(seen.rim, 0))
    thought = float(seen.here(dip)[1]) / REACH_PX
    if collared:
        deep = thought if category in OPEN_FRONTS else 0.0
        line, score, believed = leaves(seen, deep)
    else:
        rise = -float(seen.rim_at(np.array([-STANDS_AT, STANDS_AT]) * REACH_PX).mean()) / REACH_PX
        if rise > STANDS:
            line, score, believed = curve(seen, STANDING, STANDING, -STANDING_LEAST * rise)
        else:
            line, score, believed = curve(seen, thought, LIKELY)
    sure = float(np.clip(score, 0, 1)) if believed else 0.0
    inside = _above(seen, line, mask, wide=HOOD if hooded else 0.0)
    return Neckline(plain_inside(rgb, colours, inside), inside, sure)


def _above(seen: View, line: Numbers, mask: Mask, *, wide: float) -> Floats:
    """What of the mask lies above the line, softly, at the mask's size; `wide`: also above the neck
    points so far to each side."""
    high = np.array([0.0, -9 * REACH_PX])
    frame = [line[-1:] + high, line[:1] + high]
    if wide:
        at = wide * REACH_PX * np.array([[1.0, 0.0]])
        frame = [at, at + high, high - at, -at]
    placed = seen.back(np.concatenate([line, *frame]))
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(placed * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(cv2.blur(drawn.astype(np.float32) / 255, (3, 3)), np.float32)
