"""How garments for the upper body sit: on the shoulders, along the arms, over the hips."""

from collections.abc import Callable

import numpy as np

from compositing.background import Mask
from compositing.landmarks import Sleeve, UpperLandmarks
from compositing.mannequin import Mannequin, Point
from compositing.warp import Handles
from schemas.categories import GarmentCategory

ROWS = 10
DEEP_ARMHOLE_PX = 34
"""An armhole hangs at most so far below the armpit (at 1024 pixels' width)."""
LONG_SLEEVE = 0.78
"""A sleeve that reaches farther down the arm than this share ends at the wrist."""
OUTER = {GarmentCategory.JACKET: 1.10, GarmentCategory.COAT: 1.12, GarmentCategory.BLAZER: 1.08, GarmentCategory.HOODIE: 1.06}
"""Outer garments are wider than what they are worn over."""
SHOULDER_CAP = 0.2
SEAM_SLOPE = 0.35
"""How fast a side seam may move outwards below the armpit."""
LENGTH = 0.92
"""A flat garment is wider than the silhouette it hangs on, so its length shrinks a little less than its width."""

Contour = Callable[[float], float]


def fit(category: GarmentCategory, found: UpperLandmarks, mask: Mask, body: Mannequin) -> tuple[Handles, tuple[float, float]]:
    """Handles that dress the mannequin, and the garment's stretch."""
    handles = Handles()
    cloth_px = 3 * body.scale
    width = _width_scale(category, found, body)
    height = width * (1.0 if category in (GarmentCategory.DRESS, GarmentCategory.JUMPSUIT) else LENGTH)
    shoulders = _shoulders(handles, found, mask, body, width, cloth_px)
    _sides(handles, category, found, body, width, height, cloth_px)
    for side in (-1, 1):
        sleeve = found.sleeve[side]
        if sleeve is not None:
            _sleeve(handles, sleeve, found, side, body, width, shoulders[side])
    return handles, (width, height)


def _width_scale(category: GarmentCategory, found: UpperLandmarks, body: Mannequin) -> float:
    ease = OUTER.get(category, 1.0)
    chest_px = body.sides[1].armpit[0] - body.sides[-1].armpit[0]
    row = int(np.clip((found.armpit[-1][1] + found.armpit[1][1]) / 2 + 0.04 * found.hem_y, 0, len(found.left) - 1))
    across = float(found.right[row] - found.left[row])
    if not np.isfinite(across) or across <= 0:
        across = abs(found.armpit[1][0] - found.armpit[-1][0])
    across = max(min(across, 1.15 * abs(found.armpit[1][0] - found.armpit[-1][0])), 8.0)
    by_chest = 1.04 * ease * chest_px / across
    if found.sleeve[-1] is None and found.sleeve[1] is None:
        return float(by_chest)
    tips = found.shoulder[1][0] - found.shoulder[-1][0]
    by_shoulders = chest_px * 1.04 / max(tips, 8.0)
    return float(np.clip(by_shoulders, by_chest, 1.25 * by_chest))


def _top(body: Mannequin, x: float) -> float:
    return float(body.top[int(np.clip(round(x), 0, len(body.top) - 1))])


def _shoulders(  # noqa: PLR0913 (what a shoulder line is made of)
    handles: Handles, found: UpperLandmarks, mask: Mask, body: Mannequin, width: float, cloth_px: float
) -> dict[int, Point]:
    """The line from the neck to the sleeve on the mannequin's outline; returns where each shoulder ends."""
    contour = np.where(mask.any(0), mask.argmax(0), np.nan)
    ends: dict[int, Point] = {}
    neck_ys = []
    for side in (-1, 1):
        sleeved = found.sleeve[side] is not None
        edge_x = body.sides[side].armpit[0] + side * 2 * body.scale
        neck_x = max(width * abs(found.neck[side][0] - found.axis_x), body.neck_width_px / 2 * 1.06)
        neck_x = body.centre_x + side * min(neck_x, 0.86 * abs(edge_x - body.centre_x))
        if not sleeved:
            strap = width * abs(found.shoulder[side][0] - found.neck[side][0])
            edge_x = body.centre_x + side * min(abs(neck_x - body.centre_x) + strap, 1.05 * abs(edge_x - body.centre_x))
        neck = np.array([neck_x, _top(body, neck_x) - cloth_px])
        ends[side] = np.array([edge_x, _top(body, edge_x) - cloth_px])
        neck_ys.append(neck[1])
        handles.add(found.neck[side], neck, 3)
        handles.add(found.shoulder[side], ends[side], 3)
        for share in (0.33, 0.66):
            source_x = found.neck[side][0] + share * (found.shoulder[side][0] - found.neck[side][0])
            target_x = neck[0] + share * (ends[side][0] - neck[0])
            source_y = contour[int(np.clip(round(source_x), 0, len(contour) - 1))]
            handles.add((source_x, source_y), (target_x, _top(body, target_x) - cloth_px), 2)
    below_neck = found.collar[1] - (found.neck[-1][1] + found.neck[1][1]) / 2
    handles.add(found.collar, (body.centre_x, float(np.mean(neck_ys)) + width * LENGTH * below_neck), 1.5)
    return ends


