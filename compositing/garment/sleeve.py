"""A sleeve on a silhouette: the part beyond the armhole, and its ribs from the shoulder to the cuff."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask
from compositing.garment.silhouette import Contour, Point, length, outline, resampled, run_around, top

RIBS = 15
SAMPLES = 72
MIN_AREA = 0.012
GOING_ON = 0.35
MIN_REACH = 0.16
"""What sticks out by less than this share of the armhole's length is no sleeve but a wide shoulder."""
ARMPIT_TURN = 0.9
"""A wide sleeve's cuff may reach to the armpit, which counts as a corner of this many radians."""
NARROWEST = 0.34
"""Of a cuff, in lengths of the armhole; narrower ones are less likely."""
PRIOR_DEPTH = 0.5
BODY_SHARE = 0.64
"""Where nothing parts them, the body takes this share of the width of body and sleeves."""


@dataclass(frozen=True, slots=True)
class Sleeve:
    """Ribs from the armhole (first) to the cuff (last). `region`: where on the silhouette it is."""

    outer: Contour  # (RIBS, 2): from the shoulder's tip along the upper edge
    inner: Contour  # (RIBS, 2): from the armpit along the lower edge
    region: Mask

    @property
    def length_px(self) -> float:
        """The mean of both edges."""
        return (length(self.outer) + length(self.inner)) / 2


def find_sleeve(  # noqa: PLR0913 (what a sleeve is found by)
    mask: Mask, tip: Point, armpit: Point, side: int, edge: Floats, floor_y: float
) -> Sleeve | None:
    """The sleeve beyond the line from the shoulder's tip to the armpit, above `floor_y`; None where too little sticks out."""
    region = _region(mask, tip, armpit, side, edge, floor_y)
    if region is None:
        return None
    path = _around(region, tip, armpit)
    if path is None:
        return None
    reach = _cut_distance(path, tip, armpit)
    if reach.max() < MIN_REACH * float(np.linalg.norm(armpit - tip)):
        return None
    away = np.linalg.norm(path - (tip + armpit) / 2, axis=1)
    first, second = _cuff(path, away, float(np.linalg.norm(armpit - tip)))
    outer, inner = path[: first + 1], path[min(second, len(path) - 3) :][::-1]
    outer[0], inner[0] = tip, armpit
    return Sleeve(_ribs(outer), _ribs(inner), region)


def _ribs(path: Contour) -> Contour:
    """The path's even points, without the outline's small notches; its ends stay."""
    even = resampled(path, 4 * RIBS)
    for _ in range(6):
        even[1:-1] = (even[:-2] + 2 * even[1:-1] + even[2:]) / 4
    return resampled(even, RIBS)


def _cut_distance(points: NDArray[np.float64], tip: Point, armpit: Point) -> NDArray[np.float64]:
    along = armpit - tip
    normal = np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-9)
    return np.asarray(np.abs((points - tip) @ normal))


def _region(  # noqa: PLR0913 (as above)
    mask: Mask, tip: Point, armpit: Point, side: int, edge: Floats, floor_y: float
) -> Mask | None:
    height, width = mask.shape
    rows, columns = np.mgrid[0:height, 0:width]
    along = armpit - tip
    normal = np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-9)
    normal *= np.sign(normal[0] * side) or 1.0
    outside = (columns - tip[0]) * normal[0] + (rows - tip[1]) * normal[1] > 0
    seam = _seam(mask, edge, armpit, side)
    above = outside & ((columns - tip[0]) * side > -0.02 * width)
    beyond = mask & np.where(rows > armpit[1], (columns - seam[:, None]) * side > 0, above) & (rows <= floor_y)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(beyond.astype(np.uint8), connectivity=4)
    if count <= 1:
        return None
    region = np.asarray(pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))
    if region.sum() < MIN_AREA * mask.sum() or _goes_on(region, mask, floor_y):
        return None
    return region


def _goes_on(region: Mask, mask: Mask, floor_y: float) -> bool:
    """Whether the region only ends because it was cut at `floor_y`: a flared side, which has no free end."""
    row = int(floor_y)
    if row + 1 >= mask.shape[0]:
        return False
    widths = region.sum(1)
    usual = float(np.median(widths[widths > 0]))
    return bool((region[row] & mask[row + 1]).sum() > GOING_ON * usual)


