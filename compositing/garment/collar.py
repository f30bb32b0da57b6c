"""The inside of a garment's back, which a flat photo shows above the front neckline: behind the neck, not before it.

The front neckline is looked for as the strongest closed edge around the neck opening: a shortest path in polar
coordinates, by dynamic programming.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask
from compositing.garment.silhouette import smooth
from compositing.garment.upper import UpperLandmarks

ANGLES, RADII = 64, 56
NEAREST, FARTHEST = 0.22, 1.9
"""How far from the middle of the neck's opening the front neckline may be, in halves of its width."""
OPEN, UNEVEN = 0.4, 0.16
"""A neckline that dips deeper than this shows no back; one whose halves differ by more than this is none."""
ENDS = 0.3
"""At the neck points it must be as far out as they are, give or take this."""
SIDEWAYS = 0.35
"""Cost of a step of one radius from angle to angle."""
PLENTY, NEARER = 7.0, 0.14
"""Edges stronger than this are equally good; then the nearer one is taken: a collar's upper rim, not its seam."""
STRONG, HELD, APART = 3.5, 0.8, 6.0
"""A neckline is believed when its edge is stronger than this along this share, and both sides differ by so much (dE)."""


def inner_back(colours: Floats, mask: Mask, found: UpperLandmarks) -> Mask | None:
    """What of the silhouette is the back's inside; None where no neckline can be told.

    `colours`: CIE L*a*b* at the size of `mask`.
    """
    centre = (found.neck[-1] + found.neck[1]) / 2
    reach = float(np.linalg.norm(found.neck[1] - found.neck[-1])) / 2
    if reach < 10 or found.off_shoulder:
        return None
    column = mask[:, int(np.clip(round(centre[0]), 0, mask.shape[1] - 1))]
    if not column.any() or column.argmax() - centre[1] > OPEN * reach:
        return None  # the neckline is the outline: nothing of the back shows
    angles = np.linspace(np.pi, 0, ANGLES)  # from the neck point on the left, downwards, to the right
    tilt = float(np.arctan2(*(found.neck[1] - found.neck[-1])[::-1]))
    radii = np.linspace(NEAREST, FARTHEST, RADII) * reach
    xs = (centre[0] + np.cos(angles - tilt)[:, None] * radii).astype(np.float32)
    ys = (centre[1] + np.sin(angles - tilt)[:, None] * radii).astype(np.float32)
    soft = cv2.GaussianBlur(colours, (0, 0), 1.0)
    seen = np.asarray(cv2.remap(soft, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    cloth = cv2.remap(mask.astype(np.float32), xs, ys, cv2.INTER_LINEAR) > 0.5
    edge = np.zeros((ANGLES, RADII), np.float32)
    edge[:, 2:-2] = np.linalg.norm(seen[:, 4:] - seen[:, :-4], axis=-1)
    edge[:, 2:-2][~(cloth[:, 4:] & cloth[:, :-4])] = 0  # the outline itself is no neckline
    at = _path(edge, radii / reach)
    path = edge[np.arange(ANGLES), at]
    inner = slice(ANGLES // 8, -ANGLES // 8)
    if float((path[inner] > STRONG).mean()) < HELD or _difference(seen, cloth, at)[inner].mean() < APART:
        return None
    if float(np.abs(radii[at] - radii[at[::-1]]).mean()) > UNEVEN * reach:
        return None
    even = np.linspace(np.pi, 0, 3 * ANGLES) - tilt
    radius = np.interp(np.linspace(0, 1, 3 * ANGLES), np.linspace(0, 1, ANGLES), smooth(radii[at].astype(np.float32), 1.8))
    opening = np.column_stack([centre[0] + np.cos(even) * radius, centre[1] + np.sin(even) * radius])
    above = np.array([[centre[0] + reach * 1.2, -10], [centre[0] - reach * 1.2, -10]])
    shape = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(shape, [np.concatenate([opening, above]).astype(np.int32)], 1)
    back = (shape > 0) & mask
    return back if back.sum() > 0.001 * mask.sum() else None


def _path(edge: Floats, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Per angle the index of the radius, from neck point to neck point along the strongest edge."""
    cost = 1 / (0.4 + np.minimum(edge, PLENTY)) + NEARER * shares[None]
    ends = np.abs(shares - 1) > ENDS
    cost[0, ends] = cost[-1, ends] = 1e3
    total, back = cost[0].copy(), np.zeros(edge.shape, np.int64)
    for row in range(1, len(edge)):
        padded = np.pad(total, 2, constant_values=np.inf)
        choices = np.stack(
            [padded[2 + step : len(total) + 2 + step] + SIDEWAYS * abs(step) * 0.2 for step in (-2, -1, 0, 1, 2)]
        )
        pick = choices.argmin(0)
        back[row], total = pick - 2, choices[pick, np.arange(len(total))] + cost[row]
    at = np.zeros(len(edge), np.int64)
    at[-1] = int(total.argmin())
    for row in range(len(edge) - 1, 0, -1):
        at[row - 1] = at[row] + back[row, at[row]]
    return at


def _difference(seen: Floats, cloth: Mask, at: NDArray[np.int64]) -> Floats:
    """How much the colours right inside and right outside the path differ, per angle."""
    each = np.arange(len(at))
    inside, outside = np.clip(at - 4, 0, None), np.clip(at + 4, None, seen.shape[1] - 1)
    both = cloth[each, inside] & cloth[each, outside]
    return np.asarray(np.where(both, np.linalg.norm(seen[each, inside] - seen[each, outside], axis=-1), 0), np.float32)
