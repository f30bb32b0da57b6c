"""Where the neck, shoulders, armpits and sleeves of a garment for the upper body are, found on its silhouette.

All coordinates are pixels of the silhouette, x to the right, y down. Side -1 is the picture's left.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats, Mask
from compositing.errors import GarmentError
from compositing.garment.armpits import Armpits, Sides, find_armpits
from compositing.garment.silhouette import Point, axis, edges, settled, smooth, top
from compositing.garment.sleeve import Sleeve, find_sleeve

MIN_SIDE_PX = 24
BARE = 0.04
"""Where the upper edge is lower than the way from neck to shoulder by this share of the width, the shoulder is bare."""
CUFF_BELOW = 1.5
"""A cuff's inner corner is at most so much lower than its outer one, in lengths of the armhole."""
LEVEL_REACH = 1.5
FLAT_TOP = 0.08
"""An upper edge that falls by less than this share of its half width even beyond the shoulders is worn off them."""


@dataclass(frozen=True, slots=True)
class UpperLandmarks:
    """Of tops, jackets and dresses, per side where it says so."""

    axis_x: float
    neck: Sides
    shoulder: Sides
    armpit: Sides
    sleeve: dict[int, Sleeve | None]
    body: Mask  # without sleeves
    shoulder_line: Floats  # per column: the upper edge, bridged across the neck
    half: Floats  # per row: half the width of the body's run without sleeves
    hem_y: float
    waist_y: float | None
    off_shoulder: bool

    @property
    def armpit_y(self) -> float:
        """Of both sides."""
        return float((self.armpit[-1][1] + self.armpit[1][1]) / 2)


def find_upper(mask: Mask, edge: Floats, *, sleeves_expected: bool) -> UpperLandmarks:
    """Landmarks of a garment for the upper body; `edge`: strength of the photo's edges, same shape.

    `sleeves_expected`: where no gap parts a sleeve from the body, look for the seam between them.
    Raises GarmentError no_garment_found.
    """
    if min(mask.shape) < MIN_SIDE_PX:
        raise GarmentError("no_garment_found", "What was cut out is too small for a garment.")
    axis_x = axis(mask)
    upper_edge = top(mask)
    rows = np.nonzero(mask.any(1))[0]
    first, hem = int(rows[0]), int(rows[-1])
    armpits = find_armpits(mask, edge, upper_edge, axis_x, sleeves_expected=sleeves_expected)
    neck = {side: _neck(upper_edge, axis_x, side, armpits.at[side], hem - first) for side in (-1, 1)}
    tip = {side: _tip(upper_edge, armpits.at[side], neck[side], side, sleeved=armpits.sleeved[side]) for side in (-1, 1)}
    sleeve = _sleeves(mask, edge, armpits, tip, axis_x, float(hem))
    known, shoulder = armpits.at, tip
    body = body_mask(mask, sleeve)
    half = _half(body, known)
    line = _shoulder_line(upper_edge, neck, shoulder, mask.shape[1])
    return UpperLandmarks(
        axis_x,
        neck,
        shoulder,
        known,
        sleeve,
        body,
        line,
        half,
        float(hem),
        _waist(half, known, hem),
        _off_shoulder(upper_edge, neck, shoulder, axis_x),
    )


def _sleeves(  # noqa: PLR0913 (what sleeves are found by)
    mask: Mask, edge: Floats, armpits: Armpits, tip: Sides, axis_x: float, hem: float
) -> dict[int, Sleeve | None]:
    """Both sleeves. Where only one is found, the other is looked for at its mirrored place, which then is noted."""
    sleeve: dict[int, Sleeve | None] = {-1: None, 1: None}
    for side in (-1, 1):
        if armpits.sleeved[side]:
            armpit = armpits.at[side]
            limb = armpits.limbs.get(side)
            deep = CUFF_BELOW * float(np.linalg.norm(armpit - tip[side]))
            floor_y = hem if limb is None else max(limb[1], armpit[1]) + deep
            sleeve[side] = find_sleeve(mask, tip[side], armpit, side, edge, floor_y)
    for side in (-1, 1):
        if sleeve[side] is None and sleeve[-side] is not None:
            there, pit = (np.array([2 * axis_x - point[0], point[1]]) for point in (tip[-side], armpits.at[-side]))
            sleeve[side] = find_sleeve(mask, there, pit, side, edge, hem)
            if sleeve[side] is not None:
                tip[side], armpits.at[side] = there, pit
    return sleeve


