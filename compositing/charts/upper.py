"""Charts of tops, shirts, jackets, dresses: yoke, body, sleeves. Neighbours share their edges."""

from dataclasses import dataclass

import numpy as np

from compositing.arrays import Mask
from compositing.charts.body import CLOTH_PX, Body
from compositing.charts.chart import Chart, beyond, coons, untangled
from compositing.charts.collar import collar_chart
from compositing.charts.lines import Numbers, lengths, smooth
from compositing.charts.scale import Scale, upper_scale
from compositing.charts.sleeve import sleeve_chart
from compositing.charts.upper_photo import (
    SIDES,
    UpperPhoto,
    armhole_bulge,
    free_px,
    hem_below,
    in_photo,
    trunk_edges,
)
from compositing.charts.worn import Worn, margin_px
from compositing.charts.wrap import bowed, worn_half, wrapped
from compositing.template.model import Upper
from schemas.categories import GarmentCategory

TRUNK_ROWS, YOKE_ROWS = 26, 13
NAMES = {-1: "left", 1: "right"}
UNDER_SLEEVE, RAMP_ROWS = 0.8, 5
"""How far a yoke goes on under a sleeve, in columns, and in how many rows from the shoulder down it
gets there."""
HEM_KEPT = 0.9
"""Share of a hem's slant and curve that a look keeps."""
PITCH = 0.98
"""A trunk's length seen from the front over its true one: chest and belly lean."""
YOKE_PITCH = 0.90
SHORT_PITCH, LONG_PITCH = 0.96, 0.99
"""A sleeve's beside the trunk's: a short one goes round the shoulder (the median of points set by
hand, bench/points.json)."""
PAST_WRIST, MOST_PAST = 0.8, 0.10
"""How much of what of a sleeve is longer than the arm is seen: the rest is bunched at the wrist.
"""


@dataclass(frozen=True, slots=True)
class _UpperPlace:
    """Where it lies on the body, in look px. `neck_at`, `tip_at`: true lengths along the shoulder
    from the neck."""

    neck_at: dict[int, float]
    tip_at: dict[int, float]
    neck: dict[int, Numbers]
    tip: dict[int, Numbers]
    shoulder: float
    pit_y: float
    hem_y: float

    @property
    def neck_y(self) -> float:
        """Mean row of the neck points."""
        return float(self.neck[-1][1] + self.neck[1][1]) / 2


def dress_upper(
    mask: Mask, template: Upper, category: GarmentCategory, body: Body, *, studio: bool
) -> Worn:
    """A garment that hangs from the shoulders, on a body. `mask` and `template` are upright."""
    photo = in_photo(mask, template, studio=studio)
    return hung(photo, upper_scale(photo, category, body), body)


def hung(photo: UpperPhoto, scale: Scale, body: Body) -> Worn:
    """What a photo shows, at a scale, on a body."""
    place = _place(photo, scale.value, body)
    columns = _columns(photo)
    trunk, half = _trunk(photo, place, columns, scale, body)
    yoke, top_look = _yoke(photo, place, trunk, columns, scale.value, body)
    sleeves = [_sleeve(s, photo, place, scale, top_look, float(half[0]), body) for s in photo.ribs]
    collar = _collar(photo, yoke, columns, scale.value)
    inner = tuple(untangled(chart) for chart in (*collar, yoke, trunk, *sleeves))
    charts = tuple(_with_rim(chart, photo, scale.value) for chart in inner)
    return Worn(charts, scale, _landmarks(place, charts, half, body), photo)


def _landmarks(
    place: _UpperPlace, charts: tuple[Chart, ...], half: Numbers, body: Body
) -> dict[str, Numbers]:
    found = {"hem": np.array([body.centre_x, place.hem_y])}
    for s in SIDES:
        name = NAMES[s]
        found[f"neck_{name}"] = place.neck[s]
        found[f"shoulder_{name}"] = place.tip[s]
        found[f"armpit_{name}"] = np.array([body.centre_x + s * half[0], place.pit_y])
        for chart in charts:
            if chart.part == f"sleeve_{name}":
                found[f"cuff_{name}"] = (chart.look[-2, 1] + chart.look[-2, -2]) / 2
    return found


