"""Trousers and shorts in their upright photo: waist, crotch, and ribs down each leg. Photo px."""

from dataclasses import dataclass

import numpy as np

from compositing.charts.lines import Mask, Numbers, bridged, reach, robust, unit
from compositing.template.model import Legs

SIDES = (-1, 1)
HIP_ROWS, LEG_RIBS = 16, 24


@dataclass(frozen=True, slots=True)
class LegRibs:
    """A leg as ribs from crotch to hem: outer and inner ends (n, 2), widths (n,); closed: no background beside the inner end."""

    outer: Numbers
    inner: Numbers
    wide: Numbers
    closed: Mask
    length: float


@dataclass(frozen=True, slots=True)
class LegsPhoto:
    """What an upright photo shows of trousers."""

    mask: Mask
    template: Legs
    axis: float
    waist_y: float
    crotch_y: float
    hips: float
    waist: float
    edge: dict[int, Numbers]  # half widths by side in HIP_ROWS rows from waist to crotch
    legs: dict[int, LegRibs]

    @property
    def rows(self) -> Numbers:
        """From waist to crotch."""
        return np.linspace(self.waist_y, self.crotch_y, HIP_ROWS)

    @property
    def inseam(self) -> float:
        """Mean length of the legs below the crotch."""
        return float(np.mean([leg.length for leg in self.legs.values()]))


def in_photo(mask: Mask, template: Legs) -> LegsPhoto:
    """Read an upright photo. `mask`: not empty."""
    left, right = template.left, template.right
    axis = float(left.waist[0] + right.waist[0]) / 2
    crotch = np.asarray(left.crotch, float)
    axis = 0.5 * (axis + float(crotch[0]))
    waist_y = float(left.waist[1] + right.waist[1]) / 2
    crotch_y = max(float(crotch[1]), waist_y + 8)
    rows = np.linspace(waist_y, crotch_y, HIP_ROWS)
    edge = {s: _hip_edge(mask, template, rows, axis=axis, s=s) for s in SIDES}
    legs = {s: _ribs(mask, template, s, axis=axis, crotch_y=crotch_y, hip=float(edge[s][-1])) for s in SIDES}
    hips = max(float(right.hip[0] - left.hip[0]), 1.0)
    waist = max(float(right.waist[0] - left.waist[0]), 1.0)
    return LegsPhoto(mask, template, axis, waist_y, crotch_y, hips, waist, edge, legs)


def _hip_edge(mask: Mask, template: Legs, rows: Numbers, *, axis: float, s: int) -> Numbers:
    """Half widths of the hips on one side at these rows."""
    side = template.side(s)
    points = np.array([side.waist, side.hip, side.top_outer])
    at = np.maximum.accumulate(points[:, 1] + np.array([0, 0.5, 1.0]))
    expected = np.interp(rows, at, np.abs(points[:, 0] - axis))
    starts = np.column_stack([axis + s * 0.6 * expected, np.clip(rows, 0, mask.shape[0] - 1)])
    found = reach(mask, starts, np.tile([float(s), 0.0], (len(rows), 1)), 0.62 * expected)
    good = np.isfinite(found) & (found > 0.1 * expected)
    return robust(np.where(good, 0.6 * expected + np.where(good, found, 0), expected), 3)


def _ribs(mask: Mask, template: Legs, s: int, *, axis: float, crotch_y: float, hip: float) -> LegRibs:  # noqa: PLR0913 (by name)
    side = template.side(s)
    top = np.array([axis + s * hip / 2, crotch_y])
    way = unit(side.hem - top)
    length = max(float(np.linalg.norm(side.hem - top)), 4.0)
    found = reach(mask, (side.hem - way * 0.12 * length)[None], way[None], np.array([0.3 * length]))[0]
    longer = found - 0.12 * length if np.isfinite(found) and found > 0 else 0.0
    hem = side.hem + way * float(np.clip(longer, -0.08 * length, 0.15 * length))
    t = np.linspace(0, 1, LEG_RIBS)
    base = top + t[:, None] * (hem - top)
    level = np.clip(1 - t * 3.2, 0, 1)[:, None]  # at the crotch ribs lie level, as the hips' rows do
    normal = unit(np.array([way[1] * s, -way[0] * s]) * (1 - level) + np.array([s, 0.0]) * level)
    knee, cuff = (float(np.linalg.norm(a - b)) / 2 for a, b in ((side.knee_outer, side.knee_inner), (side.hem_outer, side.hem_inner)))
    want = np.interp(t, [0, 0.45, 1], [hip / 2, knee, cuff])
    out = reach(mask, base, normal, 1.8 * want + 4)
    out = np.where(np.isfinite(out) & (out > 0.3 * want), out, want)
    inn = reach(mask, base, -normal, 1.3 * want + 4)
    closed = np.isinf(inn)
    inn = np.where(closed | (inn < 0.3 * want), want, inn)
    middle = 0.5 * (template.left.hem + template.right.hem)
    at_axis = np.interp(base[:, 1], [crotch_y, max(float(middle[1]), crotch_y + 1)], [axis, float(middle[0])])
    limit = np.maximum((base[:, 0] - at_axis) * s / np.maximum(normal[:, 0] * s, 0.3), 2)
    closed = closed | (inn >= limit)
    out, inn = robust(out, 3), robust(np.minimum(inn, limit), 3)
    out[0] = inn[0] = hip / 2
    outer, inner = base + normal * out[:, None], base - normal * inn[:, None]
    return LegRibs(outer, inner, out + inn, np.asarray(closed), float(np.linalg.norm(hem - np.array([axis, crotch_y]))))


def waist_below(mask: Mask, *, waist_y: float, axis: float, columns: Numbers, edge: dict[int, float], hips: float) -> Numbers:  # noqa: PLR0913 (by name)
    """How far below the template's waist the cloth begins, by column (-1..1)."""
    x = axis + np.clip(columns, -0.96, 0.96) * np.where(columns < 0, edge[-1], edge[1])
    cut = mask[:, np.clip(x, 0, mask.shape[1] - 1).astype(int)]
    found = np.where(cut.any(0), cut.argmax(0), np.nan) - waist_y
    found = bridged(found, 0.0)
    middle = float(np.median(found))
    return robust(np.clip(found, middle - 0.05 * hips, middle + 0.12 * hips), 2)
