"""Garments that the project draws itself: photo-like, seeded, and with known points, masks and
sizes.
"""

from devstack.garments.backgrounds import BACKGROUNDS
from devstack.garments.cloth import Cloth
from devstack.garments.drawing import Drawn, anything, draw
from devstack.garments.kinds import CATEGORIES, KINDS
from devstack.garments.photo import LIGHTS, Photo
from devstack.garments.strangers import STRANGERS, stranger

__all__ = [
    "BACKGROUNDS",
    "CATEGORIES",
    "KINDS",
    "LIGHTS",
    "STRANGERS",
    "Cloth",
    "Drawn",
    "Photo",
    "anything",
    "draw",
    "stranger",
]
