"""A jumpsuit's charts: those of a top down to the waist, and of trousers that are sewn on there."""

from collections.abc import Mapping

import numpy as np

from compositing.arrays import Mask
from compositing.charts.body import Body
from compositing.charts.chart import Chart
from compositing.charts.legs import ACROSS as LEG_ACROSS
from compositing.charts.legs import (
    ANKLE_PX,
    CROTCH_PX,
    LONG,
    LOW_CROTCH_PX,
    PITCH,
    Hung,
    SeamLine,
    leg_charts,
    legs_landmarks,
)
from compositing.charts.legs_photo import LegsPhoto
from compositing.charts.legs_photo import in_photo as legs_in_photo
from compositing.charts.lines import Numbers
from compositing.charts.scale import Cue, Scale, fused, upper_scale
from compositing.charts.upper import hung
from compositing.charts.upper_photo import SIDES, UpperPhoto, in_photo
from compositing.charts.worn import Worn
from compositing.template.model import Suit
from schemas.categories import GarmentCategory

TRUNK_SPREAD, LENGTH_SPREAD = 0.07, 0.06
"""Doubt of the two lengths that a jumpsuit must have: from the neck to the crotch, to the ankle."""


def dress_suit(
    mask: Mask, template: Suit, category: GarmentCategory, body: Body, *, studio: bool
) -> Worn:
    """A jumpsuit or dungarees on a body. `mask` and `template` are upright."""
    photo = in_photo(mask, template.upper, studio=studio)
    legs = legs_in_photo(mask, template.legs, studio=studio)
    scale = _scale(photo, legs, upper_scale(photo, category, body), body)
    upper = hung(photo, scale, body)
    top_y = float(upper.landmarks["hem"][1])
    mannequin = body.mannequin
    crotch_y = float(
        np.clip(
            top_y + scale.value * (legs.crotch_y - legs.waist_y) * PITCH,
            mannequin.crotch_y + CROTCH_PX,
            mannequin.crotch_y + LOW_CROTCH_PX,
        )
    )
    lower = Hung(legs, body, scale, top_y, crotch_y, banded=False)
    trunk = next(chart for chart in upper.charts if chart.part == "body")
    charts = leg_charts(lower, _seam(trunk))
    landmarks: Mapping[str, Numbers] = {**upper.landmarks, **legs_landmarks(lower, charts)}
    return Worn((*upper.charts, *charts), scale, landmarks, photo)


def _scale(photo: UpperPhoto, legs: LegsPhoto, own: Scale, body: Body) -> Scale:
    """The upper half's cues, and the lengths that legs in it have on a body."""
    mannequin = body.mannequin
    neck_y = float(mannequin.top[int(body.centre_x + 0.62 * mannequin.neck_width_px)])
    to_crotch = max(legs.crotch_y - photo.neck_y, 8.0)
    cues = [
        *own.cues,
        Cue("trunk", (mannequin.crotch_y + CROTCH_PX - neck_y) / (PITCH * to_crotch), TRUNK_SPREAD),
    ]
    if legs.inseam / legs.hips > LONG:
        reach = body.ankle_y + ANKLE_PX - neck_y
        cues.append(Cue("length", reach / (PITCH * to_crotch + legs.inseam), LENGTH_SPREAD))
    return Scale(fused(cues), tuple(cues), own.long, own.on_form)


def _seam(trunk: Chart) -> dict[int, SeamLine]:
    """The trunk's last row, without its rim, at the legs' columns: by side from the middle out."""
    photo, look = trunk.photo[-2, 1:-1], trunk.look[-2, 1:-1]
    middle = len(photo) // 2
    found = {}
    for s in SIDES:
        part = slice(middle, None) if s > 0 else slice(middle, None, -1)
        share = np.abs(photo[part, 0] - photo[middle, 0])
        at = LEG_ACROSS * share[-1]
        found[s] = (_at(photo[part], share, at), _at(look[part], share, at))
    return found


def _at(points: Numbers, share: Numbers, at: Numbers) -> Numbers:
    return np.column_stack([np.interp(at, share, points[:, k]) for k in (0, 1)])
