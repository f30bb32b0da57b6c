"""What can be said of a cut-out without knowing the truth: for whoever judges whether a look of it
may be sold."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from compositing.cut.arbiter import shell
from compositing.cut.background import Mask, border, lab
from compositing.cut.cutout import Cutout
from compositing.cut.faint import smoothed
from compositing.cut.flood import filled, gradient
from compositing.decode import Photo

SIDE_PX: Final = 512
EDGE: Final = 2.5
"""CIE L*a*b* per pixel: a photo that changes less has no edge there."""
PIECE_SHARE: Final = 0.01
SMOOTH_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class CutoutFacts:
    """All but `components` are 0..1."""

    roughness: float
    """How much longer the outline is than its smoothed self, over its own length."""
    off_edge: float
    """The share of the outline that lies on no edge of the photo."""
    components: int
    """Pieces of at least a hundredth of the garment."""
    holes: float
    """The holes' share of the filled garment."""
    area: float
    """The garment's share of the photo."""
    touch: float
    """The garment's share of the photo's frame."""
    doubt: float


def facts_of(photo: Photo, cutout: Cutout) -> CutoutFacts:
    """The cut-out is one of this photo. Some 10 ms at 1024 pixels a side."""
    height, width = photo.rgb.shape[:2]
    left, top = cutout.origin
    whole = np.zeros((height, width), np.float32)
    rows, columns = cutout.alpha.shape
    whole[top : top + rows, left : left + columns] = cutout.alpha
    scale = min(1.0, SIDE_PX / max(height, width))
    small = cv2.resize(photo.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.5
    if not mask.any():
        return CutoutFacts(1.0, 1.0, 0, 0.0, 0.0, 0.0, 1.0)
    at = shell(np.asarray(mask))
    strongest = cv2.dilate(gradient(lab(np.asarray(small, np.uint8))), np.ones((5, 5), np.uint8))
    return CutoutFacts(
        roughness=_roughness(np.asarray(mask)),
        off_edge=float((strongest[at] < EDGE).mean()) if at.any() else 0.0,
        components=_components(np.asarray(mask)),
        holes=1 - float(mask.sum() / filled(np.asarray(mask), 1.0).sum()),
        area=float(mask.mean()),
        touch=float(mask[border(*mask.shape)].mean()),
        doubt=cutout.doubt,
    )


def _roughness(mask: Mask) -> float:
    return max(1 - _length(smoothed(mask, SMOOTH_SHARE)) / max(_length(mask), 1.0), 0.0)


def _length(mask: Mask) -> float:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return sum(cv2.arcLength(outline, True) for outline in outlines)


def _components(mask: Mask) -> int:
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return int((boxes[1:, cv2.CC_STAT_AREA] >= PIECE_SHARE * mask.sum()).sum())
