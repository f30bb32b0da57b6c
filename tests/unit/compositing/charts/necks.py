"""Necks to look at: drawn garments as they are read from a photo."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing import GarmentInput
from compositing.charts.body import body_of
from compositing.charts.dress import dress
from compositing.charts.neckline import Neckline, neckline
from compositing.charts.worn import Worn
from compositing.cut.cutout import Cutout
from compositing.engine import prepare
from compositing.garment import Garment
from compositing.template.model import Upper
from devstack.garments import drawing
from devstack.garments.photo import PhotoSpec
from schemas.categories import canonical

SIZE = (768, 1024)


@lru_cache(maxsize=32)
def drawn(kind: str, seed: int, *, hanger: bool = False) -> drawing.DrawnPhoto:
    """A garment before a studio's background, or on a hanger before a wall."""
    background = "wall" if hanger else "studio"
    return drawing.draw(kind, seed, background=background, photo=PhotoSpec(SIZE, hanger=hanger))


def upper_of(template: object) -> Upper:
    assert isinstance(template, Upper)
    return template


def neckline_of(one: drawing.DrawnPhoto, category: str, *, hooded: bool = False) -> Neckline:
    """From its true points, but for the dip, which lies where a template would guess it."""
    points = upper_of(one.points)
    left, right = points.left.neck, points.right.neck
    guess = 0.5 * (left + right) + np.array([0.0, 0.35 * abs(float(right[0] - left[0]))])
    kind = canonical(category)
    assert kind is not None
    found = neckline(
        cutout(one.rgb, one.mask), (left, right, guess), kind, above="hood" if hooded else ""
    )
    assert found is not None
    return found


def prepared(one: drawing.DrawnPhoto, category: str) -> Garment:
    data = cv2.imencode(".png", one.rgb[..., ::-1])[1].tobytes()
    return prepare(GarmentInput(data, category, "drawn"))


def worn(garment: Garment, category: str) -> Worn:
    kind = canonical(category)
    assert kind is not None
    assert garment.template is not None
    mask = garment.cutout.mask
    return dress(mask, garment.template, kind, body_of("FEMALE"), studio=True)


def cutout(rgb: NDArray[np.uint8], mask: NDArray[np.bool_], mode: str = "messy") -> Cutout:
    """Of the whole picture."""
    size = (mask.shape[1], mask.shape[0])
    return Cutout(rgb, mask.astype(np.float32), mode, photo_size=size)
