"""Background that a rough cut-out shuts in."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.between import cleared
from compositing.cut.cutout import Cutout
from tests.unit.compositing.cut import scenes
from tests.unit.compositing.cut.scenes import SIZE, Mask

FLOOR, NAVY, WHITE = (176, 150, 118), (38, 46, 92), (232, 228, 220)
APEX, FOOT = (330, 240), [(326, 470), (352, 470)]


def shut_in(cloth: NDArray[np.floating]) -> tuple[Cutout, Mask]:
    """A sleeve beside its body, the floor between them taken for cloth; and where that floor is."""
    whole = scenes.filled([(240, 110), (300, 104), (372, 150), (420, 470), (240, 470)])
    gap = np.zeros(SIZE[::-1], np.uint8)
    cv2.fillPoly(gap, [np.array([APEX, *FOOT], np.int32)], 1)
    ground = scenes.plain(FLOOR)
    rgb = scenes.grainy(scenes.laid(np.asarray(whole & (gap == 0)), cloth, ground), 3)
    return Cutout(rgb, whole.astype(np.float32), "messy"), np.asarray(gap > 0)


def wedge(apex_y: int) -> NDArray[np.float64]:
    return np.array([(APEX[0], apex_y), (380, 470), (300, 470)], float)


def core(gap: Mask) -> Mask:
    return np.asarray(cv2.erode(gap.astype(np.uint8), np.ones((3, 5), np.uint8)) > 0)


def test_floor_between_a_sleeve_and_the_body_goes_up_to_the_armpit() -> None:
    cutout, gap = shut_in(scenes.plain(NAVY))
    for apex_y in (240, 285):  # the template may take the armpit to be lower than it is
        found = cleared(cutout, [wedge(apex_y)]).mask
        assert not found[core(gap)].any()
        cloth = cutout.mask & (cv2.dilate(gap.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)
        assert found[cloth].all()


def test_a_print_of_the_floors_colour_beside_the_armpit_stays() -> None:
    cloth = scenes.plain(NAVY)
    cv2.circle(cloth, (300, 220), 12, FLOOR, -1)
    cutout, gap = shut_in(cloth)
    found = cleared(cutout, [wedge(240)]).mask
    assert found[210:230, 290:310].all()
    assert not found[core(gap)].any()


def test_white_cloth_on_a_pale_sheet_keeps_its_sleeve() -> None:
    cutout, _ = shut_in(scenes.plain(WHITE))
    whole = Cutout(scenes.grainy(scenes.plain(WHITE), 3), cutout.alpha, "messy")
    assert cleared(whole, [wedge(240)]).mask[cutout.mask].mean() > 0.999


def far_down() -> NDArray[np.float64]:
    """A wedge whose apex the template takes to lie much lower than the armpit."""
    return np.array([(340, 400), (380, 470), (300, 470)], float)


def test_floor_above_a_wedge_that_was_taken_to_end_goes_too() -> None:
    cutout, gap = shut_in(scenes.plain(NAVY))
    found = cleared(cutout, [far_down()]).mask
    assert not found[core(gap)].any()
    assert cleared(cutout, [far_down()], pockets_from=1.0).mask[core(gap)].any()


def test_a_stripe_of_the_floors_colour_on_the_outside_of_a_sleeve_stays() -> None:
    cloth = scenes.plain(NAVY)
    cv2.line(cloth, (398, 330), (420, 470), FLOOR, 24)
    cutout, _ = shut_in(cloth)
    outer = np.zeros(SIZE[::-1], np.uint8)
    cv2.line(outer, (396, 340), (412, 440), 1, 4)
    at = (outer > 0) & cutout.mask
    assert cleared(cutout, [wedge(240)]).mask[at].all()
