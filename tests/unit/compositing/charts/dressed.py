"""Drawn garments, prepared and laid on a body."""

from functools import cache
from typing import Literal

from compositing import Garment, GarmentInput, LookOptions, prepare
from compositing.charts.worn import Worn
from compositing.dressing import How, lay
from compositing.options import Bars
from devstack import garments
from devstack.garments import PhotoSpec
from devstack.garments.drawing import DrawnPhoto
from devstack.garments.shape import Pose
from schemas.categories import canonical
from tests.unit.compositing.pictures import save

Body = Literal["FEMALE", "MALE"]
SIZE_PX = (480, 640)


@cache
def drawn(kind: str, seed: int = 1, pose: Pose | None = None, turn_rad: float = 0.0) -> DrawnPhoto:
    return garments.draw(kind, seed, pose=pose, photo=PhotoSpec(SIZE_PX, turn_rad=turn_rad))


@cache
def prepared(kind: str, category: str, seed: int = 1, pose: Pose | None = None) -> Garment:
    return prepare(GarmentInput(save(drawn(kind, seed, pose).rgb), category, kind))


def laid(garment: Garment, category: str, mannequin: Body = "FEMALE") -> Worn:
    known = canonical(category)
    assert known is not None
    return lay(known, garment, How(LookOptions(mannequin=mannequin), Bars(0.0, 0.0))).worn
