"""The picture engine. Pure: photos' bytes and options in, a picture and its manifest out.

Options and errors come at once; what needs pixels is imported when it is first asked for: a process
that only checks
options needs neither OpenCV nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from compositing.errors import CompositingError, GarmentError, InvalidOption
from compositing.options import Bars, LookOptions, parse_options

if TYPE_CHECKING:
    from compositing.cut.cutout import Cutout
    from compositing.garment import Garment, pack, unpack
    from compositing.guard import compose, compose_garments, prepare
    from compositing.manifest import (
        ENGINE_VERSION,
        GarmentInput,
        LayerPicture,
        Look,
        Manifest,
        PlacedItem,
    )

_WHERE: Final = {
    "Cutout": "compositing.cut.cutout",
    "Garment": "compositing.garment",
    "pack": "compositing.garment",
    "unpack": "compositing.garment",
    "compose": "compositing.guard",
    "compose_garments": "compositing.guard",
    "prepare": "compositing.guard",
    "ENGINE_VERSION": "compositing.manifest",
    "GarmentInput": "compositing.manifest",
    "LayerPicture": "compositing.manifest",
    "Look": "compositing.manifest",
    "Manifest": "compositing.manifest",
    "PlacedItem": "compositing.manifest",
}


def __getattr__(name: str) -> object:
    """Import what is asked for (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


__all__ = [
    "ENGINE_VERSION",
    "Bars",
    "CompositingError",
    "Cutout",
    "Garment",
    "GarmentError",
    "GarmentInput",
    "InvalidOption",
    "LayerPicture",
    "Look",
    "LookOptions",
    "Manifest",
    "PlacedItem",
    "compose",
    "compose_garments",
    "pack",
    "parse_options",
    "prepare",
    "unpack",
]