def _place(photo: UpperPhoto, scale: float, body: Body) -> _UpperPlace:
    if photo.shoulders == "off":
        return _off_shoulder(photo, scale, body)
    widest = 0.80 * abs(body.mannequin.sides[1].armpit[0] - body.centre_x)
    half_neck = float(
        np.clip(scale * photo.neck_width / 2, body.mannequin.neck_width_px * 0.56, widest)
    )
    neck_at = {s: body.arms[s].beside(body.centre_x, half_neck) for s in SIDES}
    # The same on both sides: symmetric garments stay symmetric
    shoulder = scale * photo.shoulder_px
    tip_at = {s: neck_at[s] + shoulder for s in SIDES}
    neck = {s: _over_skin(body, s, np.array([neck_at[s]]))[0] for s in SIDES}
    tip = {s: _over_skin(body, s, np.array([tip_at[s]]))[0] for s in SIDES}
    neck_y = float(neck[-1][1] + neck[1][1]) / 2
    pit_y = float(
        np.clip(
            neck_y + scale * (photo.pit_y - photo.neck_y) * YOKE_PITCH,
            body.arm_y + 4,
            body.arm_y + 110,
        )
    )
    hem_y = min(neck_y + scale * (photo.hem_y - photo.neck_y) * PITCH, body.ankle_y + 14)
    if photo.bare:
        _bared(photo, neck, tip, scale, pit_y, body)
    return _UpperPlace(neck_at, tip_at, neck, tip, shoulder, pit_y, hem_y)


def _bared(  # noqa: PLR0913 (a point in the photo, and where it lies)
    photo: UpperPhoto,
    neck: dict[int, Numbers],
    tip: dict[int, Numbers],
    scale: float,
    pit_y: float,
    body: Body,
) -> None:
    """Neck point and tip of a bare shoulder at its armpit, in place."""
    s = photo.bare
    armpit = abs(float(body.mannequin.sides[s].armpit[0]) - body.centre_x)
    for name, found in (("neck", neck), ("tip", tip)):
        point = getattr(photo, name)[s]
        share = abs(float(point[0]) - photo.axis) / max(abs(float(photo.pit[s][0]) - photo.axis), 1)
        up = scale * max(photo.pit_y - float(point[1]), 1.0) * YOKE_PITCH
        found[s] = np.array([body.centre_x + s * share * armpit, pit_y - up])


def _off_shoulder(photo: UpperPhoto, scale: float, body: Body) -> _UpperPlace:
    """Its upper edge goes straight round chest and upper arms, below the shoulders."""
    tip_at = {
        s: body.arms[s].nearest(body.mannequin.sides[s].shoulder) + 5.5 * body.px_per_cm
        for s in SIDES
    }
    tip = {s: _over_skin(body, s, np.array([tip_at[s]]))[0] for s in SIDES}
    neck = {
        s: np.array([body.centre_x + s * 0.8 * abs(tip[s][0] - body.centre_x), tip[s][1] + 6.0])
        for s in SIDES
    }
    neck_y = float(neck[-1][1] + neck[1][1]) / 2
    pit_y = neck_y + scale * (photo.pit_y - photo.neck_y)
    hem_y = min(neck_y + scale * (photo.hem_y - photo.neck_y) * PITCH, body.ankle_y + 14)
    return _UpperPlace(tip_at, tip_at, neck, tip, scale * photo.shoulder_px, pit_y, hem_y)


def _over_skin(body: Body, s: int, along: Numbers) -> Numbers:
    """The cloth's points at true lengths from the neck."""
    point, normal, _ = body.arms[s].at(along)
    return point + normal * CLOTH_PX


def _columns(photo: UpperPhoto) -> Numbers:
    """Where columns stand between the axis (0) and the side edges (-1, 1): neck points fall on
    columns."""
    shares = [
        abs(photo.neck[s][0] - photo.axis) / max(abs(photo.tip[s][0] - photo.axis), 1.0)
        for s in SIDES
    ]
    neck = float(np.clip(np.mean(shares), 0.15, 0.85))
    outer = np.linspace(neck, 1, 6)
    return np.concatenate([-outer[::-1], np.linspace(-neck, neck, 13)[1:-1], outer])


