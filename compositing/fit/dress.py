"""From a cut-out to cloth in the look's frame: landmarks, maps, warp."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats, Mask, lab
from compositing.cut.cutout import Cutout
from compositing.cut.flood import gradient
from compositing.cut.opinion import Shape
from compositing.fit.lower import fit_lower
from compositing.fit.maps import Map
from compositing.fit.sleeve import fit_sleeve
from compositing.fit.small import fit_accessory, fit_shoes
from compositing.fit.torso import fit_torso
from compositing.fit.warp import Warped, reduced, warp
from compositing.garment.collar import inner_back
from compositing.garment.lower import find_lower
from compositing.garment.silhouette import tilt, upright
from compositing.garment.sleeve import Sleeve
from compositing.garment.upper import UpperLandmarks, find_upper
from compositing.light import TO_LINEAR
from compositing.mannequin import Mannequin
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

MASK_SIDE_PX = 512
"""Landmarks are found on a silhouette of this size."""
LEGGED = frozenset({GarmentCategory.JEANS, GarmentCategory.TROUSERS, GarmentCategory.SHORTS, GarmentCategory.LEGGINGS})
SLEEVED = frozenset(
    {
        GarmentCategory.SHIRT,
        GarmentCategory.SWEATER,
        GarmentCategory.HOODIE,
        GarmentCategory.CARDIGAN,
        GarmentCategory.JACKET,
        GarmentCategory.BLAZER,
        GarmentCategory.COAT,
    }
)
"""What has sleeves even where no gap shows them."""
SEAM_PX = 9
"""Body and sleeve reach into each other by this much along the armhole, at the silhouette's size."""

WORN_UPRIGHT = frozenset({BodyRegion.UPPER, BodyRegion.FULL, BodyRegion.LOWER})

Parts = list[tuple[str, Map, Floats | None]]
Landmarks = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Cloth:
    """One part of a garment in the look's frame. `part`: back (the inside of a collar), body, sleeve, foot or whole."""

    part: str
    warped: Warped


@dataclass(frozen=True, slots=True)
class Fitted:
    """A garment's maps, before it is carried along them."""

    parts: Parts
    layers: Floats  # (height, width, 4): premultiplied linear colours and alpha
    frame: tuple[int, int]  # (width, height) of the silhouette that the maps speak of
    landmarks: Landmarks


def expected_shape(category: GarmentCategory) -> Shape:
    """What a photo of this category shows."""
    if CATEGORIES[category].region is BodyRegion.FEET:
        return "pair"
    return "legs" if category in LEGGED else "body"


def fit(category: GarmentCategory, cutout: Cutout, body: Mannequin) -> Fitted:
    """Find the landmarks and the maps. Raises GarmentError no_garment_found."""
    layers = np.dstack([cv2.LUT(cutout.rgb, TO_LINEAR) * cutout.alpha[..., None], cutout.alpha])
    small = _small(np.dstack([cutout.rgb.astype(np.float32), cutout.alpha]))
    slope = tilt(small[..., 3] > 0.5) if CATEGORIES[category].region in WORN_UPRIGHT else 0.0
    if slope:
        layers, small = upright(layers, slope), _small(upright(small, slope))
    mask, colours = small[..., 3] > 0.5, lab(np.clip(small[..., :3], 0, 255).astype(np.uint8))
    parts, landmarks = _parts(category, mask, colours, body)
    return Fitted(parts, layers, (mask.shape[1], mask.shape[0]), landmarks)


def carry(fitted: Fitted, size: tuple[int, int]) -> tuple[Cloth, ...]:
    """The garment in a look of `size` (width, height)."""
    layers = reduced(fitted.layers, [found for _, found, _ in fitted.parts], fitted.frame)
    return tuple(Cloth(name, warp(layers, found, share, fitted.frame, size)) for name, found, share in fitted.parts)


def _small(picture: Floats) -> Floats:
    scale = min(1.0, MASK_SIDE_PX / max(picture.shape))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)


