"""The picture engine. Pure: photos' bytes and options in, a picture and its manifest out."""

from compositing.engine import ENGINE_VERSION, GarmentInput, Look, Manifest, PlacedItem, compose
from compositing.errors import CompositingError, GarmentError, InvalidOption
from compositing.options import LookOptions, parse_options

__all__ = [
    "ENGINE_VERSION",
    "CompositingError",
    "GarmentError",
    "GarmentInput",
    "InvalidOption",
    "Look",
    "LookOptions",
    "Manifest",
    "PlacedItem",
    "compose",
    "parse_options",
]
