"""Charts of trousers and shorts: a half each, from waist to hem.

The halves share the line down to the crotch.
"""

from dataclasses import dataclass

import numpy as np

from compositing.arrays import Mask
from compositing.charts.body import CLOTH_PX, Body
from compositing.charts.chart import Chart, beyond, untangled
from compositing.charts.legs_photo import (
    HIP_ROWS,
    LEG_ROWS,
    SIDES,
    LegsPhoto,
    in_photo,
    waist_below,
)
from compositing.charts.lines import Numbers, bridged, smooth
from compositing.charts.scale import Cue, Scale, Widths, fused, on_form
from compositing.charts.worn import Worn, margin_px
from compositing.charts.wrap import bowed, worn_half, wrapped
from compositing.template.model import Legs
from schemas.categories import GarmentCategory

ACROSS = np.linspace(0, 1, 10)
"""Columns from the centre line (0) to the outer edge (1)."""
NAMES = {-1: "left", 1: "right"}
LONG = 0.72
"""Trousers whose inseam is longer than this share of their hips are meant to reach the ankle."""
BAND_PX = 34.0
LEG_EASE_SHOWN = 0.80
CROTCH_PX, LOW_CROTCH_PX = 12.0, 80.0
"""How far below the body's crotch cloth parts, and how far at most, of trousers with a deep rise.
"""
LOWEST_PX, ANKLE_PX = 24.0, 14.0
"""Below the ankles: where the longest end, and where most do."""
ABOVE_WAIST_PX = 12.0
USUAL, LOWEST_WAIST, LOOSE = 0.22, 0.62, 0.04
"""How far below the body's waist, in shares of the way to its hips, a waistband usually lies, and
how far at most one that is wider over its hips than the body is there, by so much."""
ROUND_PX, ROUND_STEP_PX = 36.0, 4.0
"""Over how much of its length an outer edge is rounded, and in which steps."""
PITCH = 0.98
NARROWER = 0.85
"""A photo from a slant shows lengths down to this share of widths."""
SeamLine = tuple[Numbers, Numbers]


@dataclass(frozen=True, slots=True)
class Hung:
    """Trousers and where they hang in the look: the rows of waistband and crotch."""

    photo: LegsPhoto
    body: Body
    scale: Scale
    top_y: float
    crotch_y: float
    banded: bool = True
    """It ends in a waistband that lies on the body; not so the lower half of a jumpsuit."""

    @property
    def seen(self) -> float:
        """Look px per photo px, downwards: as the rise is drawn, so are the legs."""
        return (self.crotch_y - self.top_y) / max(self.photo.crotch_y - self.photo.waist_y, 1.0)

    @property
    def across(self) -> float:
        """Look px per photo px, sideways: less than downwards where the hips' width says that the
        photo shows lengths too short."""
        hips = next((cue.scale for cue in self.scale.cues if cue.name == "hips"), self.scale.value)
        return float(np.clip(hips, NARROWER * self.scale.value, self.scale.value))

    @property
    def hip_rows(self) -> Numbers:
        """From waist to crotch."""
        return np.linspace(self.top_y, self.crotch_y, HIP_ROWS)


def dress_legs(
    mask: Mask, template: Legs, category: GarmentCategory, body: Body, *, studio: bool
) -> Worn:
    """Trousers or shorts on a body. `mask` and `template` are upright."""
    hung = _hung(in_photo(mask, template, studio=studio), category, body)
    charts = leg_charts(hung)
    return Worn(charts, hung.scale, legs_landmarks(hung, charts))


def leg_charts(hung: Hung, seam: dict[int, SeamLine] | None = None) -> tuple[Chart, Chart]:
    """Left and right half. `seam`: by side the row of photo and look points (columns, 2) that the
    upper half of a jumpsuit ends with, from the middle to the side."""
    half, waist = _hips(hung), _waistband(hung)
    found = []
    for s in SIDES:
        chart = _half(hung, s, half, waist)
        if seam is not None:
            chart = _sewn(chart, seam[s])
        found.append(_with_rim(untangled(chart), hung, s))
    return found[0], found[1]


def _sewn(chart: Chart, seam: SeamLine) -> Chart:
    """Its first row drawn to a seam, and less and less of the rows below."""
    fade = (1 - np.linspace(0, 1, HIP_ROWS)[:, None, None]) ** 2
    grids = []
    for grid, row in zip((chart.photo, chart.look), seam, strict=True):
        moved = grid.copy()
        moved[:HIP_ROWS] += fade * (row - grid[0])
        grids.append(moved)
    return Chart(chart.part, grids[0], grids[1])


