"""Garments that the project draws itself: photo-like, seeded, and with known points, masks and
sizes.
"""

from devstack.garments.backgrounds import BACKGROUNDS
from devstack.garments.cloth import Fabric
from devstack.garments.drawing import DrawnPhoto, anything, draw
from devstack.garments.kinds import CATEGORIES, KINDS
from devstack.garments.photo import LIGHTS, PhotoSpec
from devstack.garments.strangers import STRANGERS, stranger

__all__ = [
    "BACKGROUNDS",
    "CATEGORIES",
    "KINDS",
    "LIGHTS",
    "STRANGERS",
    "DrawnPhoto",
    "Fabric",
    "PhotoSpec",
    "anything",
    "draw",
    "stranger",
]