# ---------------------------------------------------------------- body below the armpits


def _trunk(
    photo: UpperPhoto, place: _UpperPlace, columns: Numbers, scale: Scale, body: Body
) -> tuple[Chart, Numbers]:
    """Its chart, and the look's half widths by row."""
    v = np.linspace(0, 1, TRUNK_ROWS)
    rows = photo.pit_y + v * (photo.hem_y - photo.pit_y)
    edge, seen = trunk_edges(photo, rows)
    below = hem_below(photo, columns, edge)
    look_rows = place.pit_y + v * (place.hem_y - place.pit_y)
    bare, girth = body.half_at(look_rows), body.quarter_girth_at(look_rows)
    flat = 0.5 * (edge[-1] + edge[1]) * scale.value
    half = smooth(worn_half(flat, bare, girth, on_form=scale.on_form), 2.5)
    x = np.where(columns < 0, columns * seen[-1][:, None], columns * seen[1][:, None])
    late = (v**2)[:, None]
    photo_grid = np.stack([photo.axis + x, rows[:, None] + late * below], -1)
    sag = late * below * scale.value * HEM_KEPT + bowed(look_rows, half, columns)
    look_grid = np.stack(
        [
            body.centre_x + half[:, None] * wrapped(columns, on_form=scale.on_form),
            look_rows[:, None] + sag,
        ],
        -1,
    )
    return Chart("body", photo_grid, look_grid), half


# ---------------------------------------------------------------- body above the armpits


def _yoke(  # noqa: PLR0913 (a yoke lies between all of these)
    photo: UpperPhoto,
    place: _UpperPlace,
    trunk: Chart,
    columns: Numbers,
    scale: float,
    body: Body,
) -> tuple[Chart, Numbers]:
    """Its chart, and its upper edge in the look (columns, 2)."""
    top_photo, top_look = _upper_edge(photo, place, columns, body)
    bottom_photo, bottom_look = trunk.photo[0], trunk.look[0]
    t = np.linspace(0, 1, YOKE_ROWS)[:, None]
    sides: dict[int, tuple[Numbers, Numbers]] = {}
    for s, k in ((-1, 0), (1, -1)):
        in_photo_ = top_photo[k] + t * (bottom_photo[k] - top_photo[k])
        in_look = top_look[k] + t * (bottom_look[k] - top_look[k])
        if s not in photo.ribs:
            bulge = armhole_bulge(photo, s, YOKE_ROWS)
            in_photo_[:, 0] += s * bulge
            in_look[:, 0] += s * bulge * scale * 0.9
        sides[s] = in_photo_, in_look
    grids = [
        coons(top, bottom, sides[-1][i], sides[1][i])
        for i, (top, bottom) in enumerate(((top_photo, bottom_photo), (top_look, bottom_look)))
    ]
    return Chart("yoke", grids[0], grids[1]), top_look


def _collar(photo: UpperPhoto, yoke: Chart, columns: Numbers, scale: float) -> tuple[Chart, ...]:
    """What stands above the yoke between the neck points; it lies under the yoke."""
    if photo.shoulders == "off":
        return ()
    neck = float(np.min(np.abs(columns)[[5, -6]]))
    between = np.abs(columns) <= neck + 1e-9
    found = collar_chart(photo, (yoke.photo[0, between], yoke.look[0, between]), scale)
    return () if found is None else (found,)


def _upper_edge(
    photo: UpperPhoto, place: _UpperPlace, columns: Numbers, body: Body
) -> tuple[Numbers, Numbers]:
    """The yoke's upper edge in photo and look: shoulder lines, and straight between the necks."""
    neck = float(np.min(np.abs(columns)[[5, -6]]))
    count = len(columns)
    in_photo_, in_look = np.zeros((count, 2)), np.zeros((count, 2))
    for s in SIDES:
        chosen = columns * s >= neck - 1e-9
        share = (np.abs(columns[chosen]) - neck) / (1 - neck)
        line = photo.shoulder[s]
        total = lengths(line)
        in_photo_[chosen] = np.column_stack(
            [np.interp(share * total[-1], total, line[:, k]) for k in (0, 1)]
        )
        if photo.shoulders == "off" or s == photo.bare:
            in_look[chosen] = place.neck[s] + share[:, None] * (place.tip[s] - place.neck[s])
        else:
            along = place.neck_at[s] + share * (place.tip_at[s] - place.neck_at[s])
            in_look[chosen] = _over_skin(body, s, along)
    between = np.abs(columns) < neck - 1e-9
    share = (columns[between] + neck) / (2 * neck)
    level = photo.neck[-1] + share[:, None] * (photo.neck[1] - photo.neck[-1])
    in_photo_[between] = level
    in_look[between] = place.neck[-1] + share[:, None] * (place.neck[1] - place.neck[-1])
    return in_photo_, in_look


