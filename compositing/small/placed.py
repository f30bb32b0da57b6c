"""What this room hands on: quad meshes from the cut-out to the look."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.errors import GarmentError

Points = NDArray[np.float64]
Stacking = Literal["behind", "before"]
FloatBox = tuple[float, float, float, float]
WORK_PX = 256
"""Silhouettes are judged at this size."""
MIN_AREA_PX = 60
BODY_CM = 178.0
"""The mannequins' height; what a centimetre is in the look follows from it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One piece of a garment: where each point of the photo goes.

    `photo`, `look`: (rows, columns, 2) x, y in the cut-out's and in the look's pixels. No cell is
    folded; in a mirrored piece all cells turn the other way round. `share`: how much of each of the
    cut-out's pixels belongs to this piece, None where all do. `order`: behind or before the part of
    the mannequin that it is worn on: the leg, the head and neck, the hand. `unlike`: 0..1, of a
    shoe, how little its outline is that of one shoe.
    """

    name: str
    photo: Points
    look: Points
    share: Floats | None = None
    mirrored: bool = False
    order: Stacking = "before"
    unlike: float = 0.0


@dataclass(frozen=True, slots=True)
class WorkingOutline:
    """A cut-out's outline at working size. `scale`: working pixels per pixel of the cut-out."""

    mask: Mask
    scale: float
    size: tuple[int, int]  # (height, width) of the cut-out

    def to_photo(self, points: Points) -> Points:
        """Working pixels -> the cut-out's."""
        return (points + 0.5) / self.scale - 0.5

    def share(self, piece: Floats) -> Floats:
        """A part at working size -> at the cut-out's, soft along its edge."""
        return np.asarray(
            cv2.resize(piece, self.size[::-1], interpolation=cv2.INTER_LINEAR), np.float32
        )


def silhouette(alpha: Floats) -> WorkingOutline:
    """Raises GarmentError no_garment_found when there is too little to judge."""
    if alpha.ndim != 2 or min(alpha.shape) < 4:
        raise nothing()
    scale = min(1.0, WORK_PX / max(alpha.shape))
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    mask = np.asarray(
        cv2.resize(np.asarray(alpha, np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    )
    if mask.sum() < MIN_AREA_PX:
        raise nothing()
    return WorkingOutline(mask, scale, (alpha.shape[0], alpha.shape[1]))


def nothing() -> GarmentError:
    """What is said of a photo in which this garment can't be made out."""
    return GarmentError("no_garment_found", "The garment could not be made out in the photo.")


def box_of(mask: Mask) -> FloatBox:
    """Left, top, right, bottom; the last pixels are inside. The mask must not be empty."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return float(columns[0]), float(rows[0]), float(columns[-1]), float(rows[-1])


def largest_pieces(mask: Mask, share: float) -> list[Mask]:
    """As `pieces`. Raises GarmentError no_garment_found when all are specks."""
    found = pieces(mask, share)
    if not found or found[0].sum() < MIN_AREA_PX:
        raise nothing()
    return found


def pieces(mask: Mask, share: float) -> list[Mask]:
    """The connected pieces that are at least `share` as large as the largest, largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2:
        return []
    large = [
        int(index) + 1
        for index in np.argsort(-areas, kind="stable")
        if areas[index] >= share * areas.max()
    ]
    return [np.asarray(labels == index) for index in large]


def filled(mask: Mask) -> Mask:
    """Without holes."""
    padded = np.pad(mask, 1).astype(np.uint8)
    cv2.floodFill(padded, None, (0, 0), 2)
    return np.asarray(padded[1:-1, 1:-1] != 2)
