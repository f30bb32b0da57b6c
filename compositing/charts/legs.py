"""Charts of trousers and shorts: a half each, from waist to hem; the halves share the line down to the crotch."""

import numpy as np

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
from compositing.charts.lines import Mask, Numbers, bridged, smooth
from compositing.charts.scale import Cue, Scale, fused, nearer, on_form
from compositing.charts.worn import MARGIN_PX, Worn
from compositing.charts.wrap import worn_half, wrapped
from compositing.template.model import Legs
from schemas.categories import GarmentCategory

ACROSS = np.linspace(0, 1, 10)
"""Columns from the centre line (0) to the outer edge (1)."""
NAMES = {-1: "left", 1: "right"}
LONG = 0.72
"""Trousers whose inseam is longer than this share of their hips are meant to reach the ankle."""
BAND_PX = 34.0
LEG_EASE_SHOWN = 0.80
CROTCH_PX, LOWEST_PX, ANKLE_PX = 12.0, 24.0, 14.0
"""Below the body's crotch, where cloth parts; below the ankles, where the longest ends, and where most do."""


def dress_legs(mask: Mask, template: Legs, category: GarmentCategory, body: Body) -> Worn:
    """Trousers or shorts on a body. `mask` and `template` are upright."""
    photo = in_photo(mask, template)
    scale, top_y = _scale(photo, category, body)
    charts = []
    half = _hips(photo, scale.value, top_y, body, on_form=scale.on_form)
    for s in SIDES:
        chart = untangled(_half(photo, s, half, scale.value, top_y, body))
        charts.append(_with_rim(chart, photo, s, scale.value))
    hem = np.mean([chart.look[-2].mean(0) for chart in charts], axis=0)
    landmarks = {
        "waist": np.array([body.centre_x, top_y]),
        "hem": np.array([body.centre_x, hem[1]]),
    }
    landmarks["crotch"] = np.array([body.centre_x, body.mannequin.crotch_y + CROTCH_PX])
    for s, chart in zip(SIDES, charts, strict=True):
        landmarks[f"hem_{NAMES[s]}"] = chart.look[-2, 1:-1].mean(0)
    return Worn(tuple(charts), scale, landmarks)


def _scale(photo: LegsPhoto, category: GarmentCategory, body: Body) -> tuple[Scale, float]:
    """The scale, and the waistband's row in the look."""
    mannequin = body.mannequin
    hip_girth = 2 * float(body.quarter_girth[mannequin.hip_y])
    waist_row = mannequin.waist_y + 0.22 * (mannequin.hip_y - mannequin.waist_y)
    waist_girth = 2 * float(body.quarter_girth_at(np.array([waist_row]))[0])
    long = category is not GarmentCategory.SHORTS and photo.inseam / photo.hips > LONG
    ease = 1.0 if category is GarmentCategory.LEGGINGS else 1.06
    silhouette = 2 * (float(_bare(body, np.array([mannequin.hip_y]))[0]) + CLOTH_PX)
    rise = (mannequin.crotch_y + CROTCH_PX - waist_row) / max(
        0.97 * (photo.crotch_y - photo.waist_y), 4
    )
    cues = [Cue("rise", rise, 0.25 if long else 0.16)]
    if long:
        cues.append(
            Cue("inseam", (body.ankle_y + ANKLE_PX - mannequin.crotch_y) / photo.inseam, 0.05)
        )
    laid = hip_girth * ease / photo.hips
    hips = nearer("hips", laid, silhouette * 1.02 / photo.hips, cues, 0.07)
    cues.append(hips)
    waist_silhouette = 2 * float(body.half_at(np.array([waist_row]))[0] + CLOTH_PX)
    cues.append(
        nearer(
            "waist",
            waist_girth * 1.04 / photo.waist,
            waist_silhouette * 1.02 / photo.waist,
            cues,
            0.16,
        )
    )
    tight = 0.80 if category is GarmentCategory.LEGGINGS else 0.96
    value = float(
        np.clip(fused(cues), tight * silhouette / photo.hips, 1.45 * hip_girth / photo.hips)
    )
    rise = value * (photo.crotch_y - photo.waist_y) * 0.97
    lowest = mannequin.waist_y + 0.55 * (mannequin.hip_y - mannequin.waist_y)
    top_y = float(np.clip(mannequin.crotch_y + CROTCH_PX - rise, mannequin.waist_y - 6, lowest))
    return Scale(value, tuple(cues), long, on_form(hips, laid=laid)), top_y


def _bare(body: Body, rows: Numbers) -> Numbers:
    """The bare body's half widths, not narrowing below the hips."""
    mannequin = body.mannequin
    core = np.nan_to_num((mannequin.core_right - mannequin.core_left) / 2)
    at = np.arange(len(core))
    below = np.where((at >= mannequin.hip_y) & (at < mannequin.crotch_y + 120), core, 0)
    widths = np.where(at < mannequin.hip_y, body.half, np.maximum.accumulate(below))
    return np.interp(rows, at, widths)


def _hips(photo: LegsPhoto, scale: float, top_y: float, body: Body, *, on_form: bool) -> Numbers:
    """The look's half widths from waist to crotch, in HIP_ROWS rows."""
    rows = np.linspace(top_y, body.mannequin.crotch_y + CROTCH_PX, HIP_ROWS)
    bare = _bare(body, rows)
    girth = bare / np.maximum(body.half_at(rows), 1) * body.quarter_girth_at(rows)
    flat = photo.flat * scale
    half = worn_half(flat, bare, girth, on_form=on_form)
    half = np.minimum(half, bare * 1.18 + CLOTH_PX)
    band = np.clip(1 - (rows - top_y) / BAND_PX, 0, 1) ** 2
    return smooth(half * (1 - band) + (bare[0] + CLOTH_PX) * band, 1.5)


