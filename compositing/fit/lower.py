"""How garments for the lower body sit: on the waist, over the hips, down the legs. Rows stay rows, so stripes stay even."""

import numpy as np

from compositing.cut.background import Floats
from compositing.fit.maps import RowMap
from compositing.garment.lower import LowerLandmarks
from compositing.garment.silhouette import smooth
from compositing.mannequin import Mannequin
from schemas.categories import GarmentCategory

CLOTH_PX = 2.5
LEGS_WAIST, SKIRT_WAIST = 0.30, 0.12
"""How far down from the waist to the hip the upper edge sits."""
FULL_LENGTH = 1.55
"""Trousers taller than this many times their hips' width reach the feet."""
BREAK = 0.35
"""Long trousers fall so far from the ankle to the floor."""
STEP_PX = 6


def fit_lower(category: GarmentCategory, found: LowerLandmarks, body: Mannequin) -> RowMap:
    """The map that dresses the mannequin."""
    if found.crotch_y is None:
        return _skirt(found, body)
    return _legs(category, found, found.crotch_y, body)


def _waist(body: Mannequin, share: float) -> tuple[float, float]:
    """Row and width of the mannequin where the upper edge sits."""
    y = body.waist_y + share * (body.hip_y - body.waist_y)
    return y, float(body.core_right[int(y)] - body.core_left[int(y)]) + 2 * CLOTH_PX * body.scale


def _hips(body: Mannequin) -> float:
    return float(body.core_right[body.hip_y] - body.core_left[body.hip_y])


def _bare(body: Mannequin) -> dict[int, Floats]:
    """Per row, how far the bare body reaches from the axis on each side; no farther below the hips than at them."""
    bare = {}
    for side, edge in ((-1, body.core_left), (1, body.core_right)):
        reach = np.nan_to_num(np.abs(edge - body.centre_x))
        reach[body.hip_y :] = np.minimum(reach[body.hip_y :], reach[body.hip_y])
        bare[side] = reach
    return bare


def _skirt(found: LowerLandmarks, body: Mannequin) -> RowMap:
    waist_y, waist_to = _waist(body, SKIRT_WAIST)
    by_waist, by_hips = waist_to / found.waist_px, 1.03 * _hips(body) / max(found.hips_px, 1)
    flared = found.hips_px > 1.5 * found.waist_px
    width = by_waist if flared else float(np.clip(by_hips, 0.6 * by_waist, 1.6 * by_waist))
    floor_y = float(np.mean([body.sides[side].ankle[1] for side in (-1, 1)]))
    tall = min(width * (found.hem_y - found.waist_y), floor_y - waist_y)
    ys = np.linspace(waist_y, waist_y + tall, max(8, int(tall / (STEP_PX * body.scale))))
    rows = np.linspace(found.waist_y, found.hem_y, len(ys))
    index, at = ys.astype(int), rows.astype(int)
    bare = _bare(body)
    to = {}
    for side, edge in ((-1, found.left), (1, found.right)):
        own = width * np.abs(edge[at] - found.axis_x)
        wide = np.maximum(own, bare[side][index] + CLOTH_PX * body.scale)
        wide = wide + (waist_to / 2 - wide) * np.clip(1 - (ys - waist_y) / (26 * body.scale), 0, 1) ** 2
        to[side] = body.centre_x + side * smooth(wide.astype(np.float32), 1.6)
    knots_to = np.column_stack([to[-1], np.full(len(ys), body.centre_x), to[1]])
    knots_frm = np.column_stack([found.left[at], np.full(len(ys), found.axis_x), found.right[at]])
    return RowMap(ys, rows, knots_to, _increasing(knots_frm))


