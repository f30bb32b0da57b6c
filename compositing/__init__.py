"""The picture engine. Pure: photos' bytes and options in, a picture and its manifest out."""

from compositing.cut.cutout import Cutout
from compositing.cut.packing import pack, unpack
from compositing.engine import compose, compose_cutouts, cut_out
from compositing.errors import CompositingError, GarmentError, InvalidOption
from compositing.manifest import ENGINE_VERSION, GarmentInput, Look, Manifest, PlacedItem
from compositing.options import LookOptions, parse_options

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
