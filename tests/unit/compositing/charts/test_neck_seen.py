"""The neckline that the learned segmenter sees, and what is made of one that it does not see."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from compositing.charts.lines import Numbers
from compositing.charts.neck_curve import like
from compositing.charts.neck_seen import centred, learned_line, narrowed
from compositing.charts.neck_view import REACH_PX, NeckView, view
from compositing.charts.neckline import neckline
from compositing.cut.cutout import INSIDE_PX, Cutout
from schemas.categories import GarmentCategory
from tests.unit.compositing.charts.necks import drawn, upper_of

SIZE = (480, 640)
NECK = np.array([190.0, 100.0]), np.array([290.0, 100.0])
"""Its points; half of its width is 50 px."""


def tee(depth: float, *, half: float = 1.0, aside: float = 0.0, slope: int = 0) -> Cutout:
    """Plain cloth below a level rim, whose map of insides is a half ellipse: no edge shows it."""
    width, height = SIZE
    rgb = np.full((height, width, 3), 120, np.uint8)
    mask = np.zeros((height, width), np.float32)
    mask[100:, 40:440] = 1
    mask[94:100, 190:290] = slope
    y, x = (np.mgrid[0:INSIDE_PX, 0:INSIDE_PX] + 0.5) / INSIDE_PX
    across = (x * width - 240 - 50 * aside) / (50 * half)
    down = (y * height - 100) / (50 * depth)
    inside = ((across**2 + down**2 < 1) & (down > 0)).astype(np.uint8) * 255
    return Cutout(rgb, mask, "messy", photo_size=SIZE, inside=inside)


def seen(cutout: Cutout) -> NeckView:
    return view(cutout.rgb, cutout.mask, *NECK, collared=False)


def lowest(cutout: Cutout, *, collared: bool = False) -> float:
    """The line's depth, in halves of the neck's width."""
    found = learned_line(cutout, seen(cutout), collared=collared)
    assert found is not None
    assert found.line is not None
    return float(found.line[:, 1].max()) / REACH_PX


@pytest.mark.parametrize("depth", [0.4, 0.8, 1.3])
def test_line_is_the_maps_lower_edge(depth: float) -> None:
    assert lowest(tee(depth)) == pytest.approx(depth, abs=0.06 + 0.1 * depth)


def test_deep_map_that_no_edge_shows_opens_no_collar() -> None:
    cutout = tee(2.2, half=0.6)
    found = learned_line(cutout, seen(cutout), collared=True)
    assert found is not None
    assert found.line is None
    assert found.inside.any()


def faint(cutout: Cutout) -> Cutout:
    """With a map that is less certain of its insides."""
    assert cutout.inside is not None
    return replace(cutout, inside=np.asarray(cutout.inside // 4 * 3, np.uint8))


def edged(cutout: Cutout) -> Cutout:
    """With darker cloth where the map is certain of an inside."""
    assert cutout.inside is not None
    there = cv2.resize(cutout.inside, SIZE, interpolation=cv2.INTER_NEAREST) > 0
    return replace(cutout, rgb=np.where(there[..., None], np.uint8(60), cutout.rgb))


def test_a_deep_map_that_no_edge_shows_opens_no_front() -> None:
    """On dark cloth the map goes on below a neckline; one that an edge shows is as deep as it."""
    found = learned_line(tee(2.2, half=0.6), seen(tee(2.2, half=0.6)), collared=False)
    assert found is not None
    assert found.line is None
    assert lowest(edged(tee(2.2, half=0.6))) == pytest.approx(2.2, abs=0.2)


@pytest.mark.parametrize(("level", "depth"), [(135, 0.5), (185, 1.4)])
def test_a_guess_below_a_sure_opening_is_front(level: int, depth: float) -> None:
    """Half sure is no more than a guess; what is nearly sure is the opening too."""
    sure, deep = tee(0.5), tee(1.4)
    assert sure.inside is not None
    assert deep.inside is not None
    guessed = np.where(deep.inside > 0, np.uint8(level), np.uint8(0))
    cutout = replace(sure, inside=np.maximum(sure.inside, guessed))
    assert lowest(cutout) == pytest.approx(depth, abs=0.2)


def test_a_very_deep_map_that_is_not_certain_opens_no_front() -> None:
    """It would lay half of a plain front bare; one that is certain does, and a shallow one too."""
    cutout = edged(tee(3.0, half=0.6))
    assert lowest(cutout) > 2.5
    found = learned_line(faint(cutout), seen(cutout), collared=False)
    assert found is not None
    assert found.line is None
    assert lowest(faint(tee(1.3))) == pytest.approx(1.3, abs=0.2)


def test_map_without_an_inside_is_shut() -> None:
    cutout = replace(tee(0.5), inside=np.zeros((INSIDE_PX, INSIDE_PX), np.uint8))
    found = learned_line(cutout, seen(cutout), collared=False)
    assert found is not None
    assert not found.inside.any()
    assert found.line is None


def test_deeper_line_than_the_maps_has_less_inside_above_it() -> None:
    cutout = tee(0.5)
    here = seen(cutout)
    found = learned_line(cutout, here, collared=False)
    assert found is not None
    shares = [found.share_above(here, like(here, 2.0, 1.0, depth)) for depth in (0.4, 1.0, 2.0)]
    assert shares[0] > 0.9
    assert shares == sorted(shares, reverse=True)
    assert shares[2] < 0.35


def test_what_lies_above_the_inside_is_no_front() -> None:
    """A hanger or the wall above a strip that is all that the map shows."""
    cutout = tee(0.9)
    assert cutout.inside is not None
    strip = cutout.inside.copy()
    strip[: round((100 + 30) / SIZE[1] * INSIDE_PX)] = 0
    assert lowest(replace(cutout, inside=strip)) == pytest.approx(0.9, abs=0.2)


def points(cutout: Cutout, dip: float) -> tuple[Numbers, Numbers, Numbers]:
    return (*NECK, np.array([240.0, 100 + 50 * dip]))


def test_unasked_segmenter_leaves_the_neckline_to_edges() -> None:
    cutout = replace(tee(1.2), inside=None)
    assert learned_line(cutout, seen(cutout), collared=False) is None
    found = neckline(cutout, points(cutout, 0.5), GarmentCategory.T_SHIRT, above="")
    assert found is not None
    assert found.sure < 0.5


def test_neckline_goes_by_the_map() -> None:
    cutout = tee(1.2)
    found = neckline(cutout, points(cutout, 0.5), GarmentCategory.T_SHIRT, above="")
    assert found is not None
    middle = found.inside[:, 240] > 0.5
    assert np.nonzero(middle)[0].max() == pytest.approx(100 + 60, abs=8)


@pytest.mark.parametrize(
    ("half", "slope", "moved"), [(0.6, 1, True), (0.6, 0, False), (0.95, 1, False)]
)
def test_neck_points_on_the_shoulders_move_in(half: float, slope: int, moved: bool) -> None:
    """Where cloth rises from them to a narrow opening."""
    template = upper_of(drawn("crew-tee", 0).points)
    template = replace(
        template,
        left=replace(template.left, neck=NECK[0]),
        right=replace(template.right, neck=NECK[1]),
    )
    found = narrowed(tee(0.5, half=half, slope=slope), template)
    wide = float(found.right.neck[0] - found.left.neck[0])
    assert wide == pytest.approx(100 * (half + 0.08) if moved else 100, abs=13)


@pytest.mark.parametrize(("aside", "moved"), [(0.0, 0.0), (0.24, 0.24), (-0.24, -0.24)])
def test_opening_of_a_collar_lies_in_the_middle_of_the_neck_points(
    aside: float, moved: float
) -> None:
    """As wide as they were, so that nothing else changes its size."""
    template = upper_of(drawn("crew-tee", 0).points)
    template = replace(
        template,
        left=replace(template.left, neck=NECK[0]),
        right=replace(template.right, neck=NECK[1]),
    )
    found = centred(tee(0.8, half=0.5, aside=aside), template)
    for one, neck in zip((found.left.neck, found.right.neck), NECK, strict=True):
        assert one == pytest.approx(neck + np.array([50 * moved, 0]), abs=4)


def test_neck_points_stay_where_no_opening_is_seen() -> None:
    template = upper_of(drawn("crew-tee", 0).points)
    assert centred(replace(tee(0.8), inside=None), template) is template
