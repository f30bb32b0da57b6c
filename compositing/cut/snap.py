"""A faint outline moved to the edge that it belongs to.

White on white is found by what little differs: noise of the JPEG round prints, and a soft shadow,
differ as much, and the outline runs some way outside the garment, in bumps. The garment's own edge
is the first one that is met from outside; the path along all of them is found at once, so that
where there is none the outline goes on from its neighbours.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.flood import gradient
from compositing.cut.matte import signed_distance

IN_SHARE, OUT_SHARE = 0.034, 0.012
"""How far the outline may move inwards and outwards, in shares of the garment's longer side."""
EVEN_PX: Final = 3.0
"""Normals are those of an outline that is smoothed over so much."""
NOISE_PERCENTILE: Final = 95
LEAST_EDGE: Final = 1.0
"""In CIE L*a*b* per pixel: less is noise on any background. Round what is printed, a JPEG's noise
is stronger than on the background."""
CLEAR: Final = 2.5
"""An edge so many times stronger than noise is sure."""
CROSSED, STEP, STAY = 0.7, 0.6, 0.05
"""Per point of the outline: what it costs to leave a sure edge outside, to move by a pixel against
the neighbour, and by a pixel from where it was."""
SMOOTH_PX: Final = 2.0
SHORTEST_PX: Final = 60


def support(colours: Floats, mask: Mask) -> float:
    """The share of the outline, 0..1, that lies on an edge of the photo."""
    shell = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    shell[[0, -1]] = shell[:, [0, -1]] = 0
    strongest = cv2.dilate(gradient(colours), np.ones((3, 3), np.uint8))[shell > 0]
    return float(np.minimum(strongest / (LEAST_EDGE * CLEAR), 1).mean()) if len(strongest) else 0.0


def snapped(colours: Floats, mask: Mask) -> Mask:
    """`colours`: CIE L*a*b*, of the mask's size. Holes stay as they are."""
    clear = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)) == 0
    if clear.mean() < 0.02:
        return mask
    edge = gradient(colours)
    noise = max(float(np.percentile(edge[clear], NOISE_PERCENTILE)), LEAST_EDGE)
    sure = np.clip((edge - noise) / ((CLEAR - 1) * noise), 0, 1).astype(np.float32)
    away = cv2.GaussianBlur(signed_distance(mask), (0, 0), EVEN_PX)
    slope = np.dstack([cv2.Sobel(away, cv2.CV_32F, 1, 0), cv2.Sobel(away, cv2.CV_32F, 0, 1)])
    steep = np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-6)
    normals = np.asarray(-slope / steep, np.float32)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    side = float(max(np.ptp(rows), np.ptp(columns)) + 1)
    offsets = np.arange(-round(IN_SHARE * side), round(OUT_SHARE * side) + 1)
    moved = np.zeros(mask.shape, np.uint8)
    whole = np.zeros(mask.shape, np.uint8)
    for outline in outlines:
        points = outline[:, 0].astype(np.float32)
        cv2.drawContours(whole, [outline], -1, 1, -1)
        if len(points) >= SHORTEST_PX:
            points = _moved(points, normals, sure, offsets)
        cv2.fillPoly(moved, [np.round(points).astype(np.int32)], 1)
    holes = (whole > 0) & ~mask
    return np.asarray((moved > 0) & ~holes)


def _moved(points: Floats, normals: Floats, sure: Floats, offsets: NDArray[np.int64]) -> Floats:
    """The points of one outline on their edge."""
    x, y = points.astype(int).T
    along = normals[y, x]
    places = points[:, None] + offsets[:, None] * along[:, None]
    there = cv2.remap(
        sure,
        np.ascontiguousarray(places[..., 0], np.float32),
        np.ascontiguousarray(places[..., 1], np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    peak = there == cv2.dilate(there, np.ones((1, 3), np.uint8))
    ridge = np.where(peak, there, 0)
    beyond = np.cumsum(ridge[:, ::-1], axis=1)[:, ::-1]
    crossed = np.zeros_like(there)
    crossed[:, :-2] = beyond[:, 2:]
    cost = 1 - there + CROSSED * np.minimum(crossed, 2) + STAY * np.abs(offsets)
    chosen = _path(cost.astype(np.float32))
    found = np.asarray(points + offsets[chosen][:, None] * along, np.float32)
    return _even(found)


def _even(points: Floats) -> Floats:
    """Round a closed line, without steps."""
    pad = round(3 * SMOOTH_PX)
    ring = np.concatenate([points[-pad:], points, points[:pad]])
    return np.asarray(cv2.GaussianBlur(ring, (1, 2 * pad + 1), 0, sigmaY=SMOOTH_PX)[pad:-pad])


def _path(cost: Floats) -> NDArray[np.int64]:
    """The cheapest way round: of each row a column, next to the row's before."""
    count, width = cost.shape
    twice = np.concatenate([cost, cost])
    total = twice[0].copy()
    came = np.zeros((len(twice), width), np.int8)
    padded = np.full(width + 2, np.inf, np.float32)
    for row in range(1, len(twice)):
        padded[1:-1] = total
        ways = np.stack([padded[:-2] + STEP, padded[1:-1], padded[2:] + STEP])
        best = ways.argmin(0)
        came[row] = best - 1
        total = ways[best, np.arange(width)] + twice[row]
    chosen = np.zeros(len(twice), np.int64)
    chosen[-1] = int(total.argmin())
    for row in range(len(twice) - 1, 0, -1):
        chosen[row - 1] = chosen[row] + came[row, chosen[row]]
    half = count // 2
    return np.concatenate([chosen[count : count + half], chosen[half:count]])
