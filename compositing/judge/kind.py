"""Whether a photo surely shows another kind of garment than it was posted as.

Shorts pass for a t-shirt: laid flat, two legs and a waistband are two sleeves and a hem. What tells
is the notch between the legs: where background parts a top from below, it is fitted as legs too,
and what fits legs better, and well, is none.
"""

from typing import Final

import cv2
import numpy as np

from compositing.cut.cutout import Cutout
from compositing.judge.measures import SIDE_PX, fit_of
from compositing.template import fit_as
from compositing.template.model import Template, Upper
from compositing.template.notch import notch

NOTCH: Final = 0.08
"""A notch this deep, over the garment's height, may be a crotch; a jacket's front parts less."""
AS_GOOD, GOOD = 0.004, 0.94
"""Legs fit as well when they fit worse by no more than this; and this well at least."""


def like_legs(cutout: Cutout, template: Template) -> bool:
    """Whether what was fitted as a top is trousers or shorts."""
    if not isinstance(template, Upper):
        return False
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    small = cv2.resize(cutout.alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.asarray(small > 0.5)
    found = notch(mask)
    if found is None or found.depth < NOTCH * np.ptp(np.nonzero(mask.any(1))[0]):
        return False
    legs = fit_of(fit_as(cutout.rgb, cutout.alpha, "legs"))
    return legs >= max(fit_of(template) - AS_GOOD, GOOD)
