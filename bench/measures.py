"""What can be measured of one dressed garment. Every figure is a ratio or a colour difference; none needs a person."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.decode import Photo
from compositing.fit.dress import Fitted, carry, fit
from compositing.fit.maps import folds
from compositing.mannequin import Mannequin, load
from compositing.options import LookOptions
from compositing.paint.layers import paint
from compositing.paint.wear import Dressed
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

Mask = NDArray[np.bool_]
EDGE = (0.1, 0.9)
CLEARLY = 6.0
"""A pixel is nearer to the photo's background only when it is so by this much (CIE L*a*b*)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one garment on one mannequin. None: does not apply to its kind."""

    colour_de2000: float
    """Mean colour of the garment's inside, photo against look."""
    shoulder_error: float | None
    waist_error: float | None
    """Distances from the mannequin's landmark, in shares of the picture's height."""
    fold_share: float
    stripe_error: float | None
    """How far a straight stripe across the body leaves its line, in shares of its length."""
    halo_share: float
    """Of the edge's pixels: nearer to the photo's background than to any mixture of garment and scene."""


def measure(
    category: GarmentCategory, photo: Photo, cutout: Cutout, options: LookOptions
) -> tuple[Measured, NDArray[np.uint8]]:
    """Dress one garment and measure it; returns the measures and the look's RGB pixels."""
    body = load(options.mannequin, options.width_px)
    size = options.width_px, options.height_px
    fitted = fit(category, cutout, body)
    cloths = carry(fitted, size)
    pixels, _ = paint([Dressed(0, category, 1, cloths)], body, options)
    alpha = np.zeros(size[::-1], np.float32)
    for cloth in cloths:
        left, top, right, bottom = cloth.warped.box
        if cloth.part != "back":
            alpha[top:bottom, left:right] = np.maximum(alpha[top:bottom, left:right], cloth.warped.alpha)
    found = Measured(
        colour_de2000=_colour(cutout, pixels, alpha),
        shoulder_error=_shoulder(fitted, alpha, body),
        waist_error=_waist(category, fitted, alpha),
        fold_share=max(
            folds(found, size, cloth.warped.alpha) for (_, found, _), cloth in zip(fitted.parts, cloths, strict=True)
        ),
        stripe_error=_stripes(category, fitted, body),
        halo_share=_halo(photo, pixels, alpha, body),
    )
    return found, pixels


def iou(one: Mask, other: Mask) -> float:
    """Intersection over union of two masks."""
    return float((one & other).sum() / max(int((one | other).sum()), 1))


def _inside(mask: Mask, by_px: int) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((by_px, by_px), np.uint8), borderValue=0) > 0)


def _colour(cutout: Cutout, pixels: NDArray[np.uint8], alpha: NDArray[np.float32]) -> float:
    own, shown = _inside(cutout.alpha > 0.98, 15), _inside(alpha > 0.98, 9)
    if not own.any() or not shown.any():
        return float("nan")
    means = [
        lab(np.asarray(picture[mask][None], np.uint8)).mean((0, 1)) for picture, mask in ((cutout.rgb, own), (pixels, shown))
    ]
    return float(deltaE_ciede2000(means[0], means[1]))  # type: ignore[no-untyped-call]  # scikit-image has no annotations here


def _shoulder(fitted: Fitted, alpha: NDArray[np.float32], body: Mannequin) -> float | None:
    """Garments worn on the shoulders: how far the garment's upper edge over each armpit is from the mannequin's shoulder."""
    if not {"shoulder_left", "armpit_left", "armpit_right"} <= set(fitted.landmarks):
        return None
    errors = []
    for side in (-1, 1):
        column = int(body.sides[side].armpit[0])
        rows = np.nonzero(alpha[:, column] > 0.5)[0]
        errors.append(abs(float(rows[0]) - float(body.top[column])) if len(rows) else float(len(alpha)))
    return float(np.mean(errors) / len(alpha))


def _waist(category: GarmentCategory, fitted: Fitted, alpha: NDArray[np.float32]) -> float | None:
    if CATEGORIES[category].region is not BodyRegion.LOWER:
        return None
    x, y = fitted.landmarks["waist"]
    rows = np.nonzero(alpha[:, int(x)] > 0.5)[0]
    return float(abs(rows[0] - y) / len(alpha)) if len(rows) else 1.0


def _stripes(category: GarmentCategory, fitted: Fitted, body: Mannequin) -> float | None:
    """Level lines over the body below the armpits: how much the photo's row varies along one, against its length."""
    found = next((found for name, found, _ in fitted.parts if name == "body"), None)
    if found is None:
        return None
    first = body.waist_y if CATEGORIES[category].region is not BodyRegion.LOWER else body.hip_y
    xs = np.linspace(body.centre_x - 0.35 * body.neck_width_px * 2, body.centre_x + 0.35 * body.neck_width_px * 2, 15)
    errors = []
    for y in np.arange(first - 10, first + 10, 4):
        photo = found.photo(np.column_stack([xs, np.full(15, float(y))]))
        length = float(np.ptp(photo[:, 0]))
        errors.append(float(np.ptp(photo[:, 1] - np.linspace(photo[0, 1], photo[-1, 1], 15))) / max(length, 1))
    return max(errors)


def _halo(photo: Photo, pixels: NDArray[np.uint8], alpha: NDArray[np.float32], body: Mannequin) -> float:
    edge = (alpha > EDGE[0]) & (alpha < EDGE[1])
    if not edge.any():
        return 0.0
    shown, scene = lab(pixels), lab(body.picture)
    solid = _inside(alpha > 0.98, 3).astype(np.float32)
    weight = cv2.blur(solid, (15, 15))
    near = cv2.blur(shown * solid[..., None], (15, 15)) / np.maximum(weight, 1e-3)[..., None]
    border = np.concatenate([photo.rgb[:6].reshape(-1, 3), photo.rgb[-6:].reshape(-1, 3)])
    behind = np.median(lab(np.asarray(border[None], np.uint8))[0], axis=0)
    at = edge & (weight > 0.05)
    span = scene[at] - near[at]
    share = np.clip(((shown[at] - near[at]) * span).sum(1) / np.maximum((span**2).sum(1), 1), 0, 1)[:, None]
    to_mixture = np.linalg.norm(shown[at] - (near[at] + share * span), axis=1)
    to_behind = np.linalg.norm(shown[at] - behind, axis=1)
    return float((to_behind + CLEARLY < to_mixture).mean()) if at.any() else 0.0
