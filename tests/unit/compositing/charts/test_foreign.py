"""Hangers stand out above a neck and go; cloth, collars and contrasting ribs stay."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compositing.charts.foreign import unhung
from devstack.garments.drawing import DrawnPhoto
from tests.unit.compositing.charts.necks import cutout, drawn, neckline_of, upper_of

KINDS = ["crew-tee", "shirt", "polo", "scoop-tee", "crew-sweater", "turtleneck"]
WOOD, WIRE = (196, 158, 110), (70, 72, 76)


def hung(one: DrawnPhoto) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Its photo with a wooden hanger's top and its hook between the neck points; where they are."""
    points = upper_of(one.points)
    left, right = points.left.neck, points.right.neck
    middle, half = 0.5 * (left + right), 0.5 * float(right[0] - left[0])
    x = round(float(middle[0]))
    top = int(one.mask[:, x].argmax())
    drawing = np.zeros(one.mask.shape, np.uint8)
    shape = np.array([[-0.4, 4], [-0.2, -0.3 * half], [0.2, -0.3 * half], [0.4, 4]])
    shape[:, 0] = x + shape[:, 0] * half
    shape[:, 1] += top
    cv2.fillPoly(drawing, [np.round(shape).astype(np.int32)], 1)
    wood = (drawing > 0) & ~one.mask
    hook = np.zeros_like(drawing)
    cv2.line(hook, (x, top), (x, top - round(1.1 * half)), 1, 4)
    wire = (hook > 0) & ~one.mask & ~wood
    rgb = one.rgb.copy()
    rgb[wood], rgb[wire] = WOOD, WIRE
    return rgb, wood | wire


@pytest.mark.parametrize("kind", KINDS)
def test_hanger_above_the_neck_goes(kind: str) -> None:
    one = drawn(kind, 1)
    rgb, hanger = hung(one)
    found = unhung(cutout(rgb, one.mask | hanger), upper_of(one.points))
    # A rest of the cloth's own colour beside its rim goes behind the neck
    assert float(found.alpha[hanger].mean()) < 0.3
    assert float(found.alpha[one.mask].mean()) > 0.99


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", [*KINDS, "vest", "blazer", "coat", "blouse"])
def test_garment_without_a_hanger_stays_whole(kind: str, seed: int) -> None:
    one = drawn(kind, seed)
    found = unhung(cutout(one.rgb, one.mask), upper_of(one.points))
    assert float(found.alpha[one.mask].mean()) > 0.997


def test_bar_in_the_neck_is_drawn_as_plain_cloth() -> None:
    one = drawn("shirt", 0)
    points = upper_of(one.points)
    middle = 0.5 * (points.left.neck + points.right.neck)
    x, y = np.round(middle + 0.4 * (points.dip - middle)).astype(int)
    rgb = one.rgb.copy()
    cv2.rectangle(rgb, (x - 12, y - 2), (x + 12, y + 2), (20, 160, 60), -1)
    found = neckline_of(replace(one, rgb=rgb), "shirt")
    seen, bar, after = (picture[y, x].astype(int) for picture in (one.rgb, rgb, found.rgb))
    assert np.abs(after - seen).sum() < 0.5 * np.abs(bar - seen).sum()
