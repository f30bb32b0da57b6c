"""Orders and looks for tests of engines."""

import hashlib
import io
from dataclasses import replace

from PIL import Image

from compositing import LookOptions
from consumers.compositor.dresser import DressedLook, GarmentPhoto, ItemPlacement, Order, Picture
from tests.unit.compositing.pictures import save, tee

REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OPTIONS = LookOptions(width_px=256, format="png")
PHOTO = save(tee())
KINDS = {"PNG": "image/png", "WEBP": "image/webp", "JPEG": "image/jpeg"}


def an_order(*garments: GarmentPhoto, options: LookOptions = OPTIONS) -> Order:
    """Of one tee, unless garments are given."""
    return Order(REQUEST_ID, "demo", garments or (GarmentPhoto(PHOTO, "t-shirt"),), options)


def drawn(size: tuple[int, int] = (256, 384), kind: str = "PNG", **options: object) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, (90, 120, 40)).save(out, kind, **options)
    return out.getvalue()


def a_picture(data: bytes | None = None, kind: str = "PNG") -> Picture:
    """Of the size that `an_order` asks for, described truly."""
    data = drawn(kind=kind) if data is None else data
    return Picture(data, KINDS[kind], 256, 384, hashlib.sha256(data).hexdigest())


def a_look(picture: Picture | None = None, *items: ItemPlacement, **changes: object) -> DressedLook:
    """The answer to `an_order`."""
    made = DressedLook(
        picture or a_picture(),
        items or (ItemPlacement(0, 31, (10, 20, 200, 300), 5000),),
        "vton-1.5",
        seed=7,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of Dressed
