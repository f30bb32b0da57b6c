"""The mannequins' assets agree with each other."""

import cv2
import numpy as np
import pytest

from compositing.mannequin import FOLDER, load
from compositing.options import MAX_WIDTH_PX


@pytest.mark.parametrize("name", ["female", "male"])
def test_picture_labels_normals_and_depth_show_the_same_body(name: str) -> None:
    picture = cv2.imread(str(FOLDER / f"{name}.webp"), cv2.IMREAD_COLOR)
    labels = cv2.imread(str(FOLDER / f"{name}_labels.png"), cv2.IMREAD_GRAYSCALE)
    depth = cv2.imread(str(FOLDER / f"{name}_depth.png"), cv2.IMREAD_UNCHANGED)
    normals = cv2.imread(str(FOLDER / f"{name}_normals.png"), cv2.IMREAD_COLOR)
    assert picture is not None
    assert labels is not None
    assert depth is not None
    assert normals is not None
    assert picture.shape[1] == MAX_WIDTH_PX
    assert depth.shape == labels.shape == normals.shape[:2]
    assert ((depth > 0) == (labels > 0)).mean() > 0.9999
    lengths = np.linalg.norm(normals[labels > 0].astype(float) / 127.5 - 1, axis=1)
    assert np.abs(lengths - 1).max() < 0.03


@pytest.mark.parametrize("kind", ["FEMALE", "MALE"])
@pytest.mark.parametrize("width_px", [256, 768, 1024])
def test_landmarks_lie_on_the_body_at_every_size(kind: str, width_px: int) -> None:
    body = load(kind, width_px)
    assert body.waist_y < body.hip_y < body.crotch_y
    for side in (-1, 1):
        arm = body.sides[side]
        assert arm.shoulder[1] < arm.armpit[1] < arm.elbow[1] < arm.wrist[1] < arm.ankle[1]
        for point in (arm.shoulder, arm.elbow, arm.wrist, arm.ankle):
            assert body.body[int(point[1]), int(point[0])]
        lean = np.degrees(
            np.arctan2(abs(arm.wrist[0] - arm.shoulder[0]), arm.wrist[1] - arm.shoulder[1])
        )
        assert 12 <= lean <= 21


@pytest.mark.parametrize(
    ("kind", "chest", "waist", "hips", "neck"),
    [
        ("FEMALE", (84, 90), (64, 72), (90, 96), (30, 36)),
        ("MALE", (96, 102), (78, 88), (94, 102), (35, 41)),
    ],
)
def test_the_body_has_a_shop_size(
    kind: str,
    chest: tuple[float, float],
    waist: tuple[float, float],
    hips: tuple[float, float],
    neck: tuple[float, float],
) -> None:
    body = load(kind, 1024)
    facts = body.facts
    girth_cm = facts.torso.half_girth * 200 / facts.px_per_m
    armpit_y = int(max(side.armpit[1] for side in body.sides.values()))
    bust = float(np.nanmax(girth_cm[armpit_y : body.waist_y]))
    seat = float(np.nanmax(girth_cm[body.hip_y - int(0.1 * facts.px_per_m) : body.crotch_y]))
    narrow = float(np.nanmin(girth_cm[armpit_y : body.hip_y]))
    collar = 200 * facts.neck_half_girth / facts.px_per_m
    arm_cm = [100 * float(arm.length[-1]) / facts.px_per_m for arm in facts.arms.values()]
    print(  # noqa: T201 (what a failure needs to be understood)
        f"{kind}: chest {bust:.1f}, waist {narrow:.1f}, hips {seat:.1f}, neck {collar:.1f}, arms "
        f"{arm_cm}"
    )
    assert chest[0] <= bust <= chest[1]
    assert waist[0] <= narrow <= waist[1]
    assert hips[0] <= seat <= hips[1]
    assert neck[0] <= collar <= neck[1]
    assert all(55 <= length <= 62 for length in arm_cm)
    assert 11 <= 100 * facts.shoulder_length / facts.px_per_m <= 17


@pytest.mark.parametrize("kind", ["FEMALE", "MALE"])
@pytest.mark.parametrize("width_px", [256, 768, 1024])
def test_facts_agree_with_the_picture_at_every_size(kind: str, width_px: int) -> None:
    body = load(kind, width_px)
    facts = body.facts
    half_width = (body.core_right - body.core_left) / 2
    for girths in (facts.torso, *facts.legs.values()):
        known = ~np.isnan(girths.half_girth)
        assert known.any()
        assert np.all(girths.half_girth[known] >= 0.99 * 2 * girths.half_width[known])
    trunk = slice(int(max(side.armpit[1] for side in body.sides.values())) + 2, body.hip_y)
    assert np.abs(facts.torso.half_width[trunk] - half_width[trunk]).max() <= 1.5
    for side, arm in facts.arms.items():
        assert np.all(np.diff(arm.length) > 0)
        assert np.all(arm.half_girth >= 2 * 0.95 * arm.half_width)
        in_picture = np.hypot(np.diff(arm.x), np.diff(arm.y)).sum()
        assert in_picture == pytest.approx(arm.length[-1], rel=0.02), (
            "the arms are in the picture's plane"
        )
        assert np.linalg.norm(body.sides[side].wrist - [arm.x[-1], arm.y[-1]]) < 0.01 * width_px
        assert (
            (facts.shoulder_tip[side][0] - body.centre_x) * side
            > (facts.neck_base[side][0] - body.centre_x) * side
            > 0
        )
