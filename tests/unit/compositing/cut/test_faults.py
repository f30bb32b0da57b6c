"""Each photo has one fault that cut-outs used to have."""

import cv2
import numpy as np
import pytest

from compositing.cut.opinion import ExpectedShape
from compositing.cut.thin import without_hooks
from compositing.errors import GarmentError
from devstack import garments
from devstack.garments.photo import Light
from tests.unit.compositing.cut import scenes


def test_a_white_garment_leaves_its_shadow_on_the_floor() -> None:
    drawn = scenes.white_on_white()
    found = scenes.cut_out(drawn.rgb)
    assert drawn.overlap() > 0.93
    assert not found[550:].any()


def test_the_hook_of_a_hanger_is_taken_off() -> None:
    drawn = scenes.hanging()
    assert not scenes.cut_out(drawn.rgb)[:100].any()
    assert drawn.overlap() > 0.99


def test_spaghetti_straps_stay() -> None:
    drawn, straps = scenes.strapped()
    assert scenes.cut_out(drawn.rgb)[straps].mean() > 0.97
    assert drawn.overlap() > 0.98


def test_a_checked_shirt_on_a_checked_sheet_keeps_its_light_checks() -> None:
    assert scenes.on_a_sheet().overlap() > 0.97


def test_patches_of_the_floors_colour_inside_a_garment_stay() -> None:
    drawn, patches = scenes.printed_like_its_ground()
    assert scenes.cut_out(drawn.rgb)[patches].mean() > 0.99
    assert drawn.overlap() > 0.94


def test_the_joint_between_two_boards_is_not_garment() -> None:
    drawn = scenes.on_a_floor_with_joints()
    found = scenes.cut_out(drawn.rgb, "legs")
    assert not found[:180].any()
    assert not found[460:].any()
    assert drawn.overlap("legs") > 0.97


def hook_and_strap() -> tuple[scenes.Mask, scenes.Mask, scenes.Mask]:
    """A body with an arch that joins it at both ends, and a rod that joins it at one: all, arch,
    rod.
    """
    body, arch, rod = (np.zeros((400, 400), np.uint8) for _ in range(3))
    cv2.rectangle(body, (100, 150), (300, 390), 1, -1)
    cv2.ellipse(arch, (150, 155), (35, 80), 0, 180, 360, 1, 4)
    cv2.line(rod, (215, 150), (215, 40), 1, 4)
    return (body | arch | rod) > 0, (arch > 0) & ~(body > 0), (rod > 0) & ~(body > 0)


def test_a_strap_joins_at_both_ends_and_a_hook_at_one() -> None:
    everything, arch, rod = hook_and_strap()
    kept = without_hooks(everything, np.zeros((400, 400, 3), np.float32), pair=False)
    assert kept[arch].mean() > 0.95
    assert kept[rod].mean() < 0.1


@pytest.mark.parametrize("grain", [0, 2])
@pytest.mark.parametrize("shape", ["body", "legs", "pair"])
def test_a_bare_wall_is_no_garment(shape: ExpectedShape, grain: float) -> None:
    rgb = scenes.grainy(scenes.plain((214, 206, 196)), grain)
    with pytest.raises(GarmentError) as caught:
        scenes.cut(rgb, shape)
    assert caught.value.code == "no_garment_found"


def test_the_same_photo_gives_the_same_mask() -> None:
    rgb = scenes.on_a_sheet().rgb
    assert (scenes.cut_out(rgb) == scenes.cut_out(rgb)).all()


@pytest.mark.parametrize(
    ("kind", "seed", "light"), [("joggers", 19, "flash"), ("hoodie", 41, "phone")]
)
def test_a_flood_that_lost_most_of_a_garment_before_a_rough_wall_is_not_believed(
    kind: str, seed: int, light: Light
) -> None:
    photo = garments.PhotoSpec((576, 768), 0.8, light, hanger=True, quality=85, creased=1.8)
    drawn = garments.draw(kind, seed, background="wall", photo=photo)
    found = scenes.cut_out(drawn.rgb)
    assert (found & drawn.mask).sum() / (found | drawn.mask).sum() > 0.95
