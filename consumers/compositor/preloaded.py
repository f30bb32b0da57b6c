"""Imported by the server that workers are forked from: the engine, ready to be used.

A worker shares what is here with all others, and is there within a tenth of a second.
"""

import cv2
import numpy as np

from compositing import CompositingError, parse_options
from consumers.compositor import render  # noqa: F401 (what a worker needs)
from consumers.compositor.classical import ClassicalDresser
from consumers.compositor.cutouts import CutoutCache
from consumers.compositor.dresser import DressedLook, GarmentPhoto, Order

SIDE_PX = 480
WIDTH_PX = 256


def rehearse() -> str:
    """Dress both mannequins, for nobody: what is loaded or made at first use is there before a
    client waits. What was wrong, or nothing.
    """
    photo = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    photo[100:420, 160:320] = photo[100:200, 80:400] = (40, 60, 160)  # a t-shirt, roughly
    data = cv2.imencode(".png", photo)[1].tobytes()
    dresser = ClassicalDresser(CutoutCache(None))
    for mannequin in ("FEMALE", "MALE"):
        options, _ = parse_options({"width": WIDTH_PX}, mannequin)
        garment = GarmentPhoto(data=data, category="t-shirt", name="rehearsal")
        try:
            made = dresser.dress(Order("rehearsal", "rehearsal", (garment,), options, None))
        except (CompositingError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        if not isinstance(made, DressedLook):
            return made.reason.message
    return ""


WRONG = rehearse()
