"""A skirt's one chart, from waist to hem."""

import numpy as np

from compositing.arrays import Mask
from compositing.charts.body import CLOTH_PX, Body
from compositing.charts.chart import Chart, beyond, untangled
from compositing.charts.legs_photo import waist_below
from compositing.charts.lines import Numbers, bridged, reach, robust, smooth
from compositing.charts.scale import Cue, Scale, fused
from compositing.charts.upper_photo import firm
from compositing.charts.worn import Worn, margin_px
from compositing.charts.wrap import bowed, worn_half, wrapped
from compositing.template.model import Skirt

SIDES = (-1, 1)
COLUMNS = np.linspace(-1, 1, 21)
ROWS = 24
BAND_PX, LOWEST_PX = 34.0, 26.0
PITCH = 0.97
LOW_FROM, INWARDS = 0.5, 0.7
"""A side that below this share of the length goes in by more than this a px down is the hem's: it
bows up to its corners."""
FLARED = 1.3
"""A skirt that is so much wider at the hem than at the waist hangs free of the hips."""
HIGHER = 0.4
"""A hem's corner lies no higher above its middle, over the length."""


def dress_skirt(mask: Mask, template: Skirt, body: Body, *, studio: bool) -> Worn:
    """A skirt on a body. `mask` and `template` are upright."""
    left, right = template.left, template.right
    axis = float(left.waist[0] + right.waist[0]) / 2
    waist_y = float(left.waist[1] + right.waist[1]) / 2
    hem_y = max(float(template.hem[1] * 0.5 + (left.hem[1] + right.hem[1]) * 0.25), waist_y + 8)
    hips, waist = (
        max(float(getattr(right, n)[0] - getattr(left, n)[0]), 1.0) for n in ("hip", "waist")
    )
    scale, top_y = _scale(hips, waist, body)
    rows = np.linspace(waist_y, hem_y, ROWS)
    edge = {s: _edge(mask, template, rows, axis=axis, s=s) for s in SIDES}
    corner = {s: _corner(edge[s], rows) for s in SIDES}
    for s in SIDES:
        edge[s][corner[s] :] = edge[s][corner[s]]
    end_y = min(top_y + scale.value * (hem_y - waist_y) * PITCH, body.ankle_y + LOWEST_PX)
    look_rows = np.linspace(top_y, end_y, ROWS)
    half = _half(edge, look_rows, scale.value, body)
    below = waist_below(
        mask,
        waist_y=waist_y,
        axis=axis,
        columns=COLUMNS,
        hips=hips,
        edge={s: float(edge[s][0]) for s in SIDES},
    )
    hem = _hem(mask, edge, axis=axis, rows=rows, corner=corner)
    v = np.linspace(0, 1, ROWS)[:, None]
    early, late = (1 - v) ** 3, v**2
    x = np.where(COLUMNS < 0, COLUMNS * edge[-1][:, None], COLUMNS * edge[1][:, None])
    photo = np.stack([axis + x, rows[:, None] + late * hem + early * below], -1)
    y = look_rows[:, None] + early * np.clip(below - np.median(below), -6, 40) * scale.value * 0.6
    y = y + late * (hem - hem.mean()) * scale.value * 0.7 + bowed(look_rows, half, COLUMNS)
    look = np.stack([body.centre_x + half[:, None] * wrapped(COLUMNS), y], -1)
    chart = untangled(Chart("body", photo, look))
    for edge_name, share in (("left", 0.6), ("right", 0.6), ("top", 1.0), ("bottom", 1.0)):
        chart = beyond(chart, edge_name, margin_px(studio=studio), scale.value * share)
    landmarks = {"waist": np.array([body.centre_x, top_y]), "hem": np.array([body.centre_x, end_y])}
    return Worn((chart,), scale, landmarks)


def _scale(hips: float, waist: float, body: Body) -> tuple[Scale, float]:
    """The scale, and the waistband's row in the look."""
    mannequin = body.mannequin
    top_y = mannequin.waist_y + 0.16 * (mannequin.hip_y - mannequin.waist_y)
    flare = hips / waist
    loose = 1.04 if flare < 1.35 else flare / 1.25
    at = np.array([top_y])
    waists = (
        2 * float(body.quarter_girth_at(at)[0]) * 1.02 / waist,
        2 * float(body.half_at(at)[0] + CLOTH_PX) * 1.02 / waist,
    )
    cues = (
        Cue("waist", float(np.sqrt(waists[0] * waists[1])), 0.10),
        Cue("hips", 2 * float(body.quarter_girth[mannequin.hip_y]) * loose / hips, 0.12),
    )
    return Scale(fused(cues), cues), top_y


def _edge(mask: Mask, template: Skirt, rows: Numbers, *, axis: float, s: int) -> Numbers:
    """Half widths on one side."""
    side = template.side(s)
    points = np.array([side.waist, side.hip, side.hem])
    at = np.maximum.accumulate(points[:, 1] + np.array([0, 0.5, 1.0]))
    expected = np.interp(rows, at, np.abs(points[:, 0] - axis))
    starts = np.column_stack([axis + s * 0.6 * expected, np.clip(rows, 0, mask.shape[0] - 1)])
    found = reach(mask, starts, np.tile([float(s), 0.0], (len(rows), 1)), 0.62 * expected)
    good = np.isfinite(found) & (found > 0.1 * expected)
    return firm(robust(np.where(good, 0.6 * expected + np.where(good, found, 0), expected), 3))


def _half(edge: dict[int, Numbers], rows: Numbers, scale: float, body: Body) -> Numbers:
    """The look's half widths by row."""
    bare, girth = body.half_at(rows), body.quarter_girth_at(rows)
    flat = 0.5 * (edge[-1] + edge[1]) * scale
    half = worn_half(flat, bare, girth, on_form=False)
    if flat[-1] > FLARED * flat[0]:  # it hangs free: what is straight in the photo stays so
        first = bare[0] + CLOTH_PX
        share = (flat - flat[0]) / (flat[-1] - flat[0])
        half = np.maximum(bare + CLOTH_PX, first + share * (half[-1] - first))
    band = np.clip(1 - (rows - rows[0]) / BAND_PX, 0, 1) ** 2
    return smooth(half * (1 - band) + (bare[0] + CLOTH_PX) * band, 2)


def _corner(edge: Numbers, rows: Numbers) -> int:
    """The row from which on a side is the hem's: where it turns inwards."""
    low = int(LOW_FROM * len(edge))
    inwards = np.gradient(edge, rows)[low:] < -INWARDS
    return max(low + int(inwards.argmax()) - 1, 0) if inwards.any() else len(edge) - 1


def _hem(
    mask: Mask, edge: dict[int, Numbers], *, axis: float, rows: Numbers, corner: dict[int, int]
) -> Numbers:
    """How far below the template's hem it ends, by column."""
    length = float(rows[-1] - rows[0])
    x = axis + np.clip(COLUMNS, -0.97, 0.97) * np.where(COLUMNS < 0, edge[-1][-1], edge[1][-1])
    first = {s: min(float(rows[0]) + 0.75 * length, float(rows[corner[s]])) for s in SIDES}
    y = np.where(COLUMNS < 0, first[-1], first[1])
    starts = np.column_stack([x, y])
    down = np.tile([0.0, 1.0], (len(x), 1))
    found = reach(mask, starts, down, rows[-1] + 0.2 * length - y + 5)
    below = np.where(np.isfinite(found) & (found > 0), y + found - rows[-1], np.nan)
    return robust(np.clip(bridged(below, 0.0), -HIGHER * length, 0.2 * length), 3)
