"""Whom the arbiter believes."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from compositing.cut.arbiter import marks, overlap, score, settle
from compositing.cut.opinion import Opinion, Scene, scene
from tests.unit.compositing.cut import scenes


@pytest.fixture(scope="module")
def drawn() -> scenes.Drawn:
    return scenes.on_a_floor_with_joints()


@pytest.fixture(scope="module")
def seen(drawn: scenes.Drawn) -> Scene:
    return scene(drawn.rgb, "legs")


def at_scene(mask: scenes.Mask, seen: Scene) -> scenes.Mask:
    height, width = seen.colours.shape[:2]
    return np.asarray(
        cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    )


def spoilt(truth: scenes.Mask, kind: str) -> scenes.Mask:
    bad = truth.copy()
    match kind:
        case "half lost":
            bad[:, 240:] = False
        case "floor kept":
            bad[100:260, 60:420] = True
        case "swollen":
            bad = np.asarray(cv2.dilate(bad.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0)
        case "only the middle":
            bad[:280] = bad[340:] = False
    return bad


@pytest.mark.parametrize("kind", ["half lost", "floor kept", "swollen", "only the middle"])
def test_the_truth_scores_better_than_a_spoilt_mask(
    drawn: scenes.Drawn, seen: Scene, kind: str
) -> None:
    truth, bad = at_scene(drawn.truth, seen), at_scene(spoilt(drawn.truth, kind), seen)
    assert score(seen, Opinion(truth, "")) > score(seen, Opinion(bad, "")) + 0.02
    verdict = settle(seen, [Opinion(bad, "bad"), Opinion(truth, "good")])
    assert verdict is not None
    assert verdict.by == "good"


def test_the_templates_fit_decides_between_equals(drawn: scenes.Drawn, seen: Scene) -> None:
    truth = at_scene(drawn.truth, seen)
    longer = np.asarray(cv2.dilate(truth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    wanted = longer.sum()
    verdict = settle(
        seen,
        [Opinion(truth, "short"), Opinion(longer, "long")],
        lambda mask: float(mask.sum() >= wanted),
    )
    assert verdict is not None
    assert verdict.by == "long"


def test_no_further_opinion_is_asked_for_once_two_agree(drawn: scenes.Drawn, seen: Scene) -> None:
    truth = at_scene(drawn.truth, seen)
    asked = []

    def opinions() -> Iterator[Opinion]:
        for name in ("first", "second", "third"):
            asked.append(name)
            yield Opinion(truth, name)

    assert settle(seen, opinions()) is not None
    assert asked == ["first", "second"]


def test_opinions_that_differ_raise_the_doubt(drawn: scenes.Drawn, seen: Scene) -> None:
    truth, bad = at_scene(drawn.truth, seen), at_scene(spoilt(drawn.truth, "half lost"), seen)
    agreed = settle(seen, [Opinion(truth, "one"), Opinion(truth, "other")])
    apart = settle(seen, [Opinion(truth, "one"), Opinion(bad, "other")])
    assert agreed is not None
    assert apart is not None
    assert apart.doubt > agreed.doubt + 0.2


def test_without_an_opinion_there_is_no_verdict(seen: Scene) -> None:
    assert settle(seen, []) is None


def test_an_empty_mask_has_no_marks(seen: Scene) -> None:
    assert marks(seen, np.zeros(seen.colours.shape[:2], bool)).edge == 0


def test_overlap_of_a_mask_with_itself_is_whole() -> None:
    mask = np.eye(8, dtype=bool)
    assert overlap(mask, mask) == 1