def _parts(category: GarmentCategory, mask: Mask, colours: Floats, body: Mannequin) -> tuple[Parts, Landmarks]:
    match CATEGORIES[category].region:
        case BodyRegion.UPPER | BodyRegion.FULL:
            return _upper(category, mask, colours, body)
        case BodyRegion.LOWER:
            found = find_lower(mask, legs=category in LEGGED)
            rows = fit_lower(category, found, body)
            waist = (float(body.centre_x), float(rows.ys[0]))
            return [("body", rows, None)], {"waist": waist, "hem": (float(body.centre_x), float(rows.ys[-1]))}
        case BodyRegion.FEET:
            shoes = fit_shoes(mask, body)
            grown = [cv2.dilate(piece.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32) for _, piece in shoes]
            return [("foot", found, piece) for (found, _), piece in zip(shoes, grown, strict=True)], {}
        case region:
            return [("whole", fit_accessory(region, mask, body), None)], {}


def _upper(category: GarmentCategory, mask: Mask, colours: Floats, body: Mannequin) -> tuple[Parts, Landmarks]:
    found = find_upper(mask, gradient(colours), sleeves_expected=category in SLEEVED)
    torso, tips = fit_torso(category, found, body)
    landmarks = {} if found.off_shoulder else {f"shoulder_{_side(side)}": _pair(tips[side]) for side in (-1, 1)}
    landmarks["hem"] = (float(body.centre_x), float(torso.ys[-1]))
    front = _without_sleeves(mask, found)
    parts: Parts = []
    back = inner_back(colours, mask, found)
    if back is not None:
        inside = cv2.blur(cv2.dilate(back.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32), (3, 3))
        parts.append(("back", torso, np.asarray(inside, np.float32)))
        front *= 1 - cv2.blur(_open_above(back, mask).astype(np.float32), (3, 3))
    parts.append(("body", torso, front))
    for side in (-1, 1):
        sleeve = found.sleeve[side]
        if sleeve is None:
            continue
        armpit = np.array([body.centre_x + side * _armpit_reach(found, body, torso.width, side), torso.armpit_y])
        ribs = fit_sleeve(sleeve, tips[side], armpit, side, body, torso.width)
        landmarks[f"armpit_{_side(side)}"] = _pair(armpit)
        landmarks[f"cuff_{_side(side)}"] = _pair((ribs.outer[-1] + ribs.inner[-1]) / 2)
        parts.append(("sleeve", ribs, _only(sleeve, found)))
    return parts, landmarks


def _open_above(back: Mask, mask: Mask) -> Mask:
    """The back's inside and the outline's soft edge above it."""
    return np.asarray(back | (_grown(back, 3) & ~mask))


def _armpit_reach(found: UpperLandmarks, body: Mannequin, width: float, side: int) -> float:
    own = width * abs(found.armpit[side][0] - found.axis_x)
    return float(max(own, abs(body.sides[side].armpit[0] - body.centre_x)))


def _side(side: int) -> str:
    return "left" if side < 0 else "right"


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return round(float(point[0]), 1), round(float(point[1]), 1)


def _without_sleeves(mask: Mask, found: UpperLandmarks) -> Floats:
    """The body, and a little of each sleeve along the armhole, where the sleeve will lie over it."""
    others = mask & ~found.body
    gone = _grown(others, 4) & ~_reaching(found.body, others, found)
    return np.asarray(1 - cv2.blur(gone.astype(np.float32), (3, 3)), np.float32)


def _only(sleeve: Sleeve, found: UpperLandmarks) -> Floats:
    """The sleeve and a little of the body along the armhole; soft there, whole along its outline."""
    return np.asarray(cv2.blur(_reaching(sleeve.region, found.body, found).astype(np.float32), (3, 3)), np.float32)


def _reaching(region: Mask, others: Mask, found: UpperLandmarks) -> Mask:
    """A region grown by the seam's overlap above the armpits; below them by its soft edge, but not into the others."""
    below = np.arange(len(region))[:, None] > max(found.armpit[side][1] for side in (-1, 1)) + SEAM_PX / 2
    return np.where(below, _grown(region, 2) & ~others, _grown(region, SEAM_PX))


def _grown(region: Mask, by_px: int) -> Mask:
    size = 2 * by_px + 1
    return np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((size, size), np.uint8)) > 0)
