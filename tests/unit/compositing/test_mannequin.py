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
    assert picture.shape[1] == 2 * MAX_WIDTH_PX
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
        lean = np.degrees(np.arctan2(abs(arm.wrist[0] - arm.shoulder[0]), arm.wrist[1] - arm.shoulder[1]))
        assert 12 <= lean <= 21
