"""The picture engine. Pure: photos' bytes and options in, a picture and its manifest out.

Options and errors come at once; what needs pixels is imported when it is first asked for: a process that only checks
options needs neither OpenCV nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from compositing.errors import CompositingError, GarmentError, InvalidOption
from compositing.options import LookOptions, parse_options

if TYPE_CHECKING:
    from compositing.cut.cutout import Cutout
    from compositing.cut.packing import pack, unpack
    from compositing.guard import compose, compose_cutouts, cut_out
    from compositing.manifest import ENGINE_VERSION, GarmentInput, Look, Manifest, PlacedItem

_WHERE: Final = {
    "Cutout": "compositing.cut.cutout",
    "pack": "compositing.cut.packing",
    "unpack": "compositing.cut.packing",
    "compose": "compositing.guard",
    "compose_cutouts": "compositing.guard",
    "cut_out": "compositing.guard",
    "ENGINE_VERSION": "compositing.manifest",
    "GarmentInput": "compositing.manifest",
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
    "CompositingError",
    "Cutout",
    "GarmentError",
    "GarmentInput",
    "InvalidOption",
    "Look",
    "LookOptions",
    "Manifest",
    "PlacedItem",
    "compose",
    "compose_cutouts",
    "cut_out",
    "pack",
    "parse_options",
    "unpack",
]