def _seam(mask: Mask, edge: Floats, armpit: Point, side: int) -> NDArray[np.float64]:
    """Per row below the armpit, the column between body and sleeve: through the gap, or along the strongest edge.

    A shortest path downwards by dynamic programming; background is free, cloth costs less on an edge.
    """
    height, width = mask.shape
    seam = np.full(height, armpit[0])
    first = int(armpit[1])
    reach = max(6, int(0.09 * width))
    offsets = np.arange(-reach, reach + 1)
    columns = np.clip(int(armpit[0]) + offsets, 0, width - 1)
    strip, cloth = edge[first:, columns], mask[first:, columns]
    if not len(strip):
        return seam
    cost = np.where(cloth, 0.4 + 1 / (0.25 + strip), 0.0) + 0.001 * np.abs(offsets)
    back = np.zeros(cost.shape, np.int8)
    total = np.full(len(offsets) + 2, np.inf)
    total[1:-1] = cost[0] + 0.5 * np.abs(offsets)
    for row in range(1, len(cost)):
        left, straight, right = total[:-2] + 0.02, total[1:-1], total[2:] + 0.02
        best = np.minimum(np.minimum(left, right), straight)
        back[row] = np.where(best == straight, 0, np.where(best == left, -1, 1))
        total[1:-1] = best + cost[row]
    total = total[1:-1]
    at = int(total.argmin())
    for row in range(len(cost) - 1, -1, -1):
        gap = np.nonzero(~cloth[row])[0]
        nearest = gap[np.abs(gap - at).argmin()] if len(gap) else at  # where there is a gap, it is the seam
        seam[first + row] = columns[nearest]
        at = int(np.clip(at + back[row, at], 0, len(offsets) - 1))
    return seam


def closed_armpit(mask: Mask, edge: Floats, axis_x: float, side: int) -> Point | None:
    """Where the armpit must be when the sleeve lies against the body: by the proportions of a body with two sleeves."""
    left, right = run_around(mask, axis_x)
    rows = np.nonzero(~np.isnan(left))[0]
    tall = float(rows[-1] - rows[0])
    half = np.abs((left if side < 0 else right) - axis_x)
    widest = float(np.nanpercentile(half[rows[0] + int(0.3 * tall) :], 80))
    if 2 * widest < 0.8 * tall * 0.8:
        return None  # too slender for sleeves beside the body
    x = axis_x + side * BODY_SHARE * widest
    highest = float(np.nan_to_num(top(mask)[int(np.clip(x, 0, mask.shape[1] - 1))], nan=rows[0]))
    return np.array([x, highest + PRIOR_DEPTH * 2 * BODY_SHARE * widest])


def _around(region: Mask, tip: Point, armpit: Point) -> Contour | None:
    """The region's outline from the tip to the armpit, the way that does not follow the armhole."""
    contour = outline(region).astype(float)
    if len(contour) < 16:
        return None
    start = int(np.linalg.norm(contour - tip, axis=1).argmin())
    end = int(np.linalg.norm(contour - armpit, axis=1).argmin())
    turned = np.roll(contour, -start, axis=0)
    stop = (end - start) % len(contour)
    one = turned[: stop + 1]
    other = np.concatenate([turned[stop:], turned[:1]])[::-1]
    if min(len(one), len(other)) < 2:
        return one if len(one) > len(other) else other
    far = [float(_cut_distance(path, tip, armpit).mean()) for path in (one, other)]
    path = one if far[0] > far[1] else other
    return path if len(path) >= 12 else None


def _cuff(path: Contour, away: NDArray[np.float64], armhole_px: float) -> tuple[int, int]:
    """The indices of the cuff's two corners: sharp turns, far from the armhole, with a short straight way between."""
    at = np.unique(np.linspace(0, len(path) - 1, min(SAMPLES, len(path))).astype(int))
    points, far = path[at], away[at] / away.max()
    step = max(2, len(at) // 10)
    before = points - points[np.clip(np.arange(len(at)) - step, 0, None)]
    after = points[np.clip(np.arange(len(at)) + step, None, len(at) - 1)] - points
    turn = np.abs(np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(1)))
    turn[:2], turn[-3:] = 0, ARMPIT_TURN
    one, two = np.triu_indices(len(at), 2)
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    chord = np.linalg.norm(points[two] - points[one], axis=1)
    winding = (arc[two] - arc[one]) / np.maximum(chord, 1e-6)
    wide = chord / (arc[-1] + 1e-6)
    score = np.minimum(turn[one], 1.7) + np.minimum(turn[two], 1.7) + 1.6 * (far[one] + far[two])
    score -= 2.5 * np.maximum(winding - 1.05, 0) + 2.0 * np.maximum(wide - 0.4, 0)
    score -= 10.0 * np.maximum(NARROWEST - chord / armhole_px, 0)
    score[one < 2] -= 2
    best = int(score.argmax())
    return int(at[one[best]]), int(at[two[best]])
