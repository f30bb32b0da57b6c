"""What is hardly a garment gives a template or says so; never anything else."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.errors import GarmentError
from compositing.template import fit, fit_as, parts
from schemas.categories import GarmentCategory as G

Floats = NDArray[np.float32]


def blank(height: int = 120, width: int = 90) -> Floats:
    return np.zeros((height, width), np.float32)


def with_box(top: int, bottom: int, left: int, right: int) -> Floats:
    alpha = blank()
    alpha[top:bottom, left:right] = 1
    return alpha


def noise(share: float) -> Floats:
    rng = np.random.default_rng(5)
    return np.asarray(rng.random((120, 90)) < share, np.float32)


MASKS = {
    "empty": blank(),
    "one pixel": with_box(50, 51, 40, 41),
    "tiny": with_box(50, 54, 40, 44),
    "thread": with_box(5, 115, 44, 46),
    "bar": with_box(5, 115, 38, 52),
    "lying bar": with_box(50, 64, 2, 88),
    "full frame": np.ones((120, 90), np.float32),
    "little noise": noise(0.03),
    "much noise": noise(0.6),
    "faint": np.full((120, 90), 0.4, np.float32),
    "not numbers": np.full((120, 90), np.nan, np.float32),
    "two blobs": np.maximum(with_box(10, 40, 5, 30), with_box(70, 110, 60, 85)),
    "frame": with_box(5, 115, 5, 85) - with_box(12, 108, 12, 78),
    "disc": np.asarray(np.hypot(*np.mgrid[-60:60, -45:45]) < 40, np.float32),
    "one row": np.ones((1, 200), np.float32),
    "nothing": np.zeros((0, 0), np.float32),
}


def numbers(value: object) -> list[float]:
    """All of a template's."""
    if isinstance(value, np.ndarray | float):
        return [float(one) for one in np.ravel(value)]
    if is_dataclass(value):
        return [one for field in fields(value) for one in numbers(getattr(value, field.name))]
    return []


@pytest.mark.parametrize("category", [G.JACKET, G.SHORTS, G.SKIRT])
@pytest.mark.parametrize("name", MASKS)
def test_a_template_of_numbers_or_no_garment_found(name: str, category: G) -> None:
    alpha = MASKS[name]
    rgb = np.full((*alpha.shape, 3), 128, np.uint8)
    try:
        template = fit(rgb, alpha, category)
    except GarmentError as error:
        assert error.code == "no_garment_found"  # noqa: PT017 (either outcome is right)
        return
    assert np.isfinite(numbers(template)).all()
    assert all(np.isfinite(part).all() for part in parts(template).values())


@pytest.mark.parametrize("name", ["empty", "one pixel", "tiny", "faint", "not numbers", "nothing"])
def test_what_is_no_garment_is_refused(name: str) -> None:
    alpha = MASKS[name]
    with pytest.raises(GarmentError, match="garment") as raised:
        fit(np.zeros((*alpha.shape, 3), np.uint8), alpha, G.TOP)
    assert raised.value.code == "no_garment_found"


def test_turned_photos_are_fitted_without_harm() -> None:
    alpha = MASKS["two blobs"]
    rgb = np.zeros((*alpha.shape, 3), np.uint8)
    for turns in range(4):
        assert 0 <= fit_as(rgb, alpha, "upper", quarter_turns=turns).iou <= 1


def test_shoes_have_no_template() -> None:
    alpha = MASKS["full frame"]
    with pytest.raises(GarmentError) as raised:
        fit(np.zeros((*alpha.shape, 3), np.uint8), alpha, G.SHOES)
    assert raised.value.code == "category_mismatch"
