"""A garment's cut-out reduced for fitting: outline, distance to it, edges inside it, the way back.

Lengths are pixels of the reduced picture, whose longer side is `SIDE`; pixel centres are whole
numbers.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.errors import GarmentError

SIDE, PAD = 128, 16
FINE: Final = 2
"""Fields that are looked up between pixels are this much finer."""
DRAWN_FINER: Final = 3
"""OpenCV fills whatever pixel a polygon touches: half a pixel too much, of these."""
OUTLINE_POINTS: Final = 160
MIN_SIDE_PX, MIN_PIXELS = 12, 150
MIN_THIN: Final = 0.06
"""A cut-out this much longer than it is thick is a thread."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Silhouette:
    """`soft`: alpha; `mask`: above a half; `outline`: (n, 2), x and y, evenly along it.

    `facing`: unit vectors outwards there. `distance`: signed, positive outside; `edges`: how
    strongly colours change, 1 where much; `colours`: CIE L*a*b*; all `FINE` times finer. A point q
    of the cut-out is here q * scale + shift.
    """

    soft: Floats
    mask: Mask
    outline: Array
    facing: Array
    distance: Floats
    edges: Floats
    colours: Floats
    scale: float
    shift: Array

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what is garment."""
        rows, columns = np.nonzero(self.mask.any(1))[0], np.nonzero(self.mask.any(0))[0]
        return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])

    def at(self, field: Floats, points: Array) -> Array:
        """A fine field's values at points (..., 2), between its pixels too."""
        flat = np.asarray(points, np.float32).reshape(-1, points.shape[-2], 2)
        where = np.asarray(flat * FINE + (FINE - 1) / 2, np.float32)
        ys = np.ascontiguousarray(where[..., 1])
        xs = np.ascontiguousarray(where[..., 0])
        found = cv2.remap(field, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float64).reshape(*points.shape[:-1], *field.shape[2:])

    def back(self, points: Array) -> Array:
        """Points of this picture in the cut-out's pixels."""
        return (points - self.shift) / self.scale

    def here(self, points: Array) -> Array:
        """Points of the cut-out in this picture's pixels."""
        return points * self.scale + self.shift

    def thinned(self, step: int) -> "Silhouette":
        """With every so-many-th point of the outline only."""
        return replace(self, outline=self.outline[::step], facing=self.facing[::step])

    def iou(self, polygons: list[Array]) -> float:
        """Intersection over union with the union of polygons."""
        finer = [(one + 0.5) * DRAWN_FINER - 0.5 for one in polygons]
        height, width = self.mask.shape
        big = filled(finer, (height * DRAWN_FINER, width * DRAWN_FINER)).astype(np.float32)
        drawn = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA) > 0.5
        union = int((drawn | self.mask).sum())
        return float((drawn & self.mask).sum() / union) if union else 0.0


