"""What is known of a drawing: the named points of the flat garment, in the photo's px."""

from collections.abc import Callable, Mapping

import numpy as np

from compositing.arrays import Point
from compositing.template.model import Legs, LegsSide, Skirt, SkirtSide, Template, Upper, UpperSide
from devstack.garments.made import Made

OnPhoto = Callable[[Point], Point]


def truth(made: Made, place: OnPhoto, turn_rad: float) -> Template | None:
    """The template that fits this garment; `place` takes its cm to the photo's px.

    None for shoes, hats and the like.
    """
    if made.points is None:
        return None
    left, right = ({name: place(point) for name, point in side.items()} for side in made.points)
    if made.family == "upper":
        scale = (
            float(np.hypot(*(place(np.array([10.0, 30.0])) - place(np.array([0.0, 30.0]))))) / 10
        )
        sides = [
            _upper(one, length * scale)
            for one, length in zip((left, right), made.sleeves_cm, strict=True)
        ]
        return Upper(sides[0], sides[1], place(made.middle), made.shoulders, turn_rad, 1.0)
    if made.family == "legs":
        return Legs(_legs(left), _legs(right), turn_rad, 1.0)
    return Skirt(_skirt(left), _skirt(right), place(made.middle), turn_rad, 1.0)


def _upper(p: Mapping[str, Point], sleeve_px: float) -> UpperSide:
    return UpperSide(
        neck=p["neck"],
        tip=p["tip"],
        pit=p["pit"],
        waist=p["waist"],
        hem=p["hem"],
        elbow=p["elbow"],
        elbow_outer=p["elbow_outer"],
        elbow_inner=p["elbow_inner"],
        cuff=p["cuff"],
        cuff_outer=p["cuff_outer"],
        cuff_inner=p["cuff_inner"],
        sleeved=sleeve_px > 0,
        sleeve_px=sleeve_px,
    )


def _legs(p: Mapping[str, Point]) -> LegsSide:
    return LegsSide(
        waist=p["waist"],
        hip=p["hip"],
        top_outer=p["top_outer"],
        crotch=p["crotch"],
        knee_outer=p["knee_outer"],
        knee_inner=p["knee_inner"],
        hem_outer=p["hem_outer"],
        hem_inner=p["hem_inner"],
        hem=p["hem"],
    )


def _skirt(p: Mapping[str, Point]) -> SkirtSide:
    return SkirtSide(waist=p["waist"], hip=p["hip"], hem=p["hem"])
