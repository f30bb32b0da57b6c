"""Garments that the templates drew are found again."""

from collections.abc import Callable

import numpy as np
import pytest

from compositing.template import fit, fit_as, parts
from compositing.template.model import Legs, Template, Upper
from schemas.categories import GarmentCategory as G
from tests.unit.compositing.template.drawn import (
    Drawn,
    random_legs,
    random_skirt,
    random_upper,
)

SEEDS = range(4)
Draw = Callable[[np.random.Generator], Drawn]

KINDS: dict[str, tuple[Draw, G]] = {
    "sleeved top": (lambda rng: random_upper(rng, sleeved=True), G.TOP),
    "sleeveless top": (lambda rng: random_upper(rng, sleeved=False), G.TOP),
    "trousers": (random_legs, G.TROUSERS),
    "skirt": (random_skirt, G.SKIRT),
}


def point(template: Template, name: str) -> np.ndarray:
    if isinstance(template, Legs) and name == "crotch":
        return template.left.crotch
    what, side = name.rsplit("_", 1)
    return np.asarray(getattr(getattr(template, side), what))


def errors(template: Template, drawing: Drawn) -> list[float]:
    """Of each landmark, over the chest or hips."""
    return [
        float(np.hypot(*(point(template, name) - p))) / drawing.width_px
        for name, p in drawing.points.items()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_lie_within_two_percent_of_the_chest(kind: str) -> None:
    draw, category = KINDS[kind]
    found = []
    for seed in SEEDS:
        drawing = draw(np.random.default_rng(seed))
        template = fit(drawing.rgb, drawing.alpha, category)
        assert template.iou > 0.96
        found += errors(template, drawing)
    assert np.mean(found) < 0.012
    assert np.quantile(found, 0.9) < 0.03


@pytest.mark.parametrize("category", [G.TOP, G.JACKET, G.VEST, G.DRESS])
def test_sleeves_are_told_by_evidence_not_by_category(category: G) -> None:
    for seed, sleeved in ((1, False), (2, True)):
        drawing = random_upper(np.random.default_rng(seed), sleeved=sleeved)
        template = fit(drawing.rgb, drawing.alpha, category)
        assert isinstance(template, Upper)
        assert template.left.sleeved is template.right.sleeved is sleeved


def test_a_mirrored_photo_gives_the_mirrored_template() -> None:
    drawing = random_upper(np.random.default_rng(4), sleeved=True)
    one = fit(drawing.rgb, drawing.alpha, G.TOP)
    other = fit(drawing.rgb[:, ::-1].copy(), drawing.alpha[:, ::-1].copy(), G.TOP)
    assert isinstance(one, Upper)
    assert isinstance(other, Upper)
    width = drawing.alpha.shape[1]
    for name in ("neck", "tip", "pit", "hem", "cuff"):
        mirrored = getattr(other.right, name) * [-1, 1] + [width - 1, 0]
        assert np.hypot(*(mirrored - getattr(one.left, name))) < 0.03 * drawing.width_px


def test_both_sides_of_a_symmetric_garment_are_alike() -> None:
    drawing = random_upper(np.random.default_rng(3), sleeved=True)
    template = fit(drawing.rgb, drawing.alpha, G.TOP)
    assert isinstance(template, Upper)
    assert template.left.sleeve_px == pytest.approx(template.right.sleeve_px, rel=0.03)


def test_the_same_photo_gives_the_same_template() -> None:
    drawing = random_upper(np.random.default_rng(0), sleeved=True)
    once, again = (fit(drawing.rgb, drawing.alpha, G.TOP) for _ in range(2))
    assert isinstance(once, Upper)
    assert isinstance(again, Upper)
    assert once.iou == again.iou
    for name in ("neck", "tip", "pit", "elbow", "cuff_inner"):
        assert np.array_equal(getattr(once.left, name), getattr(again.left, name))


def test_a_garment_fits_its_own_family_upright_best() -> None:
    drawing = random_legs(np.random.default_rng(1))
    own = fit_as(drawing.rgb, drawing.alpha, "legs").iou
    assert own > fit_as(drawing.rgb, drawing.alpha, "upper").iou
    assert own > fit_as(drawing.rgb, drawing.alpha, "skirt").iou + 0.03
    assert own > fit_as(drawing.rgb, drawing.alpha, "legs", quarter_turns=2).iou + 0.03


def test_parts_cover_the_garment() -> None:
    drawing = random_upper(np.random.default_rng(2), sleeved=True)
    found = parts(fit(drawing.rgb, drawing.alpha, G.TOP))
    assert set(found) == {"trunk", "sleeve_left", "sleeve_right"}
    drawing = random_legs(np.random.default_rng(2))
    assert set(parts(fit(drawing.rgb, drawing.alpha, G.JEANS))) == {"hips", "leg_left", "leg_right"}
    drawing = random_skirt(np.random.default_rng(2))
    assert set(parts(fit(drawing.rgb, drawing.alpha, G.SKIRT))) == {"skirt"}