def _legs(category: GarmentCategory, found: LowerLandmarks, crotch: float, body: Mannequin) -> RowMap:
    waist_y, waist_to = _waist(body, LEGS_WAIST)
    crotch_y = body.crotch_y + 8 * body.scale
    tall = found.hem_y - found.waist_y
    rise = (crotch_y - waist_y) / max(crotch - found.waist_y, 1)
    by_hips = _hips(body) / max(found.hips_px, 1)
    width = float(np.clip(rise, 0.95 * by_hips, 1.35 * by_hips))
    hem_y = crotch_y + (found.hem_y - crotch) * float(np.sqrt(width * rise))
    ankle_y = float(np.mean([body.sides[side].ankle[1] for side in (-1, 1)]))
    floor_y = float(np.nonzero(body.body.any(1))[0][-1])
    lowest = ankle_y + BREAK * (floor_y - ankle_y)
    if category is not GarmentCategory.SHORTS and tall > FULL_LENGTH * found.hips_px:
        hem_y = lowest
    hem_y = min(max(hem_y, crotch_y + 12 * body.scale), lowest)
    count = max(10, int((hem_y - waist_y) / (STEP_PX * body.scale)))
    ys = np.unique(np.concatenate([np.linspace(waist_y, crotch_y, count // 3 + 3), np.linspace(crotch_y, hem_y, count)]))
    rows = np.interp(ys, [waist_y, crotch_y, hem_y], [found.waist_y, crotch, found.hem_y])
    to, frm = np.zeros((len(ys), 5)), np.zeros((len(ys), 5))
    frm[:, 2], to[:, 2] = found.axis_x, body.centre_x
    for side in (-1, 1):
        outer, inner = _leg(found, body, side, width, ys, rows)
        near_waist = np.clip(1 - (ys - waist_y) / (26 * body.scale), 0, 1) ** 2
        outer = outer + (waist_to / 2 - outer) * near_waist
        edge, inner_edge = (found.left, found.inner_left) if side < 0 else (found.right, found.inner_right)
        at = np.clip(rows.astype(int), 0, len(edge) - 1)
        k, n = (0, 1) if side < 0 else (4, 3)
        to[:, k], to[:, n] = body.centre_x + side * outer, body.centre_x + side * inner
        frm[:, k], frm[:, n] = edge[at], np.where(np.isfinite(inner_edge[at]), inner_edge[at], found.axis_x + side)
    below = rows >= crotch
    frm[below, 2] = (frm[below, 1] + frm[below, 3]) / 2
    return RowMap(ys, rows, _increasing(to), _increasing(frm))


def _leg(  # noqa: PLR0913 (what a leg is measured by)
    found: LowerLandmarks, body: Mannequin, side: int, width: float, ys: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far from the axis the leg's outer and inner edges come to lie, per row."""
    ankle_y = body.sides[side].ankle[1] - 30 * body.scale
    index = np.clip(np.minimum(ys, ankle_y), 0, len(body.core_left) - 1).astype(int)
    bare_outer = np.abs((body.core_left if side < 0 else body.core_right)[index] - body.centre_x)
    bare_inner = np.abs((body.inner_left if side < 0 else body.inner_right)[index] - body.centre_x)
    above = ys < body.crotch_y + 9 * body.scale
    bare_inner = np.where(above | ~np.isfinite(bare_inner), 1.0, bare_inner)
    at = np.clip(rows.astype(int), 0, len(found.left) - 1)
    edge, inner_edge = (found.left, found.inner_left) if side < 0 else (found.right, found.inner_right)
    own_inner = np.where(np.isfinite(inner_edge[at]), inner_edge[at], found.axis_x)
    own = width * np.abs(edge[at] - own_inner)
    bare = np.abs(bare_outer - bare_inner)
    least = bare + 2 * CLOTH_PX * body.scale
    own = np.where(above, np.clip(own, least, 1.12 * bare + 8 * body.scale), np.maximum(own, least))
    extra = own - bare
    outer = bare_outer + np.where(above, extra, extra / 2)
    inner = np.where(above, 1.0, bare_inner - extra / 2)
    short = np.maximum(1.5 * body.scale - inner, 0)
    inner, outer = inner + np.where(above, 0, short), outer + np.where(above, 0, short)
    sigma = 2.2
    return np.asarray(smooth(outer.astype(np.float32), sigma)), np.asarray(smooth(inner.astype(np.float32), sigma))


def _increasing(knots: np.ndarray) -> np.ndarray:
    """Columns in order, at least half a pixel apart."""
    steps = np.maximum(np.diff(knots, axis=1), 0.5)
    return np.column_stack([knots[:, :1], knots[:, :1] + np.cumsum(steps, axis=1)])
