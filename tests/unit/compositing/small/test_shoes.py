"""Shoes are worn: toes to the viewer or outwards, soles on the floor, no foot beside them, left and
right mirrored.
"""

import io
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from compositing import GarmentInput, LookOptions, compose
from compositing.mannequin import FOOT_PART, Mannequin, load
from compositing.options import Bars
from compositing.small.legs import cm_px, leg
from compositing.small.place import place
from compositing.small.placed import Placed, box_of
from devstack import garments
from schemas.categories import GarmentCategory
from tests.unit.compositing.pictures import save
from tests.unit.compositing.small.rasterising import cover
from tests.unit.compositing.small.scenes import ABOVE, BEFORE, NAMES, drawn, is_boot

WIDTH_PX = 384


@cache
def worn(name: str, kind: str) -> tuple[list[Placed], Mannequin, NDArray[np.float32]]:
    body = load(kind, WIDTH_PX)
    cutout = drawn(name).cutout
    placed = place(GarmentCategory.BOOTS if is_boot(name) else GarmentCategory.SHOES, cutout, body)
    return placed, body, cover(placed, cutout, body.labels.shape)


def turns(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The signed area of each cell."""
    right, down = np.diff(points, axis=1)[:-1], np.diff(points, axis=0)[:, :-1]
    return np.asarray(right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0])


@pytest.mark.parametrize("kind", ["MALE", "FEMALE"])
@pytest.mark.parametrize("name", NAMES)
def test_soles_stand_on_the_floor_at_a_true_size(name: str, kind: str) -> None:
    _, body, alpha = worn(name, kind)
    unit, centre = cm_px(body), int(body.centre_x)
    for side, part in FOOT_PART.items():
        own = alpha > 0.5
        own[:, centre:] &= side > 0
        own[:, :centre] &= side < 0
        left, top, right, bottom = box_of(own)
        floor = box_of(body.labels == part)[3]
        assert 0 < bottom - floor < 6 * unit  # what points at the viewer is nearer
        wide, tall = (right - left) / unit, (bottom - top) / unit
        if name in ABOVE and "left" not in name:
            assert 9 < wide < 14
            assert (9 if name == "from before" else 15) < tall < 27
        else:
            assert (9 < wide < 14) if name in BEFORE else (22 < wide < 31)
            assert (24 < tall < 48) if is_boot(name) else (8 < tall < 20)


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_folded_and_mirrored_pieces_turn_the_other_way(name: str) -> None:
    placed, _, _ = worn(name, "FEMALE")
    for one in placed:
        sense = np.sign(turns(one.photo)) * np.sign(turns(one.look))
        assert (sense == sense[0, 0]).all()
        assert (sense[0, 0] < 0) == one.mirrored


def test_a_pair_from_above_goes_to_its_own_feet() -> None:
    for name in ("apart from above", "touching from above", "touching, toes up"):
        placed, _, _ = worn(name, "MALE")
        assert not any(one.mirrored for one in placed)


@pytest.mark.parametrize(
    "name", ["one from above", "one profile", "one profile to the left", "one boot"]
)
def test_a_single_shoe_is_mirrored_for_the_other_foot(name: str) -> None:
    placed, body, alpha = worn(name, "FEMALE")
    assert {one.mirrored for one in placed} == {False, True}
    middle = round(2 * body.centre_x)
    there = alpha > 0.5
    columns = np.nonzero(there.any(0))[0]
    mirrored = np.zeros_like(there)
    mirrored[:, middle - columns] = there[:, columns]
    assert (there & mirrored).sum() > 0.85 * (there | mirrored).sum()


@pytest.mark.parametrize(
    "name",
    ["two profiles", "one profile to the left", "heels touching", "boots", "touching, toes left"],
)
def test_profiles_turn_their_toes_outwards(name: str) -> None:
    placed, body, alpha = worn(name, "MALE")
    for one in placed:
        own = alpha > 0.5
        left = one.look[..., 0].mean() < body.centre_x
        columns = np.nonzero(own.any(0))[0]
        columns = columns[(columns < body.centre_x) == left]
        on = leg(body, -1 if left else 1)
        ankle = float(on.centre(np.array([on.foot_top]))[0])
        reach = abs(columns - body.centre_x).max() - abs(ankle - body.centre_x)
        assert reach > 0.6 * float(np.ptp(columns))


@pytest.mark.parametrize("name", ABOVE)
def test_the_leg_enters_before_the_back_of_the_opening(name: str) -> None:
    placed, _, _ = worn(name, "FEMALE")
    assert [one.order for one in placed] == ["behind", "before"] * 2
    for back, front in (placed[:2], placed[2:]):
        assert (back.look == front.look).all()
        assert back.share is not None
        assert front.share is not None
        assert (front.share <= back.share + 1e-6).all()
        most = 0.99 if "left" in name else 0.9  # from the side little of the opening is seen
        assert 0.3 * back.share.sum() < front.share.sum() < most * back.share.sum()


def test_the_leg_stands_before_the_insole() -> None:
    body = load("FEMALE", WIDTH_PX)
    photo = garments.draw("sneakers", 2)
    look = compose(
        [GarmentInput(save(photo.rgb), "shoes")],
        LookOptions(width_px=WIDTH_PX, format="png"),
        Bars(0.0, 0.0),
    )
    shown = np.asarray(Image.open(io.BytesIO(look.image)).convert("RGB"), float)
    for side in (-1, 1):
        own = leg(body, side)
        row = int(own.foot_top)  # above the front edge of the opening, below its back
        column = int(own.centre(np.array([row]))[0])
        assert np.abs(shown[row, column] - body.picture[row, column]).max() < 16
        toes = int(own.floor)
        assert np.abs(shown[toes, column] - body.picture[toes, column]).max() > 40


@pytest.mark.parametrize("background", ["studio", "transparent"])
def test_no_bare_foot_is_seen_beside_a_shoe(background: str) -> None:
    body = load("FEMALE", WIDTH_PX)
    photo = garments.draw("sneakers", 2)
    options = LookOptions(width_px=WIDTH_PX, format="png", background=background)
    look = compose([GarmentInput(save(photo.rgb), "shoes")], options, Bars(0.0, 0.0))
    shown = np.asarray(Image.open(io.BytesIO(look.image)).convert("RGBA"), float)
    floor = np.median(body.picture[-40:, :60].reshape(-1, 3), 0)
    skin = body.labels == FOOT_PART[-1]
    rows = np.arange(len(skin))[:, None] > box_of(skin)[3] - 2 * cm_px(body)
    bare = np.abs(shown[..., :3] - body.picture).max(-1) < 6
    bare &= np.abs(body.picture - floor).max(-1) > 24
    assert (skin & rows & bare & (shown[..., 3] > 128)).sum() < 0.03 * (skin & rows).sum()
