"""Where a garment's armpits are: where sleeves part from the body, or where armholes end.

All coordinates are pixels of the silhouette, x to the right, y down. Side -1 is the picture's left.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats, Mask
from compositing.garment.silhouette import Contour, Point, edges, outline
from compositing.garment.sleeve import closed_armpit

ARMHOLE_DEPTH = 0.8
"""An armhole is at most so deep, in widths of the chest."""
MIN_ARMHOLE = 0.17
PRIOR_DEPTH = 0.5
"""How deep it is where it can't be seen."""
LIMB_REACH = 1.25
"""A sleeve's end lies farther from the axis than the armpit by this factor; a chest above a waist does not."""
HANGING, WIDEST_LIMB = 1.2, 1.9
"""A gap deeper than this belongs to a sleeve that hangs, whose end is no farther out than this, in halves of the body."""
MIN_LIMB = 0.1
"""In shares of the silhouette's width."""
SHOULDER_ZONE = 0.42
"""Above an armpit there is a shoulder, within this share of the height from the top."""
UNEVEN = 0.05
"""Armpits that differ by more than this share of their distance: the lower one is a gap below it."""
STRAP, SPANNED = 0.3, 0.6
"""An armhole without a sleeve is at least so deep, in widths; there cloth spans this share of the way to the axis."""

Sides = dict[int, Point]


@dataclass(frozen=True, slots=True)
class Armpits:
    """Per side: the point, whether a sleeve begins there, and the sleeve's outermost point where one was seen."""

    at: Sides
    sleeved: dict[int, bool]
    limbs: Sides


def find_armpits(mask: Mask, edge: Floats, upper_edge: Floats, axis_x: float, *, sleeves_expected: bool) -> Armpits:
    """The armpits of both sides; `upper_edge`: the silhouette's first row per column."""
    found, sleeved, limbs = _armpits(mask, upper_edge, axis_x)
    if sleeves_expected and not any(sleeved.values()):
        found = {side: closed_armpit(mask, edge, axis_x, side) for side in (-1, 1)}
        sleeved = {side: found[side] is not None for side in (-1, 1)}
    outer = dict(zip((-1, 1), edges(mask), strict=True))
    first, hem = int(np.nanmin(upper_edge)), int(np.nonzero(mask.any(1))[0][-1])
    at: Sides = {}
    for side in (-1, 1):
        point = found[side]
        at[side] = point if point is not None else _armhole(mask, axis_x, side, outer[side], first, hem)
    if not any(sleeved.values()):
        _level(at, axis_x)
    return Armpits(at, sleeved, limbs)


def _level(armpit: Sides, axis_x: float) -> None:
    """Without sleeves both sides take the mean: one strap seen from aside must not tilt the body."""
    y = float(np.mean([armpit[side][1] for side in (-1, 1)]))
    reach = float(np.mean([abs(armpit[side][0] - axis_x) for side in (-1, 1)]))
    for side in (-1, 1):
        armpit[side] = np.array([axis_x + side * reach, y])


def _armpits(
    mask: Mask, upper_edge: Floats, axis_x: float
) -> tuple[dict[int, Point | None], dict[int, bool], dict[int, Point]]:
    """Where sleeves part from the body, by the deepest concavity that a sleeve can make; mirrored from side to side.

    Also whether each side has a sleeve, and the sleeves' outermost points.
    """
    limbs: dict[int, Point] = {}
    best: dict[int, tuple[float, Point] | None] = {-1: None, 1: None}
    rows = np.nonzero(mask.any(1))[0]
    first, tall, wide = float(rows[0]), float(np.ptp(rows)), float(np.ptp(np.nonzero(mask.any(0))[0]))
    for far, limb, depth, path in _concavities(mask, axis_x):
        side = 1 if far[0] > axis_x else -1
        off = abs(far[0] - axis_x)
        sticks_out = abs(limb[0] - axis_x) > LIMB_REACH * off and np.linalg.norm(limb - far) > MIN_LIMB * wide
        below_shoulder = upper_edge[int(far[0])] - first < SHOULDER_ZONE * tall
        deep = float(far[1] - upper_edge[int(far[0])]) / max(2 * off, 1)
        notch = deep > HANGING and abs(limb[0] - axis_x) > WIDEST_LIMB * off  # in a hem: no body is so slender
        collar = deep < MIN_ARMHOLE
        if off < 0.06 * wide or depth < 0.03 * tall or not sticks_out or not below_shoulder or collar or notch:
            continue
        known = best[side]
        if known is None or depth > known[0]:
            best[side] = (depth, _corner(far, limb, path, axis_x))
            limbs[side] = limb
    points: dict[int, Point | None] = {side: known[1] if known else None for side, known in best.items()}
    sleeved = {side: points[side] is not None for side in (-1, 1)}
    for side in (-1, 1):
        other = points[-side]
        if points[side] is None and other is not None:
            points[side] = np.array([2 * axis_x - other[0], other[1]])
            sleeved[side] = True
            limbs[side] = np.array([2 * axis_x - limbs[-side][0], limbs[-side][1]])
    raised = {side: _raised(point, upper_edge, axis_x, side) for side, point in points.items()}
    one, other = raised[-1], raised[1]
    if one is not None and other is not None and abs(one[1] - other[1]) > UNEVEN * abs(one[0] - other[0]):
        one[1] = other[1] = min(one[1], other[1])
    return raised, sleeved, limbs


