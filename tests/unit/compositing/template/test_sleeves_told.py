"""Sleeves are told by what an outline shows: cuffs that step inwards, armholes that do not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.template import fit, fitting, upper, upper_starts
from compositing.template.body import body_of
from compositing.template.cuffs import cuffs_seen
from compositing.template.model import Upper
from compositing.template.outline import outline_of
from compositing.template.search import Search
from compositing.template.silhouette import Silhouette, reduced
from schemas.categories import GarmentCategory as G

Corners = list[tuple[int, int]]
SIZE = 400
CAP_SLEEVES: Corners = [(230, 40), (300, 60), (330, 105), (290, 125), (280, 130), (300, 370)]
SHORT_SLEEVES: Corners = [(230, 40), (290, 62), (368, 112), (336, 168), (292, 144), (298, 370)]
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


@pytest.mark.parametrize("side", [CAP_SLEEVES, SHORT_SLEEVES])
def test_a_short_sleeves_cuff_ends_at_its_own_corners(side: Corners) -> None:
    """Not on the body's side below the armpit, where the fitted shape may have it."""
    outer, inner = np.array(side[2:4], float)
    for found, flip in ((fitted(side, G.T_SHIRT).right, 1), (fitted(side, G.T_SHIRT).left, -1)):
        mirrored = [SIZE / 2 + flip * (point[0] - SIZE / 2) for point in (outer, inner)]
        assert found.cuff_outer == pytest.approx([mirrored[0], outer[1]], abs=9)
        assert found.cuff_inner == pytest.approx([mirrored[1], inner[1]], abs=9)


def test_a_cuff_that_runs_to_the_armpit_ends_there() -> None:
    found = fitted([(230, 40), (290, 62), (350, 118), (292, 164), (298, 370)], G.T_SHIRT).right
    assert found.cuff_inner == pytest.approx(found.pit, abs=20)


def test_a_way_along_the_outline_is_the_shorter_one_round() -> None:
    alpha = np.zeros((120, 120), np.float32)
    alpha[20:100, 20:100] = 1
    outline = outline_of(alpha, 0.0)
    way = outline.way(np.array([98.0, 30.0]), np.array([60.0, 98.0]), 5.0)
    assert len(way) == pytest.approx(70 + 40, abs=8)
    assert way.max() == pytest.approx(99, abs=1)
    back = outline.way(np.array([60.0, 98.0]), np.array([98.0, 30.0]), 5.0)
    assert np.array_equal(back[::-1], way)
    assert not len(outline.way(np.array([60.0, 60.0]), np.array([98.0, 30.0]), 5.0))


@pytest.mark.parametrize("category", [G.SHIRT, G.JACKET, G.TOP])
def test_sleeves_that_hang_before_the_body_are_sleeves(category: G) -> None:
    template = fitted(HANGING_SLEEVES, category)
    assert template.left.sleeved
    assert template.left.sleeve_px > 200


@pytest.mark.parametrize("category", [G.JACKET, G.SHIRT, G.TOP, G.DRESS])
def test_armholes_stay_sleeveless_under_any_category(category: G) -> None:
    assert not fitted(ARMHOLES, category).left.sleeved


SHEATHED: Corners = [(230, 40), (298, 48), (302, 110), (302, 150), (300, 260), (300, 370)]
"""No armholes: sleeves that hang from a hanger, before the body, leave such an outline."""


@pytest.mark.parametrize(
    ("side", "category", "believed"),
    [
        (ARMHOLES, G.SHIRT, fitting.HIDDEN),
        (SHEATHED, G.SHIRT, fitting.SHOWN),
        (ARMHOLES, G.SWEATER, fitting.HIDDEN),
        (SHEATHED, G.SWEATER, fitting.HUNG),
        (SHEATHED, G.VEST, -fitting.MIN_GAIN),
    ],
)
def test_sleeves_are_believed_the_less_the_clearer_the_armholes(
    side: Corners, category: G, believed: float
) -> None:
    """A shirt without sleeves had some drawn out of its sides; a sweater lost its own."""
    found = seen(side)
    body = body_of(found)
    shape = upper.UpperShape(sleeved=False, flared=False, long=False, hooded=False, body=body)
    starts = upper_starts.starts(found, body, sleeved=False, flared=False)
    bare = fitting.best(Search(shape, found), starts)
    assert fitting.costlier(bare, found, body, category) == believed


def test_an_armpit_is_not_looked_for_on_a_ragged_side() -> None:
    """Notches in the outer edge face down too, but no sleeve lies outside them."""
    alpha = silhouette(HANGING_SLEEVES)
    for row in range(80, 300, 12):
        edge = int(np.nonzero(alpha[row])[0][-1])
        alpha[row : row + 6, edge - 5 : edge + 1] = 0
    outline = outline_of(alpha, 0.0)
    pit = np.array([276.0, 150.0])
    assert outline.apex(pit, 1, 75.0) == pytest.approx(pit)