def legs_landmarks(hung: Hung, charts: tuple[Chart, Chart]) -> dict[str, Numbers]:
    """Waist, crotch and hems in the look."""
    hems = {s: chart.look[-2, 1:-1].mean(0) for s, chart in zip(SIDES, charts, strict=True)}
    middle = hung.body.centre_x
    return {
        "waist": np.array([middle, hung.top_y]),
        "crotch": np.array([middle, hung.crotch_y]),
        "hem": np.array([middle, float(hems[-1][1] + hems[1][1]) / 2]),
        **{f"hem_{NAMES[s]}": hem for s, hem in hems.items()},
    }


def _hung(photo: LegsPhoto, category: GarmentCategory, body: Body) -> Hung:
    level = _level(photo, body)
    scale = _scale(photo, category, body, level)
    mannequin = body.mannequin
    rise = scale.value * (photo.crotch_y - photo.waist_y) * PITCH
    crotch_y = mannequin.crotch_y + CROTCH_PX
    high = mannequin.hip_y - mannequin.waist_y
    most = mannequin.crotch_y + LOW_CROTCH_PX
    hung = min(mannequin.waist_y + level * high, most - rise)  # its rise stays as long as it is
    highest = max(hung, mannequin.waist_y - ABOVE_WAIST_PX)
    lowest = mannequin.waist_y + LOWEST_WAIST * high
    top_y = float(np.clip(crotch_y - rise, highest, lowest))
    crotch_y = float(np.clip(top_y + rise, crotch_y, most))
    return Hung(photo, body, scale, top_y, crotch_y)


def _level(photo: LegsPhoto, body: Body) -> float:
    """Where the body is as wide, over its hips, as the waistband is: in shares of the way from its
    waist to its hips; negative where it is nowhere so narrow."""
    mannequin = body.mannequin
    share = np.linspace(0, LOWEST_WAIST, 32)
    girth = body.quarter_girth_at(mannequin.waist_y + share * (mannequin.hip_y - mannequin.waist_y))
    wide = np.maximum.accumulate(girth) / body.quarter_girth[mannequin.hip_y]
    lower = wide < photo.waist / photo.hips - LOOSE
    return float(share[int(lower.sum()) - 1]) if lower[0] else -1.0


def _scale(photo: LegsPhoto, category: GarmentCategory, body: Body, level: float) -> Scale:
    """Full-length trousers go from the waist to the ankle, whatever the share of their rise.
    `level`: as `_level` has it."""
    mannequin = body.mannequin
    high = mannequin.hip_y - mannequin.waist_y
    waist_y = mannequin.waist_y + max(level, USUAL) * high
    at = np.array([waist_y])
    laid, worn = (
        2 * body.quarter_girth[mannequin.hip_y],
        2 * (body.half[mannequin.hip_y] + CLOTH_PX),
    )
    long = category is not GarmentCategory.SHORTS and photo.inseam / photo.hips > LONG
    rise = PITCH * max(photo.crotch_y - photo.waist_y, 4)
    if long:
        waistband = mannequin.waist_y + max(level, 0.1 * USUAL) * high
        reach = body.ankle_y + ANKLE_PX - waistband
        cues = [Cue("length", reach / (rise + photo.inseam), 0.025)]
    else:
        usual = mannequin.waist_y + USUAL * high
        cues = [Cue("rise", (mannequin.crotch_y + CROTCH_PX - usual) / rise, 0.16)]
    ease = 1.0 if category is GarmentCategory.LEGGINGS else 1.06
    widths = Widths("hips", laid * ease / photo.hips, worn * 1.02 / photo.hips, 0.07, photo.studio)
    hips = widths.cue(cues)
    widths = Widths(
        "waist",
        2 * float(body.quarter_girth_at(at)[0]) * 1.04 / photo.waist,
        2 * float(body.half_at(at)[0] + CLOTH_PX) * 1.02 / photo.waist,
        0.16,
        photo.studio,
    )
    waist = widths.cue([*cues, hips])
    cues += [hips, waist]
    tight = 0.80 if category is GarmentCategory.LEGGINGS else 0.96
    value = float(np.clip(fused(cues), tight * worn / photo.hips, 1.6 * laid / photo.hips))
    return Scale(value, tuple(cues), long, on_form(hips, laid=laid * ease / photo.hips))