def _sleeve(  # noqa: PLR0913 (a sleeve joins all of these)
    s: int,
    photo: UpperPhoto,
    place: _UpperPlace,
    scale: Scale,
    top_look: Numbers,
    half: float,
    body: Body,
) -> Chart:
    seen = (place.hem_y - place.neck_y) / max(photo.hem_y - photo.neck_y, 1.0)  # as the trunk's
    lengths_ = {
        side: seen * ribs.length * (SHORT_PITCH + (LONG_PITCH - SHORT_PITCH) * ribs.slender)
        for side, ribs in photo.ribs.items()
    }
    mean = float(np.mean(list(lengths_.values())))
    even = max(lengths_.values()) - min(lengths_.values()) < 0.35 * mean
    total = mean if even else lengths_[s]
    if scale.long and photo.shoulders != "off":
        wrist = body.arm_px - place.shoulder
        past = max(total - wrist, 0.0)
        total = min(total - (1 - PAST_WRIST) * past, wrist + MOST_PAST * body.arm_px)
    start = top_look[0 if s < 0 else -1]
    armpit = np.array([body.centre_x + s * half, place.pit_y])
    chart = sleeve_chart(
        s,
        photo.ribs[s],
        total,
        start=start,
        armpit=armpit,
        tip_at=place.tip_at[s],
        scale=scale.value,
        body=body,
    )
    return Chart(f"sleeve_{NAMES[s]}", chart.photo, chart.look)


def _with_rim(chart: Chart, photo: UpperPhoto, scale: float) -> Chart:
    """The chart reaching beyond the outline, and the yoke under the sleeves."""
    margin = margin_px(studio=photo.studio)
    for s, edge in ((-1, "left"), (1, "right")):
        if chart.part == "yoke":
            if s in photo.ribs:
                chart = _under_sleeve(chart, edge)
            else:
                chart = beyond(chart, edge, margin, scale)
        elif chart.part == "body":
            chart = beyond(
                chart,
                edge,
                np.minimum(free_px(photo.mask, chart.photo[:, 0 if s < 0 else -1], s), margin),
                scale * 0.6,
            )
    if chart.part == "collar":
        for edge in ("left", "right", "top"):
            chart = beyond(chart, edge, margin, scale)
        return chart
    if chart.part == "yoke":
        return beyond(chart, "top", margin, scale)
    if chart.part == "body":
        return beyond(chart, "bottom", margin, scale)
    s = -1 if chart.part == "sleeve_left" else 1
    free = np.where(
        photo.ribs[s].closed,
        0.0,
        np.minimum(free_px(photo.mask, chart.photo[:, -1], -s), margin),
    )
    chart = beyond(chart, "left", margin, scale)
    chart = beyond(chart, "right", free, scale)
    return beyond(chart, "bottom", margin, scale)


def _under_sleeve(chart: Chart, edge: str) -> Chart:
    """A yoke that goes on a little under the sleeve, but not beyond it at the shoulder."""
    last, inner = (0, 1) if edge == "left" else (-1, -2)
    ramp = np.clip(np.arange(len(chart.look)) / RAMP_ROWS, 0, 1)[:, None] * UNDER_SLEEVE
    grids = []
    for grid in (chart.photo, chart.look):
        line = (grid[:, last] + (grid[:, last] - grid[:, inner]) * ramp)[:, None]
        grids.append(np.concatenate([line, grid] if last == 0 else [grid, line], axis=1))
    return Chart(chart.part, grids[0], grids[1])
