"""Where a garment's neck, shoulders, armpits, sleeve ends, waist, hem and crotch are, found on its silhouette.

All coordinates are pixels of the cut-out, x to the right, y down. Side -1 is the picture's left.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.background import Floats, Mask
from compositing.errors import GarmentError
from compositing.mannequin import Point, edges

MIN_SIDE_PX = 24
HEM_ZONE = 0.75
LONG_LIMIT, SHORT_LIMIT = 0.45, 0.8
"""How far down a long or a short garment its armpits may be."""


@dataclass(frozen=True, slots=True)
class Sleeve:
    """One sleeve: its end's two corners, outer and inner, and where on the cut-out it is."""

    outer: Point
    inner: Point
    region: Mask

    @property
    def end(self) -> Point:
        """The middle of its end."""
        return (self.outer + self.inner) / 2


@dataclass(frozen=True, slots=True)
class UpperLandmarks:
    """Of tops, jackets and dresses, per side where it says so."""

    axis_x: float
    neck: dict[int, Point]
    shoulder: dict[int, Point]
    armpit: dict[int, Point]
    sleeve: dict[int, Sleeve | None]
    collar: Point  # lowest point of the neckline's upper contour
    hem_y: float
    left: Floats  # per row: edges of the run around the axis
    right: Floats


@dataclass(frozen=True, slots=True)
class LowerLandmarks:
    """Of trousers and skirts. `crotch_y` is None for skirts."""

    axis_x: float
    waist_y: float
    hem_y: float
    crotch_y: float | None
    left: Floats
    right: Floats
    inner_left: Floats
    inner_right: Floats


def core_edges(mask: Mask, axis_x: float) -> tuple[Floats, Floats]:
    """Per row the edges of the run that holds the axis, NaN where the axis is outside."""
    height, width = mask.shape
    column = int(np.clip(round(axis_x), 0, width - 1))
    left, right = np.full(height, np.nan, np.float32), np.full(height, np.nan, np.float32)
    for row in np.nonzero(mask[:, column])[0]:
        outside_left = np.nonzero(~mask[row, :column])[0]
        outside_right = np.nonzero(~mask[row, column:])[0]
        left[row] = outside_left[-1] + 1 if len(outside_left) else 0
        right[row] = column + outside_right[0] - 1 if len(outside_right) else width - 1
    return left, right