def _bare(body: Body, rows: Numbers) -> Numbers:
    """The bare body's half widths, not narrowing below the hips."""
    mannequin = body.mannequin
    core = np.nan_to_num((mannequin.core_right - mannequin.core_left) / 2)
    at = np.arange(len(core))
    below = np.where((at >= mannequin.hip_y) & (at < mannequin.crotch_y + 120), core, 0)
    widths = np.where(at < mannequin.hip_y, body.half, np.maximum.accumulate(below))
    return np.interp(rows, at, widths)


def _hips(hung: Hung) -> Numbers:
    """The look's half widths from waist to crotch (HIP_ROWS,); the waistband lies on the body."""
    rows, body = hung.hip_rows, hung.body
    bare = _bare(body, rows)
    girth = bare / np.maximum(body.half_at(rows), 1) * body.quarter_girth_at(rows)
    flat = hung.photo.flat * hung.across
    half = worn_half(flat, bare, girth, on_form=hung.scale.on_form)
    if not hung.banded:
        return smooth(half, 1.5)
    half = np.minimum(half, bare * 1.07 + CLOTH_PX)
    band = np.clip(1 - (rows - hung.top_y) / BAND_PX, 0, 1) ** 2
    return smooth(half * (1 - band) + (bare[0] + CLOTH_PX) * band, 1.5)


def _waistband(hung: Hung) -> dict[int, Numbers]:
    """How far below the waist's row the cloth begins, by side and column, and its median (0)."""
    photo = hung.photo
    both = waist_below(
        photo.mask,
        waist_y=photo.waist_y,
        axis=photo.axis,
        columns=np.concatenate([-ACROSS[::-1], ACROSS]),
        hips=photo.hips,
        edge={s: float(photo.halves[s].wide[0]) for s in SIDES},
    )
    count = len(ACROSS)
    both[count - 1 : count + 1] = both[count - 1 : count + 1].mean()  # the halves share the middle
    return {-1: both[:count][::-1], 1: both[count:], 0: np.array([np.median(both)])}


def _half(hung: Hung, s: int, half: Numbers, waist: dict[int, Numbers]) -> Chart:
    """One half of the trousers, (HIP_ROWS + LEG_ROWS - 1, columns)."""
    photo, one, centre_x = hung.photo, hung.photo.halves[s], hung.body.centre_x
    early = (1 - np.linspace(0, 1, HIP_ROWS)[:, None]) ** 3
    photo_grid = one.inner[:, None] + ACROSS[None, :, None] * (one.outer - one.inner)[:, None]
    photo_grid[:HIP_ROWS, :, 1] += early * (waist[s] - (photo_grid[0, :, 1] - photo.waist_y))
    lift = early * np.clip(waist[s] - waist[0], -6, 40) * hung.scale.value * 0.6
    x = centre_x + s * half[:, None] * wrapped(ACROSS, on_form=hung.scale.on_form)
    upper = np.stack([x, hung.hip_rows[:, None] + lift], -1)
    lower = _leg(hung, s, float(half[-1]))
    look = _rounded(np.concatenate([upper, lower[1:]]), hung, s)
    return Chart(f"leg_{NAMES[s]}", photo_grid, look)


def _rounded(look: Numbers, hung: Hung, s: int) -> Numbers:
    """A half whose outer edge goes from hip to thigh without a corner, but nowhere inside of the
    body; from the crotch's row on its inner edge stays, and what lies between moves along."""
    middle, mannequin = hung.body.centre_x, hung.body.mannequin
    outer, inner = s * (look[:, -1, 0] - middle), s * (look[:, 0, 0] - middle)
    down = look[:, -1, 1]
    order = np.maximum.accumulate(down)
    fine = np.arange(order[0], order[-1] + ROUND_STEP_PX, ROUND_STEP_PX)
    line = np.interp(fine, order, outer)
    even = smooth(line, ROUND_PX / ROUND_STEP_PX)
    core = mannequin.core_right if s > 0 else mannequin.core_left
    at = np.clip(fine, 0, len(core) - 1).astype(int)
    bare = np.nan_to_num(np.abs(core[at] - middle)) + CLOTH_PX
    near = np.minimum(fine - fine[0], fine[-1] - fine) / (2 * ROUND_PX)  # waist and hem stay
    share = np.clip(near, 0, 1)
    even = np.maximum(line + share * (even - line), np.minimum(bare, line))
    wide = (np.interp(order, fine, even) - inner) / np.maximum(outer - inner, 1e-6)
    moved = look.copy()
    first = look[:, :1, 0]
    moved[..., 0] = first + (look[..., 0] - first) * wide[:, None]
    return moved