def _neck(upper_edge: Floats, axis_x: float, side: int, armpit: Point, tall: float) -> Point:
    """The highest point of the upper edge beside the neckline; on a high collar, where the edge begins to fall."""
    reach = max(1.05 * abs(armpit[0] - axis_x), 8)
    columns = np.arange(axis_x + side * 0.03 * reach, axis_x + side * reach, side).astype(int)
    columns = columns[(columns >= 0) & (columns < len(upper_edge))]
    heights = np.nan_to_num(upper_edge[columns], nan=1e4)
    middle = np.nan_to_num(upper_edge[int(np.clip(axis_x, 0, len(upper_edge) - 1))], nan=1e4)
    if middle - heights.min() > 0.012 * tall:
        highest = np.nonzero(heights <= heights.min() + 0.004 * tall)[0]
        return np.array([columns[highest[len(highest) // 2]], heights.min()], float)
    fallen = np.nonzero(heights > heights.min() + 0.022 * tall)[0]
    index = int(fallen[0]) if len(fallen) else len(columns) // 2
    return np.array([columns[index], heights[index]], float)


def _tip(upper_edge: Floats, armpit: Point, neck: Point, side: int, *, sleeved: bool) -> Point:
    """Where the sleeve begins on the upper edge; without one, where the strap ends."""
    if sleeved:
        column = int(np.clip(round(armpit[0] - side * 0.02 * len(upper_edge)), 0, len(upper_edge) - 1))
        if (column - neck[0]) * side > 2 and np.isfinite(upper_edge[column]):
            return np.array([column, upper_edge[column]], float)
    low = neck[1] + 0.35 * (armpit[1] - neck[1])
    columns = np.arange(int(neck[0]), int(armpit[0]) + side, side)
    columns = columns[(columns >= 0) & (columns < len(upper_edge))]
    reached = columns[np.nan_to_num(upper_edge[columns], nan=1e4) <= low]
    last = int(reached[-1]) if len(reached) else int(neck[0])
    return np.array([last, upper_edge[last]], float)


def _shoulder_line(upper_edge: Floats, neck: Sides, shoulder: Sides, width: int) -> Floats:
    """The upper edge between neck and shoulder, straight across the neck, held beyond the shoulders; smoothed."""
    columns = np.arange(width)
    line = np.full(width, np.nan, np.float32)
    for side in (-1, 1):
        (x0, y0), (x1, y1) = sorted((tuple(neck[side]), tuple(shoulder[side])))
        at = np.arange(int(x0), int(x1) + 1)
        straight = np.interp(at, [x0, x1], [y0, y1])
        deepest = np.nan_to_num(upper_edge[at] - straight, nan=1e4).max()
        line[at] = straight if deepest > BARE * width else upper_edge[at]  # a strap beside a bare shoulder
        line[columns * side > shoulder[side][0] * side] = shoulder[side][1]
    return smooth(line, 0.004 * width)


def body_mask(mask: Mask, sleeve: dict[int, Sleeve | None]) -> Mask:
    """The largest piece of what is left without the sleeves."""
    body = mask.copy()
    for one in sleeve.values():
        if one is not None:
            body &= ~one.region
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(body.astype(np.uint8), connectivity=4)
    return np.asarray(pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))) if count > 1 else body


def _half(body: Mask, armpit: Sides) -> Floats:
    """Half the width of the body per row."""
    left, right = edges(body)
    start = int(min(armpit[side][1] for side in (-1, 1)))
    left[:start], right[:start] = np.nan, np.nan
    left, right = settled(left, right)
    half = (right - left) / 2
    return smooth(np.asarray(half, np.float32), 0.008 * body.shape[0])


def _waist(half: Floats, armpit: Sides, hem: int) -> float | None:
    """The narrowest row of a garment that narrows clearly between chest and hips."""
    first = int(max(armpit[side][1] for side in (-1, 1)))
    last = first + int(2.6 * float(half[first]))
    if last > hem - 4:
        return None
    row = first + int(np.argmin(half[first:last]))
    clear = half[row] < 0.93 * half[first] and half[row] < 0.93 * half[last]
    return float(row) if clear else None


def _off_shoulder(upper_edge: Floats, neck: Sides, shoulder: Sides, axis_x: float) -> bool:
    """Whether the upper edge runs on level beyond both shoulders: it is worn around the upper arms."""
    for side in (-1, 1):
        reach = abs(shoulder[side][0] - axis_x)
        column = int(np.clip(axis_x + side * LEVEL_REACH * reach, 0, len(upper_edge) - 1))
        if not upper_edge[column] - neck[side][1] < FLAT_TOP * reach:
            return False
    return True