def _raised(point: Point | None, upper_edge: Floats, axis_x: float, side: int) -> Point | None:
    """A concavity far down is where the cuff parts from the body, not the armpit: that is higher up, behind the sleeve."""
    if point is None:
        return None
    across = 2 * abs(point[0] - axis_x)
    column = int(np.clip(point[0] - side * 0.02 * len(upper_edge), 0, len(upper_edge) - 1))
    above = float(upper_edge[column])
    if not np.isfinite(above) or point[1] - above <= ARMHOLE_DEPTH * across:
        return point
    return np.array([point[0], above + PRIOR_DEPTH * across])


def _corner(far: Point, limb: Point, path: Contour, axis_x: float) -> Point:
    """The armpit on the way from the sleeve's end to the concavity's deepest point: where that way turns."""
    chord = far - limb
    distance = np.abs((path[:, 0] - limb[0]) * chord[1] - (path[:, 1] - limb[1]) * chord[0]) / (np.linalg.norm(chord) + 1e-9)
    distance[np.abs(path[:, 0] - axis_x) > 1.15 * abs(far[0] - axis_x)] = 0  # the cuff turns too
    index = int(distance.argmax())
    return path[index] if distance[index] > 0.15 * np.linalg.norm(chord) else far


def _concavities(mask: Mask, axis_x: float) -> list[tuple[Point, Point, float, Contour]]:
    """Of the outline: deepest point, the hull's end on the way to the neck, depth in pixels, the way between the two."""
    contour = outline(mask)
    hull = np.sort(cv2.convexHull(contour.reshape(-1, 1, 2), returnPoints=False).ravel())[::-1].reshape(-1, 1).astype(np.int32)
    try:
        defects = cv2.convexityDefects(contour.reshape(-1, 1, 2), hull)
    except cv2.error:  # the outline touches itself
        return []
    highest, lowest, count = int(contour[:, 1].argmin()), int(contour[:, 1].argmax()), len(contour)
    at = contour.astype(float)
    found = []
    for start, end, far, depth in [] if defects is None else defects.reshape(-1, 4):
        place = {index: (index - highest) % count for index in (start, end, far, lowest)}
        down = place[far] < place[lowest]
        limb = min((start, end), key=lambda index: place[index] if down else -place[index])
        if (at[limb][0] - axis_x) * (at[far][0] - axis_x) < 0:  # the hem's other corner
            limb = start + end - limb
        one, two = (limb, far) if place[limb] < place[far] else (far, limb)
        path = np.take(at, np.arange(one, one + (two - one) % count + 1), axis=0, mode="wrap")
        found.append((at[far], at[limb], depth / 256, path))
    return found


def _armhole(mask: Mask, axis_x: float, side: int, edge: Floats, first: int, hem: int) -> Point:  # noqa: PLR0913 (what an armhole is found by)
    """Without a sleeve: where the outline below the strap stops widening, and cloth spans most of the way across."""
    half = np.nan_to_num(np.abs(edge - axis_x))
    across = 2 * float(np.median(half[first + int(0.15 * (hem - first)) : first + int(0.4 * (hem - first)) + 1]))
    rows = np.arange(first + int(STRAP * across), min(first + int(0.95 * across), hem - 2))
    ahead = half[np.minimum(rows + int(0.18 * across), hem - 2)]
    beside = mask[rows, int(axis_x) :].sum(1) if side > 0 else mask[rows, : int(axis_x) + 1].sum(1)
    settled = rows[(half[rows] >= 0.94 * ahead) & (beside > SPANNED * half[rows])]
    row = int(settled[0]) if len(settled) else min(first + int(0.5 * across), hem - 2)
    return np.array([axis_x + side * half[row], float(row)])
