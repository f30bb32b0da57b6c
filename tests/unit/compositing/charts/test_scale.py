"""One scale from several cues: shoulders that drop don't shrink a garment, long sleeves reach the
wrist."""

from dataclasses import replace

import numpy as np
import pytest

from compositing import GarmentInput
from compositing.charts.body import body_of
from compositing.charts.scale import upper_scale
from compositing.charts.upper_photo import UpperPhoto, in_photo
from compositing.engine import prepare
from compositing.template.model import Upper
from devstack.wardrobe import draw
from schemas.categories import GarmentCategory as G
from tests.unit.compositing.charts.necks import drawn, upper_of


def photo_of(kind: str) -> UpperPhoto:
    one = drawn(kind, 2)
    return in_photo(one.mask, upper_of(one.points), studio=True)


@pytest.mark.parametrize(
    ("kind", "category"), [("crew-sweater", G.SWEATER), ("crew-tee", G.T_SHIRT)]
)
def test_dropped_shoulders_say_little(kind: str, category: G) -> None:
    photo, body = photo_of(kind), body_of("FEMALE")
    far = 0.25 * photo.chest
    dropped = replace(
        photo, tip={s: point + np.array([s * far, 0]) for s, point in photo.tip.items()}
    )
    usual, found = (upper_scale(one, category, body).value for one in (photo, dropped))
    assert 0.93 * usual < found <= usual * 1.01


def test_shoulders_that_are_narrow_say_more() -> None:
    """A garment cannot be worn with shoulders much narrower than the body's."""
    photo, body = photo_of("crew-tee"), body_of("FEMALE")
    near = 0.12 * photo.chest
    narrow = replace(
        photo, tip={s: point - np.array([s * near, 0]) for s, point in photo.tip.items()}
    )
    usual, found = (upper_scale(one, G.T_SHIRT, body).value for one in (photo, narrow))
    assert found > 1.02 * usual


@pytest.mark.parametrize(
    ("kind", "category", "long"),
    [
        ("crew-sweater", G.SWEATER, True),
        ("long-sleeve", G.TOP, True),
        ("shirt", G.SHIRT, True),
        ("crew-tee", G.T_SHIRT, False),
        ("scoop-tee", G.T_SHIRT, False),
    ],
)
@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_long_sleeves_reach_the_wrist(kind: str, category: G, mannequin: str, long: bool) -> None:
    photo, body = photo_of(kind), body_of("MALE" if mannequin == "MALE" else "FEMALE")
    scale = upper_scale(photo, category, body)
    reached = (photo.shoulder_px + photo.sleeve_px) * scale.value / body.arm_px
    assert scale.long is long
    assert (0.9 < reached < 1.1) if long else reached < 0.7


def test_three_quarter_sleeves_of_a_long_top_stay_so() -> None:
    """The demo's striped top: at wrist length it would be a tunic."""
    garment = prepare(GarmentInput(draw("stripe-tee"), "top"))
    assert isinstance(garment.template, Upper)
    photo = in_photo(garment.cutout.mask, garment.template, studio=True)
    assert not upper_scale(photo, G.TOP, body_of("FEMALE")).long


@pytest.mark.parametrize(
    ("kind", "category", "share"),
    [
        ("shirt", G.SHIRT, 0.5),
        ("shirt", G.SHIRT, 0.6),
        ("crew-sweater", G.SWEATER, 0.6),
        ("long-sleeve", G.SWEATER, 0.7),
    ],
)
@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
def test_with_shorter_sleeves_it_is_no_longer_than_with_long_ones(
    mannequin: str, kind: str, category: G, share: float
) -> None:
    """Slender sleeves that end at the elbow or beyond, as of a wide shirt on a hanger: taken for
    long ones they would make it reach the knees."""
    body = body_of("MALE" if mannequin == "MALE" else "FEMALE")
    photo = replace(photo_of(kind), studio=False)
    ribs = {
        s: replace(
            one,
            outer=one.outer[0] + share * (one.outer - one.outer[0]),
            inner=one.inner[0] + share * (one.inner - one.inner[0]),
        )
        for s, one in photo.ribs.items()
    }
    long, short = (upper_scale(one, category, body) for one in (photo, replace(photo, ribs=ribs)))
    assert long.long
    assert not short.long
    assert short.value == pytest.approx(long.value, rel=0.1)
