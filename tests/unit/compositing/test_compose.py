"""The engine on garments whose shape and colour are known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from compositing import (
    Bars,
    GarmentError,
    GarmentInput,
    InvalidOption,
    LookOptions,
    compose,
    parse_options,
)
from compositing.cut.cutout import cut
from compositing.decode import Photo, decode
from compositing.mannequin import load
from devstack.garments import PhotoSpec as Photograph
from devstack.garments import draw as drawn
from devstack.garments import stranger
from devstack.wardrobe import WARDROBE, draw
from schemas.categories import CATEGORIES
from tests.unit.compositing.pictures import save, tee, tee_mask, trousers

SMALL = LookOptions(width_px=384, format="png")


def look(*items: tuple[NDArray[np.uint8], str], options: LookOptions = SMALL) -> NDArray[np.uint8]:
    made = compose([GarmentInput(save(pixels), category) for pixels, category in items], options)
    decoded = cv2.imdecode(np.frombuffer(made.image, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return np.asarray(
        cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGB),
        np.uint8,
    )


def hue_share(picture: NDArray[np.uint8], box: tuple[int, int, int, int], channel: int) -> float:
    """The share of a box in which one channel is clearly the strongest."""
    x0, y0, x1, y1 = box
    part = picture[y0:y1, x0:x1, :3].astype(int)
    others = [other for other in range(3) if other != channel]
    return float((part[..., channel] > part[..., others].max(-1) + 60).mean())


@pytest.mark.parametrize("wall", [(245, 245, 245), (220, 228, 235), (180, 170, 160)])
def test_a_garment_on_a_plain_wall_is_cut_out_exactly(wall: tuple[int, int, int]) -> None:
    cutout = cut(Photo(tee(wall=wall), None))
    rows, columns = np.nonzero(tee_mask())
    expected = tee_mask()[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    found = cv2.resize(cutout.alpha, expected.shape[::-1]) > 0.5
    assert (found & expected).sum() / (found | expected).sum() > 0.98
    assert cutout.mode == "plain"


def test_a_white_garment_on_white_is_found() -> None:
    cutout = cut(Photo(tee(colour=(255, 255, 255), wall=(243, 243, 243)), None))
    assert cutout.mask.sum() / tee_mask().sum() == pytest.approx(1, abs=0.05)


def test_an_alpha_channel_is_trusted() -> None:
    alpha = (tee_mask() * 255).astype(np.uint8)
    cutout = cut(decode(save(np.dstack([tee(wall=(200, 40, 40)), alpha])), 1024))
    assert cutout.mode == "alpha"
    assert cutout.mask.sum() == tee_mask().sum()


def test_the_colour_stays_true() -> None:
    picture = look((tee(colour=(40, 90, 160)), "top"))
    body = load("FEMALE", 384)
    x, y = int(body.centre_x), body.waist_y - 20
    shown = np.median(picture[y - 15 : y + 15, x - 20 : x + 20].reshape(-1, 3), axis=0)
    assert np.abs(shown - [40, 90, 160]).max() < 20


def test_a_jacket_lies_over_a_top_and_a_top_over_trousers() -> None:
    red, blue, green = (200, 30, 30), (30, 30, 200), (30, 160, 30)
    picture = look((tee(blue), "jacket"), (trousers(green), "trousers"), (tee(red), "t-shirt"))
    body = load("FEMALE", 384)
    middle, beside = int(body.centre_x), int(body.centre_x) + 28
    # It stands open
    assert hue_share(picture, (middle - 4, body.waist_y - 40, middle + 4, body.waist_y), 0) > 0.95
    assert hue_share(picture, (beside, body.waist_y - 60, beside + 10, body.waist_y), 2) > 0.95
    without = look((trousers(green), "trousers"), (tee(red), "t-shirt"))
    hips = (int(body.centre_x) - 25, body.waist_y + 15, int(body.centre_x) + 25, body.waist_y + 35)
    assert hue_share(without, hips, 0) > 0.95


def test_cloth_without_sleeves_lies_over_the_shoulders() -> None:
    """The arms hid what lies on them, but for a thorn above each."""
    side = np.array([(230, 40), (300, 62), (296, 110), (294, 160), (290, 260), (306, 370)])
    photo = np.full((400, 400, 3), 245, np.uint8)
    cv2.fillPoly(photo, [np.vstack([side, (side * [-1, 1] + [400, 0])[::-1]])], (200, 30, 30))
    made = compose([GarmentInput(save(photo), "vest")], SMALL)
    picture = look((photo, "vest"))
    tip = made.manifest.items[0].landmarks["shoulder_right"]
    x, y = (int(one) for one in tip)
    assert hue_share(picture, (x - 12, y + 4, x - 4, y + 16), 0) > 0.9


def test_tucking_in_puts_the_trousers_over_the_top() -> None:
    red, green = (200, 30, 30), (30, 160, 30)
    tucked = look(
        (tee(red), "t-shirt"),
        (trousers(green), "trousers"),
        options=LookOptions(width_px=384, format="png", tuck=True),
    )
    body = load("FEMALE", 384)
    y = int(body.waist_y + 0.6 * (body.hip_y - body.waist_y))
    assert hue_share(tucked, (int(body.centre_x) - 20, y, int(body.centre_x) + 20, y + 12), 1) > 0.9


def test_the_same_input_gives_the_same_bytes() -> None:
    items = [GarmentInput(draw("tee"), "tee"), GarmentInput(draw("jeans"), "jeans")]
    first, second = compose(items, SMALL), compose(items, SMALL)
    assert first.image == second.image
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("kind", ["webp", "png", "jpeg"])
@pytest.mark.parametrize("mannequin", ["MALE", "FEMALE"])
def test_formats_and_mannequins(kind: str, mannequin: str) -> None:
    options, _ = parse_options({"format": kind, "width": 256}, mannequin)
    made = compose([GarmentInput(draw("tee", size_px=(192, 256)), "t-shirt")], options)
    assert made.content_type == f"image/{kind}"
    decoded = cv2.imdecode(np.frombuffer(made.image, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (384, 256, 3)


def test_a_transparent_background_is_transparent_and_a_coloured_one_coloured() -> None:
    clear = look(
        (tee(), "top"), options=LookOptions(width_px=256, format="png", background="transparent")
    )
    assert clear.shape[2] == 4
    assert clear[5, 5, 3] == 0
    assert clear[130, 128, 3] == 255
    pink = look(
        (tee(), "top"), options=LookOptions(width_px=256, format="png", background="#ff8080")
    )
    assert np.abs(pink[5, 5].astype(int) - [255, 128, 128]).max() < 8


def test_the_manifest_says_where_each_item_went() -> None:
    made = compose(
        [GarmentInput(save(tee()), "top"), GarmentInput(save(trousers()), "jeans")], SMALL
    )
    top, jeans = made.manifest.items
    assert (top.item_index, jeans.item_index) == (0, 1)
    assert top.layer > jeans.layer
    assert top.box[3] < jeans.box[3]
    for item in made.manifest.items:
        x0, y0, x1, y1 = item.box
        assert 0 <= x0 < x1 <= 384
        assert 0 <= y0 < y1 <= 576
        assert item.alpha_area_px > 1000


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_every_drawn_garment_is_dressed(name: str) -> None:
    made = compose([GarmentInput(draw(name), WARDROBE[name])], SMALL)
    assert made.manifest.items[0].alpha_area_px > 800
    assert made.manifest.items[0].warnings == ()


@pytest.mark.long
@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_every_category_can_be_placed(category: str) -> None:
    photo = Photograph(size_px=(480, 640))
    made = compose([GarmentInput(save(drawn(category, 1, photo=photo).rgb), category)], SMALL)
    assert made.manifest.items[0].category == category
    assert made.manifest.items[0].alpha_area_px > 80


@pytest.mark.parametrize("category", ["jeans", "skirt", "shorts"])
def test_a_garment_of_another_kind_is_refused_with_a_reason(category: str) -> None:
    with pytest.raises(GarmentError) as caught:
        compose([GarmentInput(save(tee()), "top"), GarmentInput(save(tee()), category)], SMALL)
    assert (caught.value.code, caught.value.item_index) == ("cannot_be_dressed", 1)
    assert "does not look like a garment of this category" in str(caught.value)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(one, marks=pytest.mark.long) for one in (1, 2))]
)
@pytest.mark.parametrize("name", ["cat", "person", "page", "screenshot", "two"])
def test_what_is_no_single_garment_is_never_sold(name: str, seed: int) -> None:
    data = save(stranger(name, seed, size_px=(480, 640)))
    with pytest.raises(GarmentError) as caught:
        compose([GarmentInput(data, ("t-shirt", "dress", "trousers")[seed])], SMALL)
    assert caught.value.code in ("cannot_be_dressed", "no_garment_found")


def test_a_photo_that_stands_on_its_head_is_put_right() -> None:
    upright = compose([GarmentInput(save(tee()), "t-shirt")], SMALL)
    turned = compose(
        [GarmentInput(save(np.ascontiguousarray(tee()[::-1, ::-1])), "t-shirt")], SMALL
    )
    boxes = [np.array(made.manifest.items[0].box) for made in (upright, turned)]
    assert np.abs(boxes[0] - boxes[1]).max() <= 6


def test_between_floor_and_dress_a_garment_is_placed_whole_with_a_warning() -> None:
    item = GarmentInput(save(tee()), "t-shirt")
    made = compose([item], SMALL, Bars(floor=0.0, dress=1.0)).manifest.items[0]
    assert made.placed == "whole"
    assert made.warnings[0].startswith("placed whole, not dressed")
    with pytest.raises(GarmentError) as caught:
        compose([item], SMALL, Bars(floor=1.0, dress=1.0))
    assert caught.value.code == "cannot_be_dressed"


@pytest.mark.parametrize(
    ("data", "category", "code"),
    [
        (save(np.full((640, 480, 3), 240, np.uint8)), "top", "no_garment_found"),
        (save(np.zeros((640, 480, 4), np.uint8)), "top", "no_garment_found"),
        (save(tee()), "spacesuit", "category_mismatch"),
        (b"text", "top", "image_unreadable"),
    ],
)
def test_a_bad_item_is_named(data: bytes, category: str, code: str) -> None:
    with pytest.raises(GarmentError) as caught:
        compose([GarmentInput(save(tee()), "top"), GarmentInput(data, category)], SMALL)
    assert (caught.value.code, caught.value.item_index) == (code, 1)


@pytest.mark.hostile(row=33)
@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=2000),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]),
)
def test_no_bytes_crash_the_engine(tail: bytes, magic: bytes) -> None:
    with pytest.raises(GarmentError):
        compose([GarmentInput(magic + tail, "top")], SMALL)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"width": 255}, "width"), ({"width": 2049}, "width"), ({"width": True}, "width"),
        ({"width": "768"}, "width"),
        ({"format": "gif"}, "format"), ({"quality": 0}, "quality"),
        ({"background": "red"}, "background"),
        ({"tuck": 1}, "tuck"),
        ({"background": "transparent", "format": "jpeg"}, "background"),
    ],
)  # fmt: skip
def test_bad_options_are_named(config: dict[str, object], name: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        parse_options(config, None)
    assert caught.value.name == name


def test_unknown_options_are_named_in_a_warning() -> None:
    options, warnings = parse_options({"glitter": 1, "width": 300}, "MALE")
    assert (options.width_px, options.mannequin) == (300, "MALE")
    assert warnings == ("unknown option 'glitter' was ignored",)
