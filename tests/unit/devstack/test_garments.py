"""The drawn garments: repeatable, and true to what they say of themselves."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import cv2
import numpy as np
import pytest

from compositing.arrays import Point
from compositing.template.model import Legs, Skirt, Template, Upper
from devstack.garments import (
    BACKGROUNDS,
    CATEGORIES,
    KINDS,
    LIGHTS,
    STRANGERS,
    DrawnPhoto,
    Fabric,
    PhotoSpec,
    anything,
    draw,
    stranger,
)
from schemas.categories import CATEGORIES as KNOWN

SMALL = PhotoSpec((168, 224))
ON_THE_OUTLINE = {
    Upper: ("neck", "hem"),
    Legs: ("waist", "hip", "knee_outer", "knee_inner", "hem_outer", "hem_inner"),
    Skirt: ("waist", "hip", "hem"),
}
RANGES_CM = {
    "chest_half_girth": (36, 62),
    "body_length": (24, 150),
    "shoulder_width": (16, 60),
    "waist_half_girth": (26, 46),
    "hip_half_girth": (32, 80),
    "inseam": (10, 84),
    "rise": (22, 32),
    "sleeve_length": (8, 76),
    "foot_length": (24, 30),
}


def named(points: Template) -> Iterator[tuple[str, Point]]:
    """Every point of a template."""
    for field in fields(points):
        value = getattr(points, field.name)
        if is_dataclass(value):
            for inner in fields(value):
                if isinstance(found := getattr(value, inner.name), np.ndarray):
                    yield f"{field.name}.{inner.name}", found
        elif isinstance(value, np.ndarray):
            yield field.name, value


def off_outline_px(drawn: DrawnPhoto, point: Point) -> float:
    contours, _ = cv2.findContours(
        drawn.mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    return float(min(np.linalg.norm(line[:, 0] - point, axis=1).min() for line in contours))


@pytest.fixture(scope="module", params=sorted(KINDS))
def drawn(request: pytest.FixtureRequest) -> DrawnPhoto:
    return draw(request.param, 1, photo=SMALL)


def test_every_kind_draws_one_garment_inside_the_frame(drawn: DrawnPhoto) -> None:
    assert drawn.rgb.shape == (224, 168, 3)
    assert 0.03 < drawn.mask.mean() < 0.8
    assert not drawn.mask[[0, -1]].any()
    assert not drawn.mask[:, [0, -1]].any()
    pieces, _, stats, _ = cv2.connectedComponentsWithStats(drawn.mask.astype(np.uint8))
    assert sum(stats[1:pieces, cv2.CC_STAT_AREA] > 60) == (2 if drawn.kind == "sneakers" else 1)


def test_points_lie_on_the_outline_or_within_the_garment(drawn: DrawnPhoto) -> None:
    if drawn.points is None:
        assert drawn.category in {"shoes", "boots", "hat", "scarf", "bag", "belt"}
        return
    reach = max(3.0, 1.6 * drawn.px_per_cm)
    near = cv2.dilate(drawn.mask.astype(np.uint8), np.ones((2 * int(reach) + 1,) * 2)) > 0
    bare = isinstance(drawn.points, Upper) and not drawn.points.left.sleeved
    for name, (x, y) in named(drawn.points):
        if not (bare and "." in name and name.split(".")[1] in ("elbow", "cuff")):
            assert near[round(y), round(x)], name
    for side in (drawn.points.left, drawn.points.right):
        for name in ON_THE_OUTLINE[type(drawn.points)]:
            assert off_outline_px(drawn, getattr(side, name)) <= reach, name


def test_sizes_are_plausible_and_agree_with_the_picture(drawn: DrawnPhoto) -> None:
    for name, (low, high) in RANGES_CM.items():
        if name in drawn.sizes_cm:
            assert low <= drawn.sizes_cm[name] <= high, name
    points = drawn.points
    if isinstance(points, Upper):
        chest = float(np.linalg.norm(points.right.pit - points.left.pit)) / drawn.px_per_cm
        assert chest == pytest.approx(drawn.sizes_cm["chest_half_girth"], rel=0.01)
    elif isinstance(points, Legs):
        inseam = float(points.left.hem[1] - points.left.crotch[1]) / drawn.px_per_cm
        assert inseam == pytest.approx(drawn.sizes_cm["inseam"], rel=0.03)


def test_the_categories_are_the_products_own() -> None:
    assert set(CATEGORIES) == {str(one) for one in KNOWN}
    assert {kind for kinds in CATEGORIES.values() for kind in kinds} == set(KINDS)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    one, again, other = (draw("shirt", seed, photo=SMALL, background="sheet") for seed in (4, 4, 5))
    assert one.rgb.tobytes() == again.rgb.tobytes()
    assert one.mask.tobytes() == again.mask.tobytes()
    assert one.sizes_cm == again.sizes_cm != other.sizes_cm
    assert one.rgb.tobytes() != other.rgb.tobytes()


def test_a_plain_cloth_keeps_its_colour() -> None:
    one = draw("crew-tee", 2, cloth=Fabric("jersey", (200, 90, 40)), photo=SMALL)
    assert np.abs(np.median(one.rgb[one.mask], axis=0) - (200, 90, 40)).max() < 14


def test_a_hanger_is_no_part_of_the_garment() -> None:
    plain, hung = (
        draw("crew-tee", 3, photo=replace(SMALL, hanger=hanger, fill=0.6))
        for hanger in (False, True)
    )
    assert isinstance(hung.points, Upper)
    top = int(np.nonzero(hung.mask.any(1))[0][0])
    assert top > hung.points.left.neck[1] - 4 * hung.px_per_cm
    assert plain.mask.sum() / plain.px_per_cm**2 == pytest.approx(
        hung.mask.sum() / hung.px_per_cm**2, rel=0.03
    )


def test_points_follow_a_turned_and_tilted_camera() -> None:
    one = draw("jeans", 6, photo=replace(SMALL, turn_rad=0.3, tilt=(0.1, 0.1), fill=0.7))
    assert isinstance(one.points, Legs)
    assert off_outline_px(one, one.points.left.hem_outer) < 5
    assert off_outline_px(one, one.points.right.hem_outer) < 5


@pytest.mark.parametrize("pose", ["spread", "hanging", "closed", "folded"])
def test_sleeves_lie_as_asked(pose: str) -> None:
    one = draw("sweater", 2, pose=pose, photo=SMALL)  # type: ignore[arg-type]  # one of the poses
    assert isinstance(one.points, Upper)
    out = float(one.points.right.cuff[0] - one.points.right.pit[0]) / one.px_per_cm
    low, high = {"spread": (20, 60), "hanging": (8, 34), "closed": (-4, 14), "folded": (-40, 0)}[
        pose
    ]
    assert low < out < high


@pytest.mark.parametrize("background", sorted(BACKGROUNDS))
def test_every_background_is_drawn(background: str) -> None:
    light = LIGHTS[len(background) % len(LIGHTS)]
    one = draw("shorts", 1, background=background, photo=replace(SMALL, light=light, quality=80))
    assert one.rgb[~one.mask].std() > 0.3


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_every_stranger_is_drawn_and_repeatable(name: str) -> None:
    one = stranger(name, 1, size_px=(180, 240))
    assert one.shape == (240, 180, 3)
    assert one.std() > 5
    assert one.tobytes() == stranger(name, 1, size_px=(180, 240)).tobytes()


def test_any_seed_gives_a_photo_with_its_truth() -> None:
    for seed in range(6):
        one = anything(seed, size_px=(180, 240))
        assert one.mask.any()
        assert one.category in CATEGORIES