def filled(polygons: list[Array], shape: tuple[int, ...]) -> Mask:
    """The union of polygons as a mask."""
    canvas = np.zeros(shape[:2], np.uint8)
    for polygon in polygons:
        bounded = np.clip(polygon, -4 * max(shape), 5 * max(shape))
        cv2.fillPoly(canvas, [np.round(bounded * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return np.asarray(canvas > 0)


def reduced(rgb: NDArray[np.uint8], alpha: Floats) -> Silhouette:
    """The silhouette of a cut-out. Raises GarmentError no_garment_found."""
    solid = np.asarray(np.nan_to_num(alpha) > 0.5)
    rows, columns = np.nonzero(solid.any(1))[0], np.nonzero(solid.any(0))[0]
    if (
        not len(rows)
        or solid.sum() < MIN_PIXELS
        or min(np.ptp(rows), np.ptp(columns)) < MIN_SIDE_PX
    ):
        raise GarmentError("no_garment_found", "There is too little of a garment in the photo.")
    at = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    scale = SIDE / max(at[0].stop - at[0].start, at[1].stop - at[1].start)
    soft = _padded(np.nan_to_num(alpha[at]).astype(np.float32), scale)
    mask = np.asarray(soft > 0.5)
    if not mask.any():
        raise GarmentError("no_garment_found", "What was found in the photo is scattered.")
    origin = np.array([columns[0], rows[0]], np.float64)
    shift = PAD + 0.5 * scale - 0.5 - origin * scale
    (outline, facing), distance = _outline(soft, mask), _distance(soft)
    if distance.min() < -MIN_THIN * SIDE / 2 and len(outline) > 3:
        edges, colours = _edges(rgb[at], soft, scale)
        return Silhouette(soft, mask, outline, facing, distance, edges, colours, scale, shift)
    raise GarmentError("no_garment_found", "What was found in the photo is too thin for a garment.")


def _padded(picture: Floats, scale: float) -> Floats:
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, size, interpolation=how)
    return np.asarray(
        cv2.copyMakeBorder(small, PAD, PAD, PAD, PAD, cv2.BORDER_CONSTANT, value=0), np.float32
    )


def _distance(soft: Floats) -> Floats:
    big = cv2.resize(soft, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR)
    inside = (big > 0.5).astype(np.uint8)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    signed = np.where(inside > 0, 0.5 - within, out - 0.5) / FINE
    return np.asarray(signed, np.float32)


def _outline(soft: Floats, mask: Mask) -> tuple[Array, Array]:
    """Points along all long outlines, between pixels by the slope of alpha, and the ways out."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    chains = [one[:, 0].astype(np.float64) for one in found if len(one) > 12]
    if not chains:
        return np.zeros((0, 2)), np.zeros((0, 2))
    points = np.concatenate(chains)
    smooth = cv2.GaussianBlur(soft, (0, 0), 0.7)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
    rows, columns = points[:, 1].astype(int), points[:, 0].astype(int)
    slope = np.stack([across[rows, columns], down[rows, columns]], -1).astype(np.float64)
    step = (
        (0.5 - smooth[rows, columns])[:, None]
        * slope
        / np.maximum((slope**2).sum(-1), 0.01)[:, None]
    )
    moved = points + np.clip(step, -1, 1)
    chosen = np.linspace(0, len(moved) - 1, min(OUTLINE_POINTS, len(moved))).round().astype(int)
    away = -slope[chosen]
    return moved[chosen], away / np.maximum(np.hypot(*away.T), 1e-6)[:, None]


def _edges(rgb: NDArray[np.uint8], soft: Floats, scale: float) -> tuple[Floats, Floats]:
    """How strongly colours change inside, 1: as at the garment's clearest edges; and colours."""
    size = (FINE * (soft.shape[1] - 2 * PAD), FINE * (soft.shape[0] - 2 * PAD))
    how = cv2.INTER_AREA if FINE * scale < 1 else cv2.INTER_LINEAR
    part = cv2.resize(rgb, size, interpolation=how).astype(np.float32) / 255
    smooth = cv2.GaussianBlur(part, (0, 0), 0.8)
    colours = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2Lab), np.float32)
    across, down = cv2.Sobel(colours, cv2.CV_32F, 1, 0), cv2.Sobel(colours, cv2.CV_32F, 0, 1)
    strength = np.sqrt((across**2).sum(-1) + 0.5 * (down**2).sum(-1))
    big = cv2.resize(soft, None, fx=FINE, fy=FINE)[
        FINE * PAD : -FINE * PAD, FINE * PAD : -FINE * PAD
    ]
    deep = cv2.erode((big > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    top = float(np.percentile(strength[deep], 93)) if deep.any() else 1.0
    clear: Floats = np.where(deep, np.clip(strength / max(top, 3.0), 0, 1), 0).astype(np.float32)
    clear = np.asarray(
        cv2.GaussianBlur(cv2.dilate(clear, np.ones((3, 3), np.uint8)), (0, 0), 1.0), np.float32
    )
    return _bordered(clear), _bordered(colours)


def _bordered(field: Floats) -> Floats:
    edge = FINE * PAD
    return np.asarray(
        cv2.copyMakeBorder(field, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0), np.float32
    )
