"""What the learned segmenter expects, on garments whose mask is known."""

import numpy as np
import pytest

from compositing.cut.learned import expected
from devstack.garments import Fabric, PhotoSpec, draw
from devstack.garments.drawing import DrawnPhoto

SIZE_PX = (360, 480)


def photographed(category: str, background: str, seed: int = 3, **how: object) -> DrawnPhoto:
    cloth = Fabric("jersey", (246, 244, 240)) if how.get("white") else None
    photo = PhotoSpec(SIZE_PX, 0.85, "phone", hanger=bool(how.get("hanger")))
    return draw(category, seed, background=background, photo=photo, cloth=cloth)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(
    ("category", "background"),
    [("hoodie", "wood"), ("dress", "sheet"), ("trousers", "blanket"), ("shirt", "wall")],
)
def test_a_garment_is_told_from_floors_and_sheets(category: str, background: str) -> None:
    drawn = photographed(category, background)
    assert overlap(expected(drawn.rgb).cloth > 0.5, drawn.mask) > 0.92


def test_white_cloth_is_told_from_white_paper() -> None:
    drawn = photographed("t-shirt", "white", white=True)
    assert overlap(expected(drawn.rgb).cloth > 0.5, drawn.mask) > 0.92


def test_a_hanger_is_no_cloth() -> None:
    drawn = photographed("sweater", "wall", hanger=True)
    seen = expected(drawn.rgb)
    hook = (seen.foreign > 0.5) & (seen.cloth < 0.5)
    assert hook.sum() > 30
    assert (hook & ~drawn.mask).sum() > 2 / 3 * hook.sum()


def test_the_backs_inside_lies_within_the_cloth_and_above_its_middle() -> None:
    drawn = photographed("t-shirt", "wood")
    seen = expected(drawn.rgb)
    inside = seen.inside > 0.5
    assert 0.002 < inside.sum() / drawn.mask.sum() < 0.15
    assert (inside & drawn.mask).sum() > 0.9 * inside.sum()
    middle = np.nonzero(drawn.mask.any(1))[0].mean()
    assert np.nonzero(inside.any(1))[0].max() < middle


def test_the_same_photo_is_seen_the_same_way() -> None:
    drawn = photographed("skirt", "wood")
    assert (expected(drawn.rgb).cloth == expected(drawn.rgb).cloth).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (333, 2)])
def test_any_size_is_answered_at_its_own(size: tuple[int, int]) -> None:
    seen = expected(np.zeros((*size, 3), np.uint8))
    assert seen.cloth.shape == seen.inside.shape == seen.foreign.shape == size
    assert np.isfinite(seen.cloth).all()
