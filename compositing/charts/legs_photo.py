"""Trousers and shorts in their upright photo: each half as rows between the middle line and the
side. Photo px.

The rows of a half begin on the middle line down to the crotch, then on the inside of the leg, and
end on the side
seam. Both lines are divided by length, so rows of legs that are spread in the photo slant as the
legs do.
"""

from dataclasses import dataclass

import numpy as np

from compositing.arrays import Mask
from compositing.charts.lines import Numbers, at_length, bridged, lengths, reach, robust, unit
from compositing.template.model import Legs, LegsSide

SIDES = (-1, 1)
HIP_ROWS, LEG_ROWS = 16, 24
SLACK = 0.42
"""How far the cloth's edge may lie from the template's, in shares of a row."""
RISE_PER_HIPS = 0.64
LONG_PER_HIPS, RISE_PER_LENGTH = 1.45, 0.31
"""A rise is no longer than this share of the hips, nor of the length of garments that are so long
over their hips: below it legs lie against each other, or the waist was nearer to the camera."""


@dataclass(frozen=True, slots=True)
class HalfPhoto:
    """One half: inner and outer ends of its rows (HIP_ROWS + LEG_ROWS - 1, 2). `closed`: no
    background beside the inner end."""

    inner: Numbers
    outer: Numbers
    closed: Mask
    inseam: float

    @property
    def wide(self) -> Numbers:
        """Length of each row."""
        return np.asarray(np.linalg.norm(self.outer - self.inner, axis=1))


@dataclass(frozen=True, slots=True)
class LegsPhoto:
    """What an upright photo shows of trousers."""

    mask: Mask
    axis: float
    waist_y: float
    crotch_y: float
    hips: float
    waist: float
    halves: dict[int, HalfPhoto]
    studio: bool  # before a plain background

    @property
    def inseam(self) -> float:
        """Mean length of the legs below the crotch."""
        return float(np.mean([half.inseam for half in self.halves.values()]))

    @property
    def flat(self) -> Numbers:
        """Mean half widths from waist to crotch (HIP_ROWS,)."""
        return np.asarray((self.halves[-1].wide + self.halves[1].wide)[:HIP_ROWS] / 2)


def in_photo(mask: Mask, template: Legs, *, studio: bool) -> LegsPhoto:
    """Read an upright photo. `mask`: not empty."""
    left, right = template.left, template.right
    crotch = np.asarray(left.crotch, float)
    top_x = float(left.waist[0] + right.waist[0]) / 2
    axis = 0.5 * (top_x + float(crotch[0]))
    waist_y = float(left.waist[1] + right.waist[1]) / 2
    notch_y = max(float(crotch[1]), waist_y + 8)
    hips = max(float(right.hip[0] - left.hip[0]), 1.0)
    crotch_y = waist_y + _rise(notch_y - waist_y, hips, template, waist_y)
    at = (crotch_y - waist_y) / (notch_y - waist_y)
    middle = np.array(
        [
            [top_x, waist_y],
            [top_x + at * (float(crotch[0]) - top_x), crotch_y],
            [float(crotch[0]), notch_y],
        ]
    )
    halves = {s: _half(mask, template.side(s), middle) for s in SIDES}
    waist = max(float(right.waist[0] - left.waist[0]), 1.0)
    return LegsPhoto(mask, axis, waist_y, crotch_y, hips, waist, halves, studio)


def _rise(seen: float, hips: float, template: Legs, waist_y: float) -> float:
    """From the waist to the crotch, where the legs are seen to part at `seen`."""
    length = 0.5 * float(template.left.hem[1] + template.right.hem[1]) - waist_y
    most = RISE_PER_HIPS * hips
    if length > LONG_PER_HIPS * hips:
        most = min(most, RISE_PER_LENGTH * length)
    return max(min(seen, most), 8.0)


def _half(mask: Mask, side: LegsSide, middle: Numbers) -> HalfPhoto:
    """`middle`: the middle line at the waist, at the crotch, and where the legs part."""
    inside = np.array([*middle[1:], side.knee_inner, side.hem_inner])
    outside = np.array([side.waist, side.hip, side.knee_outer, side.hem_outer])
    v, t = np.linspace(0, 1, HIP_ROWS), np.linspace(0, 1, LEG_ROWS)
    inseam, outseam = float(lengths(inside)[-1]), float(lengths(outside)[-1])
    parting = max(outseam - inseam, 0.3 * outseam)  # as far above the hem as the crotch is
    inner = np.concatenate(
        [middle[0] + v[:, None] * (middle[1] - middle[0]), at_length(inside, t[1:] * inseam)]
    )
    along = np.concatenate([v * parting, parting + t[1:] * (outseam - parting)])
    outer = at_length(outside, along)
    return _on_outline(mask, inner, outer, inseam)


def _on_outline(mask: Mask, inner: Numbers, outer: Numbers, inseam: float) -> HalfPhoto:
    """The rows drawn out, or in, to where cloth ends; where no background parts two legs the
    template's line holds."""
    way, wide = unit(outer - inner), np.linalg.norm(outer - inner, axis=1)
    start = inner + 0.55 * (outer - inner)
    found = reach(mask, start, way, (0.45 + SLACK) * wide + 3)
    off = np.where(np.isfinite(found) & (found > 0), found - 0.45 * wide, np.nan)
    outer = (
        outer + way * robust(np.clip(bridged(off, 0.0), -SLACK * wide, SLACK * wide), 3)[:, None]
    )
    legs = np.arange(len(inner)) >= HIP_ROWS
    found = reach(mask, start, -way, (0.55 + SLACK) * wide + 3)
    closed = np.isinf(found) | ~legs
    off = np.where(closed | (found <= 0.1 * wide), 0.0, found - 0.55 * wide)
    off = robust(np.clip(off, -SLACK * wide, 0.12 * wide), 2) * legs
    off[: HIP_ROWS + 1] = 0.0
    return HalfPhoto(inner - way * off[:, None], outer, np.asarray(closed), inseam)


def waist_below(  # noqa: PLR0913 (by name)
    mask: Mask,
    *,
    waist_y: float,
    axis: float,
    columns: Numbers,
    edge: dict[int, float],
    hips: float,
) -> Numbers:
    """How far below the template's waist the cloth begins, by column (-1..1)."""
    x = axis + np.clip(columns, -0.96, 0.96) * np.where(columns < 0, edge[-1], edge[1])
    cut = mask[:, np.clip(x, 0, mask.shape[1] - 1).astype(int)]
    found = np.where(cut.any(0), cut.argmax(0), np.nan) - waist_y
    found = bridged(found, 0.0)
    middle = float(np.median(found))
    return robust(np.clip(found, middle - 0.05 * hips, middle + 0.12 * hips), 2)
