"""`auto`: what is clear by its shape is guessed, and what is not is left to whoever knows."""

import cv2
import numpy as np
import pytest

from compositing.errors import GarmentError
from compositing.guess import BAR, guess, of_costs
from devstack.wardrobe import draw
from schemas.categories import GarmentCategory as G
from tests.unit.compositing.pictures import save


def costs(top: float, dress: float, trousers: float, skirt: float) -> dict[G, float]:
    return {G.TOP: top, G.DRESS: dress, G.TROUSERS: trousers, G.SKIRT: skirt}


@pytest.mark.parametrize(
    ("fits", "height_over_width", "category"),
    [
        (costs(0.1, 0.1, 4.6, 2.5), 1.1, G.TOP),
        (costs(2.1, 0.3, 1.5, 1.5), 1.9, G.DRESS),
        (costs(5.9, 2.4, 0.1, 5.8), 3.1, G.TROUSERS),
        (costs(1.7, 2.6, 0.6, 1.9), 0.8, G.SHORTS),
    ],
)
def test_what_fits_much_better_than_all_else_is_the_guess(
    fits: dict[G, float], height_over_width: float, category: G
) -> None:
    found = of_costs(fits, height_over_width, sleeved=True)
    assert found.category is category
    assert BAR < found.confidence <= 1


@pytest.mark.parametrize(
    "fits",
    [
        costs(0.19, 0.21, 0.81, 0.19),  # a straight skirt
        costs(3.16, 3.18, 2.28, 4.16),  # a shoe
        costs(2.5, 2.3, 6.5, 5.2),  # nothing fits
        costs(1.9, 2.0, 1.5, 0.2),  # a skirt, or a bag
        costs(9, 9, 9, 9),
        costs(0, 0, 0, 0),
    ],
)
def test_what_does_not_is_unclear(fits: dict[G, float]) -> None:
    assert 0 <= of_costs(fits, 1.5, sleeved=True).confidence < BAR


def test_a_top_without_sleeves_is_a_plain_outline() -> None:
    fits = costs(0.1, 0.9, 4.6, 2.5)
    assert of_costs(fits, 1.0, sleeved=True).confidence > BAR
    assert of_costs(fits, 1.0, sleeved=False).confidence < BAR


def test_a_worse_fit_is_never_more_confident() -> None:
    told = [
        of_costs(costs(top, 1.0, 4.0, 3.0), 1.0, sleeved=True).confidence for top in (0, 0.2, 0.4)
    ]
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize(
    ("name", "category"), [("tee", G.TOP), ("jeans", G.TROUSERS), ("dress", G.DRESS)]
)
def test_drawn_garments_are_told_by_their_shapes(name: str, category: G) -> None:
    found = guess(draw(name))
    assert found.category is category
    assert found == guess(draw(name)), "the same photo, the same guess"


def test_a_disc_is_nothing_that_is_guessed() -> None:
    picture = np.full((300, 300, 3), 240, np.uint8)
    cv2.circle(picture, (150, 150), 90, (40, 60, 160), -1)
    with pytest.raises(GarmentError) as told:
        guess(save(picture, "PNG"))
    assert told.value.code == "category_unclear"
    assert "say the category" in str(told.value)
