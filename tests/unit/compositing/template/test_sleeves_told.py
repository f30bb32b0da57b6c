"""Sleeves are told by what an outline shows: cuffs that step inwards, armholes that do not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.template import fit
from compositing.template.body import body_of
from compositing.template.cuffs import cuffs_seen
from compositing.template.model import Upper
from compositing.template.outline import outline_of
from compositing.template.silhouette import Silhouette, reduced
from schemas.categories import GarmentCategory as G

Corners = list[tuple[int, int]]
SIZE = 400
CAP_SLEEVES: Corners = [(230, 40), (300, 60), (330, 105), (290, 125), (280, 130), (300, 370)]
HANGING_SLEEVES: Corners = [(225, 30), (296, 62), (314, 200), (326, 362), (284, 376), (276, 340)]
SEAM: Corners = [(292, 64), (268, 140), (274, 345)]
"""Where such a sleeve's inner edge lies on the body."""
ARMHOLES: Corners = [(230, 40), (265, 48), (268, 110), (290, 150), (288, 260), (300, 370)]


def silhouette(side: Corners) -> NDArray[np.float32]:
    """Half an outline from the neck down, and its mirror image."""
    right = np.array(side)
    ring = np.vstack([right, (right * [-1, 1] + [SIZE, 0])[::-1]])
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [ring], 1)
    return mask.astype(np.float32)


def seen(side: Corners) -> Silhouette:
    alpha = silhouette(side)
    return reduced(np.full((*alpha.shape, 3), 90, np.uint8), alpha)


def fitted(side: Corners, category: G) -> Upper:
    alpha = silhouette(side)
    rgb = np.full((*alpha.shape, 3), 90, np.uint8)
    if side is HANGING_SLEEVES:
        seam = np.array(SEAM)
        for line in (seam, seam * [-1, 1] + [SIZE, 0]):
            cv2.polylines(rgb, [line], False, (40, 40, 40), 4, cv2.LINE_AA)
    template = fit(rgb, alpha, category)
    assert isinstance(template, Upper)
    return template


def test_cap_sleeves_step_inwards_and_armholes_do_not() -> None:
    for side, steps in ((CAP_SLEEVES, True), (ARMHOLES, False), (HANGING_SLEEVES, False)):
        found = seen(side)
        assert cuffs_seen(found, body_of(found)) is steps


def test_a_step_on_one_side_alone_is_no_pair_of_cuffs() -> None:
    alpha = silhouette(CAP_SLEEVES)
    alpha[:, : SIZE // 2] = silhouette(ARMHOLES)[:, : SIZE // 2]
    found = reduced(np.full((*alpha.shape, 3), 90, np.uint8), alpha)
    assert not cuffs_seen(found, body_of(found))


@pytest.mark.parametrize("category", [G.DRESS, G.T_SHIRT, G.TOP])
def test_cap_sleeves_are_sleeves_under_any_category(category: G) -> None:
    template = fitted(CAP_SLEEVES, category)
    assert template.left.sleeved
    assert template.right.sleeved


@pytest.mark.parametrize("category", [G.SHIRT, G.JACKET, G.TOP])
def test_sleeves_that_hang_before_the_body_are_sleeves(category: G) -> None:
    template = fitted(HANGING_SLEEVES, category)
    assert template.left.sleeved
    assert template.left.sleeve_px > 200


@pytest.mark.parametrize("category", [G.JACKET, G.SHIRT, G.TOP, G.DRESS])
def test_armholes_stay_sleeveless_under_any_category(category: G) -> None:
    assert not fitted(ARMHOLES, category).left.sleeved


def test_an_armpit_is_not_looked_for_on_a_ragged_side() -> None:
    """Notches in the outer edge face down too, but no sleeve lies outside them."""
    alpha = silhouette(HANGING_SLEEVES)
    for row in range(80, 300, 12):
        edge = int(np.nonzero(alpha[row])[0][-1])
        alpha[row : row + 6, edge - 5 : edge + 1] = 0
    outline = outline_of(alpha, 0.0)
    pit = np.array([276.0, 150.0])
    assert outline.apex(pit, 1, 75.0) == pytest.approx(pit)
