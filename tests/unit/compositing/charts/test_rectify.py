"""Photos taken aslant are put straight by the garment's symmetry; true asymmetry stays."""

from dataclasses import fields, replace
from typing import cast

import numpy as np
import pytest

from compositing.charts.rectify import rectified, through
from compositing.charts.upright import Turn
from compositing.template.model import Legs, Skirt, Template, Upper
from tests.unit.compositing.charts.dressed import drawn


def known(kind: str) -> Template:
    points = drawn(kind).points
    assert points is not None
    return points


def moved(template: Template, matrix: np.ndarray) -> Template:
    return Turn(matrix, (480, 640)).template(template)


def uneven(template: Template) -> float:
    """The worst difference in height of left and right points, over the width."""
    names = ("waist", "hem") if isinstance(template, Upper | Skirt) else ("waist", "hem_outer")
    pairs = [(getattr(template.left, n), getattr(template.right, n)) for n in names]
    return max(abs(float((a - b)[1])) / float(np.hypot(*(a - b))) for a, b in pairs)


def aslant(nearer: float, rows: float) -> np.ndarray:
    to = np.array([[1 / 240, 0, -1], [0, 1 / 240, -320 / 240], [0, 0, 1]])
    return np.asarray(
        np.linalg.inv(to) @ np.array([[1, 0.03, 0], [rows, 1, 0], [nearer, 0, 1]]) @ to
    )


@pytest.mark.parametrize("kind", ["crew-tee", "a-line-dress", "jeans", "a-line-skirt"])
@pytest.mark.parametrize(("nearer", "rows"), [(0.07, 0.04), (-0.08, 0.0), (0.0, -0.06)])
def test_what_was_photographed_aslant_comes_out_even(kind: str, nearer: float, rows: float) -> None:
    photo = moved(known(kind), aslant(nearer, rows))
    straight = moved(photo, rectified(photo))
    assert uneven(straight) < max(0.4 * uneven(photo), 0.02)


@pytest.mark.parametrize("kind", ["crew-tee", "jeans", "a-line-skirt"])
def test_what_was_photographed_straight_stays_as_it_is(kind: str) -> None:
    matrix = rectified(known(kind))
    points = np.array([[0.0, 0], [480, 0], [0, 640], [480, 640]])
    assert np.abs(through(matrix, points) - points).max() < 6


def test_a_hem_that_is_cut_aslant_stays_aslant() -> None:
    template = known("sheath-dress")
    assert isinstance(template, Upper)
    wide = float(np.hypot(*(template.left.hem - template.right.hem)))
    lower = replace(template.left, hem=template.left.hem + np.array([0, 0.3 * wide]))
    cut = replace(template, left=lower)
    straight = moved(cut, rectified(cut))
    left, right = straight.left, straight.right
    assert float(left.hem[1] - right.hem[1]) > 0.6 * 0.3 * wide


def test_bounds_hold_for_points_that_mirror_nothing() -> None:
    template = known("jeans")
    assert isinstance(template, Legs)
    rng = np.random.default_rng(1)
    sides = []
    for side in (template.left, template.right):
        thrown = {field.name: rng.uniform(0, 600, 2) for field in fields(side)}
        sides.append(replace(side, **cast("dict[str, np.ndarray]", thrown)))
    matrix = rectified(replace(template, left=sides[0], right=sides[1]))
    assert np.isfinite(matrix).all()
    assert abs(np.linalg.det(matrix)) > 0.5