def _sides(  # noqa: PLR0913 (what a side seam is made of)
    handles: Handles,
    category: GarmentCategory,
    found: UpperLandmarks,
    body: Mannequin,
    width: float,
    height: float,
    cloth_px: float,
) -> None:
    """Side seams from armpit to hem, outside the body."""
    source_y = (found.armpit[-1][1] + found.armpit[1][1]) / 2
    shoulder_y = (found.shoulder[-1][1] + found.shoulder[1][1]) / 2
    tip_y = np.mean([_top(body, body.sides[side].armpit[0]) for side in (-1, 1)])
    natural = max(body.sides[side].armpit[1] for side in (-1, 1)) + 2 * body.scale
    armpit_y = max(float(tip_y + height * (source_y - shoulder_y)), float(natural))
    armpit_y = min(armpit_y, float(natural) + DEEP_ARMHOLE_PX * body.scale)
    full = category in (GarmentCategory.DRESS, GarmentCategory.JUMPSUIT)
    for share in np.linspace(0, 0.985, ROWS):
        row = source_y + share * (found.hem_y - source_y)
        target_y = armpit_y + height * (row - source_y)
        index = int(np.clip(target_y, 0, len(body.core_left) - 1))
        for side in (-1, 1):
            # Just below the armpit a sleeve may still touch the body: the side seam is not the sleeve's edge.
            reach = abs(found.armpit[side][0] - found.axis_x) + SEAM_SLOPE * max(row - found.armpit[side][1], 0)
            edge = found.axis_x + side * min(
                abs(float((found.left if side < 0 else found.right)[int(row)]) - found.axis_x), reach
            )
            core = (body.core_left if side < 0 else body.core_right)[index]
            wide = width * abs(edge - found.axis_x)
            if np.isfinite(core):
                bare = abs(float(core) - body.centre_x)
                if full and target_y > body.hip_y:
                    bare = min(bare, abs(float(body.core_right[body.hip_y]) - body.centre_x))
                wide = max(wide, bare + cloth_px)
            if share == 0:
                handles.add(
                    found.armpit[side],
                    (body.centre_x + side * max(wide, abs(body.sides[side].armpit[0] - body.centre_x)), target_y),
                    2,
                )
            else:
                handles.add((edge, row), (body.centre_x + side * wide, target_y), 1.2)
        handles.add((found.axis_x, row), (body.centre_x, target_y), 0.4)


def _sleeve(  # noqa: PLR0913 (what a sleeve is laid along)
    handles: Handles, sleeve: Sleeve, found: UpperLandmarks, side: int, body: Mannequin, width: float, tip: Point
) -> None:
    """Along the arm from the shoulder over the elbow to where the sleeve ends, around it with some ease."""
    arm = body.sides[side]
    start = (found.shoulder[side] + found.armpit[side]) / 2
    root = (tip + arm.armpit) / 2
    elbow_length = float(np.linalg.norm(arm.elbow - root))
    full = elbow_length + float(np.linalg.norm(arm.wrist - arm.elbow))
    length = width * float(np.linalg.norm(sleeve.end - start))
    if length > LONG_SLEEVE * full:
        length = full * 0.99

    def place(along: float) -> Point:
        if along < elbow_length:
            return np.asarray(root + (arm.elbow - root) * along / elbow_length)
        return np.asarray(arm.elbow + (arm.wrist - arm.elbow) * (along - elbow_length) / max(full - elbow_length, 1))

    direction = sleeve.end - start
    normal = np.array([-direction[1], direction[0]]) / (np.linalg.norm(direction) + 1e-9)
    outward = 1.0 if normal[0] * side > 0 else -1.0
    for share in (0.1, 0.3, 0.55, 0.8, 0.985):
        source = start + share * direction
        if not _inside(sleeve.region, source):
            continue
        along = share * length
        heading = place(along + 4) - place(max(along - 4, 0))
        across = np.array([-heading[1], heading[0]]) / (np.linalg.norm(heading) + 1e-9)
        half = {sign: _reach(sleeve.region, source, sign * normal) for sign in (-1.0, 1.0)}
        bare = float(np.interp(along / full, [0.3, 0.95], [arm.upper_arm_radius_px, arm.wrist_radius_px]))
        wide = float(np.clip(width * sum(half.values()) / 2, bare * 1.08 + 1.5 * body.scale, bare * 1.4 + 9 * body.scale))
        for sign, reach in half.items():
            outside = sign == outward
            if share < SHOULDER_CAP and not outside:
                continue  # there is no inner edge yet: the sleeve is still one with the body
            aside = max(wide, _reach(body.body, place(along), sign * across) + 2.5 * body.scale) if outside else wide
            handles.add(source + sign * normal * reach, place(along) + sign * across * aside, 1.0)


def _inside(mask: Mask, point: Point) -> bool:
    column, row = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(point, mask.shape[::-1], strict=True))
    return bool(mask[row, column])


def _reach(mask: Mask, start: Point, direction: Point) -> float:
    """How far the mask goes from a point in a direction, in pixels."""
    steps = np.arange(0, max(mask.shape), 1.0)
    xs = np.clip(start[0] + direction[0] * steps, 0, mask.shape[1] - 1).astype(int)
    ys = np.clip(start[1] + direction[1] * steps, 0, mask.shape[0] - 1).astype(int)
    outside = np.nonzero(~mask[ys, xs])[0]
    return float(outside[0]) if len(outside) else float(steps[-1])