def _axis(mask: Mask) -> float:
    """The column about which the lower two thirds are most nearly symmetric."""
    height = mask.shape[0]
    left, right = edges(mask[height // 3 : int(height * 0.95)])
    return float(np.nanmedian((left + right) / 2))


def upper(mask: Mask, *, long: bool) -> UpperLandmarks:
    """Landmarks of a garment for the upper body. `long`: a dress, whose armpits are higher up."""
    height, width = mask.shape
    if min(height, width) < MIN_SIDE_PX:
        raise GarmentError("no_garment_found", "What was cut out is too small for a garment.")
    axis_x = _axis(mask)
    left, right = core_edges(mask, axis_x)
    rows = np.nonzero(~np.isnan(left))[0]
    if len(rows) < MIN_SIDE_PX:
        raise GarmentError("no_garment_found", "What was cut out has no body that a garment could have.")
    hem_y, first_y = float(rows[-1]), float(np.nonzero(mask.any(1))[0][0])
    tall = hem_y - first_y
    low = slice(int(first_y + 0.55 * tall), int(first_y + 0.9 * tall) + 1)
    torso_px = float(np.nanmedian((right - left)[low])) if not np.isnan((right - left)[low]).all() else width * 0.6
    contour_top = np.where(mask.any(0), mask.argmax(0), height).astype(float)
    armpit, sleeved = _armpits(mask, axis_x, first_y, tall, torso_px, limit=LONG_LIMIT if long else SHORT_LIMIT)
    for side in (-1, 1):
        if armpit[side] is None:
            armpit[side] = _armhole(axis_x, side, left if side < 0 else right, first_y, tall)
    found = {side: point for side, point in armpit.items() if point is not None}
    neck = {side: _neck_point(contour_top, axis_x, side, found[side], torso_px, tall) for side in (-1, 1)}
    shoulder = {side: _shoulder(contour_top, found[side], neck[side], side, sleeved=sleeved[side]) for side in (-1, 1)}
    sleeve = {side: _sleeve(mask, shoulder[side], found[side], side) if sleeved[side] else None for side in (-1, 1)}
    middle = int(np.clip(round(axis_x), 0, width - 1))
    collar = np.array([axis_x, contour_top[middle]])
    return UpperLandmarks(axis_x, neck, shoulder, found, sleeve, collar, hem_y, left, right)


def _armpits(  # noqa: PLR0913 (what an armpit is judged by)
    mask: Mask, axis_x: float, first_y: float, tall: float, torso_px: float, *, limit: float
) -> tuple[dict[int, Point | None], dict[int, bool]]:
    """The deepest convexity defect on each side between a sleeve's end and the lower body."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea).reshape(-1, 1, 2)
    hull = np.sort(cv2.convexHull(contour, returnPoints=False).ravel())[::-1].reshape(-1, 1).astype(np.int32)
    best: dict[int, tuple[float, Point] | None] = {-1: None, 1: None}
    try:
        defects = cv2.convexityDefects(contour, hull)
    except cv2.error:
        defects = None
    for start, end, far, depth in [] if defects is None else defects.reshape(-1, 4):
        x, y = (float(v) for v in contour[far, 0])
        side = 1 if x > axis_x else -1
        off = abs(x - axis_x)
        ends = sorted((contour[start, 0], contour[end, 0]), key=lambda point: float(point[1]))
        outermost = max(ends, key=lambda point: abs(float(point[0]) - axis_x))
        # The end that lies farther out is the sleeve's; a flared hem lies farther out too, but at the very bottom.
        flared = float(outermost[1]) > first_y + HEM_ZONE * tall and limit == LONG_LIMIT
        farther = abs(float(outermost[0]) - axis_x) > 1.03 * off and not flared
        inside = 0.1 * torso_px < off and first_y + 0.1 * tall < y < first_y + limit * tall
        if inside and farther and depth / 256 > 0.035 * tall:
            known = best[side]
            if known is None or depth > known[0]:
                best[side] = (float(depth), np.array([x, y]))
    points: dict[int, Point | None] = {side: known[1] if known else None for side, known in best.items()}
    sleeved = {side: points[side] is not None for side in (-1, 1)}
    for side in (-1, 1):
        other = points[-side]
        if points[side] is None and other is not None:
            points[side] = np.array([2 * axis_x - other[0], other[1]])
            sleeved[side] = True
    return points, sleeved


def _armhole(axis_x: float, side: int, edge: Floats, first_y: float, tall: float) -> Point:
    """Without a sleeve: where the body first has nearly its chest's width."""
    half = np.abs(edge - axis_x)
    chest = np.nanmedian(half[int(first_y + 0.3 * tall) : int(first_y + 0.55 * tall) + 1])
    row = int(first_y + 0.12 * tall)
    for candidate in range(int(first_y + 0.1 * tall), int(first_y + 0.5 * tall)):
        if half[candidate] >= 0.93 * chest:
            row = candidate
            break
    reach = half[row] if np.isfinite(half[row]) else chest
    return np.array([axis_x + side * float(reach), float(row)])


def _neck_point(  # noqa: PLR0913 (what a neck point is judged by)
    top: np.ndarray, axis_x: float, side: int, armpit: Point, torso_px: float, tall: float
) -> Point:
    """The highest point of the upper contour beside the neckline; on a high collar, where the contour begins to fall."""
    reach = max(0.62 * abs(armpit[0] - axis_x), 8)
    columns = np.arange(axis_x + side * 0.06 * torso_px / 2, axis_x + side * reach, side).astype(int)
    columns = columns[(columns >= 0) & (columns < len(top))]
    heights = top[columns]
    dip = top[int(np.clip(axis_x, 0, len(top) - 1))] - heights.min()
    if dip > 0.012 * tall:
        index = int(heights.argmin())
    else:
        fallen = np.nonzero(heights > heights.min() + 0.022 * tall)[0]
        index = int(fallen[0]) if len(fallen) else len(columns) // 2
    return np.array([columns[index], heights[index]], float)


def _shoulder(top: np.ndarray, armpit: Point, neck: Point, side: int, *, sleeved: bool) -> Point:
    """Where the sleeve begins on the upper contour; without one, where the strap ends."""
    if sleeved:
        column = int(np.clip(round(armpit[0] - side * 0.02 * len(top)), 0, len(top) - 1))
        return np.array([column, top[column]], float)
    low = neck[1] + 0.35 * (armpit[1] - neck[1])
    columns = np.arange(int(neck[0]), int(armpit[0]) + side, side)
    columns = columns[(columns >= 0) & (columns < len(top))]
    reached = [column for column in columns if top[column] <= low]
    last = int(reached[-1]) if reached else int(neck[0])
    return np.array([last, top[last]], float)


def _sleeve(mask: Mask, shoulder: Point, armpit: Point, side: int) -> Sleeve | None:
    """The end of the sleeve: of what lies outside the line from shoulder to armpit, the part farthest from the shoulder."""
    rows, columns = np.nonzero(mask)
    along = armpit - shoulder
    normal = np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-9)
    normal *= np.sign(normal[0] * side) or 1.0
    beyond = (columns - shoulder[0]) * normal[0] + (rows - shoulder[1]) * normal[1] > 0
    outside = beyond & ((columns - armpit[0]) * side > -2)
    if outside.sum() < 0.004 * len(rows):
        return None
    points = np.column_stack([columns[outside], rows[outside]]).astype(float)
    distance = np.linalg.norm(points - shoulder, axis=1)
    reach = np.percentile(distance, 99.5)
    end = points[distance > 0.9 * reach]
    centre = end.mean(0)
    direction = (centre - shoulder) / (np.linalg.norm(centre - shoulder) + 1e-9)
    across = np.array([-direction[1], direction[0]])
    spread = (end - centre) @ across
    low, high = np.percentile(spread, 3), np.percentile(spread, 97)
    tip = shoulder + direction * reach
    one, two = tip + across * low, tip + across * high
    region = np.zeros(mask.shape, bool)
    region[rows[outside], columns[outside]] = True
    outer_first = (one[0] - two[0]) * side + (two[1] - one[1]) * 0.5 > 0
    return Sleeve(one, two, region) if outer_first else Sleeve(two, one, region)


def lower(mask: Mask, *, legs: bool) -> LowerLandmarks:
    """Landmarks of a garment for the lower body."""
    height, width = mask.shape
    if min(height, width) < MIN_SIDE_PX:
        raise GarmentError("no_garment_found", "What was cut out is too small for a garment.")
    left, right = edges(mask)
    rows = np.nonzero(~np.isnan(left))[0]
    first, last = int(rows[0]), int(rows[-1])
    axis_x = float(np.nanmedian(((left + right) / 2)[first : first + max(8, (last - first) // 3)]))
    inner_left, inner_right = np.full(height, np.nan, np.float32), np.full(height, np.nan, np.float32)
    crotch = None
    if legs:
        for row in range(last - int(0.02 * (last - first)), first + int(0.15 * (last - first)), -1):
            span = right[row] - left[row]
            low, high = int(left[row] + 0.22 * span), int(right[row] - 0.22 * span)
            gap = np.nonzero(~mask[row, low:high])[0]
            if len(gap) > 1:
                inner_left[row], inner_right[row], crotch = low + gap[0] - 1, low + gap[-1] + 1, row
            elif crotch is not None and crotch - row > 0.02 * (last - first):
                break
        if crotch is None:
            crotch = first + int(0.36 * (last - first))
        fused = np.isnan(inner_left) & (np.arange(height) >= crotch)
        inner_left[fused], inner_right[fused] = axis_x - 1, axis_x + 1
    return LowerLandmarks(axis_x, float(first), float(last), crotch, left, right, inner_left, inner_right)
