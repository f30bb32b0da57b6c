"""Garments of a look as pictures of their own: stacked they are the look, and without one they are
the look without it.
"""

import io
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from compositing import GarmentInput, Look, LookOptions, compose
from compositing.manifest import LayerPicture
from devstack.wardrobe import draw

SIZE = (384, 576)
OUTFIT = (("jacket", "jacket"), ("jeans", "jeans"), ("tee", "t-shirt"), ("shoes", "shoes"))


@cache
def made(*outfit: tuple[str, str], **options: object) -> Look:
    items = [GarmentInput(draw(name, size_px=(384, 512)), kind) for name, kind in outfit]
    plain = {"width_px": SIZE[0], "quality": 100, "layers": True, **options}
    return compose(items, LookOptions(**plain))  # type: ignore[arg-type]  # fields of LookOptions


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def stacked(layers: list[LayerPicture]) -> NDArray[np.int16]:
    below = Image.new("RGBA", SIZE)
    for one in layers:
        whole = Image.new("RGBA", SIZE)
        whole.paste(picture(one.image).convert("RGBA"), (one.x, one.y))
        below = Image.alpha_composite(below, whole)
    return np.asarray(below.convert("RGB"), np.int16)


def apart(look: Look, layers: list[LayerPicture]) -> NDArray[np.int16]:
    """By how much each pixel differs from the look."""
    shown = np.asarray(picture(look.image).convert("RGB"), np.int16)
    return np.asarray(np.abs(stacked(layers) - shown).max(2), np.int16)


@pytest.mark.parametrize("background", ["studio", "#ff8080"])
def test_all_layers_over_one_another_are_the_look(background: str) -> None:
    look = made(*OUTFIT, background=background)
    worn = [one for one in look.layers if one.item_index is None or not one.alone]
    assert [one.item_index for one in worn] == [None, 3, 1, 2, 0]  # from the skin outwards
    difference = apart(look, worn)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 98) < 16


def test_without_the_outermost_what_it_hid_is_seen_whole() -> None:
    look, without = made(*OUTFIT), made(*OUTFIT[1:], layers=False)
    alone = {one.item_index for one in look.layers if one.alone}
    assert alone == {None, 2}, "the jacket hides the sleeves of the tee, and nothing of the jeans"
    layers = [
        one
        for one in look.layers
        if one.item_index in (None, 1, 3) or (one.item_index, one.alone) == (2, True)
    ]
    difference = apart(without, layers)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 98) < 16


def test_layers_are_made_where_they_are_asked_for_and_change_nothing_of_the_look() -> None:
    plain, asked = made(*OUTFIT[1:], layers=False), made(*OUTFIT[1:])
    assert plain.layers == ()
    assert asked.image == plain.image