def _leg(hung: Hung, s: int, half: float) -> Numbers:
    """A leg in the look from the crotch's row to its hem (LEG_ROWS, columns, 2)."""
    photo, t = hung.photo, np.linspace(0, 1, LEG_ROWS)
    each = {side: one.inseam for side, one in photo.halves.items()}
    mean = float(np.mean(list(each.values())))
    uneven = abs(each[-1] - each[1]) > 0.3 * (mean + photo.crotch_y - photo.waist_y)
    length = hung.seen * (each[s] if uneven else mean)
    lowest = hung.body.ankle_y + LOWEST_PX - hung.crotch_y
    rows = hung.crotch_y + t * min(length, lowest)
    out, inn = _around(hung, s, rows, half)
    middle, wide = (out + inn) / 2, (out - inn) / 2
    u = 1 - 2 * ACROSS  # inner edge 1, outer edge -1
    near = (np.clip(1 - t / 0.22, 0, 1) ** 2)[:, None]  # at the crotch wrapped as the hips are
    on_form = hung.scale.on_form
    hips, leg = 1 - 2 * wrapped((1 - u) / 2, on_form=on_form), wrapped(u, on_form=on_form)
    across = hips * near + leg * (1 - near)
    x = hung.body.centre_x + s * (middle[:, None] - across * wide[:, None])
    bow = bowed(rows, wide, u)
    y = rows[:, None] + (t**3)[:, None] * (bow - bow[:, :1])
    return np.stack([x, y], -1)


def _around(hung: Hung, s: int, rows: Numbers, half: float) -> tuple[Numbers, Numbers]:
    """Outer and inner offsets from the body's centre by look row: cloth round a leg.

    Above it is joined to the hips, `half` wide, and closed between the legs.
    """
    mannequin, centre_x = hung.body.mannequin, hung.body.centre_x
    inner, core = (mannequin.inner_right, mannequin.core_right)
    if s < 0:
        inner, core = (mannequin.inner_left, mannequin.core_left)
    at = np.clip(rows, 0, len(core) - 1).astype(int)
    leg_out, leg_in = np.abs(core[at] - centre_x), np.abs(inner[at] - centre_x)
    leg_in = smooth(np.where(np.isfinite(leg_in), leg_in, 3.0), 1.5)
    leg_out = smooth(bridged(leg_out, 100.0), 1.5)
    radius, centre = (leg_out - leg_in) / 2, (leg_out + leg_in) / 2
    girth = bridged(np.asarray(mannequin.facts.legs[s].half_girth[at], float), 150.0)
    flat = hung.photo.halves[s].wide[HIP_ROWS - 1 :] * hung.across
    bare = 2 * radius + 2 * CLOTH_PX
    if hung.scale.on_form:
        seen = smooth(np.maximum(bare, flat), 2)
    else:
        seen = smooth(bare + LEG_EASE_SHOWN * np.maximum(0, flat - girth), 2)
    out, inn = centre + seen / 2, centre - seen / 2
    push = np.maximum(0, 1.5 - inn)
    out, inn = out + push * 0.8, inn + push
    down = rows - rows[0]
    whole = max(float(down[-1]), 1.0)
    fade = np.clip(1 - down / max(0.16 * whole, min(110.0, 0.7 * whole)), 0, 1) ** 2
    close = np.clip(1 - down / max(0.12 * whole, min(70.0, 0.6 * whole)), 0, 1) ** 1.5
    return out * (1 - fade) + half * fade, inn * (1 - close)


def _with_rim(chart: Chart, hung: Hung, s: int) -> Chart:
    """The chart reaching beyond the outline, but not over the middle line."""
    margin = margin_px(studio=hung.photo.studio)
    closed, scale = hung.photo.halves[s].closed.copy(), hung.scale.value
    closed[: HIP_ROWS + 2] = True
    chart = beyond(chart, "left", np.where(closed, 0.0, margin), scale)  # inner edge first
    chart = beyond(chart, "right", margin, scale * 0.6)
    chart = beyond(chart, "top", margin, scale)
    return beyond(chart, "bottom", margin, scale)