def _half(photo: LegsPhoto, s: int, half: Numbers, scale: float, top_y: float, body: Body) -> Chart:  # noqa: PLR0913 (all it joins)
    """One half of the trousers, (HIP_ROWS + LEG_ROWS - 1, columns)."""
    both = waist_below(
        photo.mask, waist_y=photo.waist_y, axis=photo.axis, columns=np.concatenate([-ACROSS[::-1], ACROSS]), hips=photo.hips,
        edge={side: float(photo.halves[side].wide[0]) for side in SIDES},
    )  # fmt: skip
    waist = both[: len(ACROSS)][::-1] if s < 0 else both[len(ACROSS) :]
    waist[0] = both[len(ACROSS) - 1 : len(ACROSS) + 1].mean()  # the halves share the middle line
    one = photo.halves[s]
    v = np.linspace(0, 1, HIP_ROWS)[:, None]
    early = (1 - v) ** 3
    photo_grid = one.inner[:, None] + ACROSS[None, :, None] * (one.outer - one.inner)[:, None]
    photo_grid[:HIP_ROWS, :, 1] += early * (waist - (photo_grid[0, :, 1] - photo.waist_y))
    look_rows = np.linspace(top_y, body.mannequin.crotch_y + CROTCH_PX, HIP_ROWS)[:, None]
    lift = early * np.clip(waist - np.median(both), -6, 40) * scale * 0.6
    upper_look = np.stack(
        [body.centre_x + s * half[:, None] * wrapped(ACROSS), look_rows + lift], -1
    )
    lower_look = _leg_look(photo, s, float(half[-1]), scale, body)
    look_grid = np.concatenate([upper_look, lower_look[1:]])
    return Chart(f"leg_{NAMES[s]}", photo_grid, look_grid)


def _leg_look(photo: LegsPhoto, s: int, half: float, scale: float, body: Body) -> Numbers:
    """A leg from the crotch's row to its hem (LEG_ROWS, columns, 2)."""
    t = np.linspace(0, 1, LEG_ROWS)
    crotch = body.mannequin.crotch_y + CROTCH_PX
    each = {side: one.inseam for side, one in photo.halves.items()}
    mean = float(np.mean(list(each.values())))
    uneven = abs(each[-1] - each[1]) > 0.3 * (mean + photo.crotch_y - photo.waist_y)
    length = scale * (each[s] if uneven else mean)
    rows = crotch + t * min(length * 0.995, body.ankle_y + LOWEST_PX - crotch)
    out, inn = _around_leg(photo, s, rows, half=half, scale=scale, body=body)
    middle, wide = (out + inn) / 2, (out - inn) / 2
    u = 1 - 2 * ACROSS  # inner edge 1, outer edge -1
    near = (np.clip(1 - t / 0.22, 0, 1) ** 2)[:, None]  # at the crotch wrapped as the hips are
    across = (1 - 2 * wrapped((1 - u) / 2)) * near + wrapped(u) * (1 - near)
    x = body.centre_x + s * (middle[:, None] - across * wide[:, None])
    y = rows[:, None] + (t**3)[:, None] * 4 * (1 - u**2)
    return np.stack([x, y], -1)


def _around_leg(
    photo: LegsPhoto, s: int, rows: Numbers, *, half: float, scale: float, body: Body
) -> tuple[Numbers, Numbers]:  # noqa: PLR0913 (by name)
    """Outer and inner offsets from the body's centre by look row: cloth round the leg, joined to the hips above."""
    mannequin = body.mannequin
    inner, core = (
        (mannequin.inner_left, mannequin.core_left)
        if s < 0
        else (mannequin.inner_right, mannequin.core_right)
    )
    at = np.clip(rows, 0, len(core) - 1).astype(int)
    leg_out, leg_in = np.abs(core[at] - body.centre_x), np.abs(inner[at] - body.centre_x)
    leg_in = smooth(np.where(np.isfinite(leg_in), leg_in, 3.0), 1.5)
    leg_out = smooth(np.nan_to_num(leg_out, nan=float(np.nanmedian(leg_out))), 1.5)
    radius, centre = (leg_out - leg_in) / 2, (leg_out + leg_in) / 2
    girth = bridged(np.asarray(mannequin.facts.legs[s].half_girth[at], float), 150.0)
    seen = (
        2 * radius
        + 2 * CLOTH_PX
        + LEG_EASE_SHOWN * np.maximum(0, photo.halves[s].wide[HIP_ROWS - 1 :] * scale - girth)
    )
    seen = smooth(seen, 2)
    out, inn = centre + seen / 2, centre - seen / 2
    push = np.maximum(0, 1.5 - inn)
    out, inn = out + push * 0.8, inn + push
    down = rows - rows[0]
    whole = max(float(down[-1]), 1.0)
    fade = np.clip(1 - down / max(0.16 * whole, min(110.0, 0.7 * whole)), 0, 1) ** 2
    out = out * (1 - fade) + half * fade
    close = np.clip(1 - down / max(0.12 * whole, min(70.0, 0.6 * whole)), 0, 1) ** 1.5
    return out, inn * (1 - close)


def _with_rim(chart: Chart, photo: LegsPhoto, s: int, scale: float) -> Chart:
    closed = photo.halves[s].closed.copy()
    closed[: HIP_ROWS + 2] = True
    chart = beyond(
        chart, "left", np.where(closed, 0.0, MARGIN_PX), scale
    )  # the inner edge comes first
    chart = beyond(chart, "right", MARGIN_PX, scale * 0.6)
    chart = beyond(chart, "top", MARGIN_PX, scale)
    return beyond(chart, "bottom", MARGIN_PX, scale)
