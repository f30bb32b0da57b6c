"""Cloth in the look: charts sampled once, in linear light, premultiplied."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats
from compositing.charts.chart import Chart
from compositing.light import TO_LINEAR
from compositing.paint.raster import OUTSIDE, Box, rastered

OVERSAMPLE = 1.25
EDGE_PX = 1.6
"""How wide a cloth's soft edge is in the look."""


@dataclass(frozen=True, slots=True)
class Source:
    """A cut-out as it is sampled: `layers` (h, w, 4) premultiplied linear colours and alpha,
    `factor` times the cut-out's size.

    `enlarged`: how many times its pixels are enlarged in the look.
    """

    layers: Floats
    factor: float
    enlarged: float


EDGE_SIGMA_PX = 0.8
"""Sampling meets an outline between its pixels: it is smoothed by so much."""


@dataclass(frozen=True, slots=True)
class Cloth:
    """Premultiplied linear colours (h, w, 3) and alpha in the look's `box`. `behind`: share that
    lies behind the neck."""

    part: str
    box: Box
    colour: Floats
    alpha: Floats
    behind: Floats | None = None


def source(rgb: NDArray[np.uint8], alpha: Floats, scale: float) -> Source:
    """Reduced so that sampling at `scale` look px per photo px does not alias."""
    factor = min(1.0, scale * OVERSAMPLE)
    layers = np.dstack([cv2.LUT(rgb, TO_LINEAR) * alpha[..., None], alpha]).astype(np.float32)
    if factor > 0.8:
        return Source(layers, 1.0, max(1.0, scale))
    size = max(1, round(layers.shape[1] * factor)), max(1, round(layers.shape[0] * factor))
    return Source(
        np.asarray(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), np.float32), factor, 1.0
    )


def sampled(  # noqa: PLR0913 (what is sampled, and how large)
    part: str,
    charts: Sequence[Chart],
    found: Source,
    *,
    scale: float,
    size: tuple[int, int],
    back: Floats | None = None,
) -> Cloth | None:
    """Charts as one layer. `back`: share of the photo that is the back's inside, at the cut-out's
    size."""
    patch = rastered(charts, scale, size)
    if patch is None:
        return None
    height, width = found.layers.shape[:2]
    maps = (patch.photo + 0.5) * np.float32(found.factor) - np.float32(0.5)
    at_x, at_y = np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1])
    way = cv2.INTER_CUBIC if found.enlarged > 1.25 else cv2.INTER_LINEAR
    got = cv2.remap(found.layers, at_x, at_y, way, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    sharp = max(1.0, found.enlarged / EDGE_PX)
    alpha = np.clip((np.clip(got[..., 3], 0, 1) - 0.5) * sharp + 0.5, 0, 1) * patch.coverage
    colour = np.maximum(got[..., :3], 0) * (alpha / np.maximum(got[..., 3], 1e-4))[..., None]
    behind: Floats | None = None
    if back is not None:
        small = cv2.resize(back, (width, height), interpolation=cv2.INTER_AREA)
        seen = cv2.remap(small, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        known = (patch.photo[..., 0] > OUTSIDE / 2).astype(np.float32)
        beyond = cv2.dilate(seen * known, np.ones((7, 7), np.uint8))  # soft edges reach there
        behind = np.where(known > 0, seen, beyond).astype(np.float32)
    colour, alpha = _soft_edged(np.asarray(colour, np.float32), np.asarray(alpha, np.float32))
    return Cloth(part, patch.box, colour, alpha, behind)


def _soft_edged(colour: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Premultiplied colour and alpha without steps along the edge; what is inside stays."""
    soft = cv2.GaussianBlur(np.dstack([colour, alpha]), (3, 3), EDGE_SIGMA_PX)
    edge = (soft[..., 3] > 0.01) & (soft[..., 3] < 0.99)
    return (
        np.where(edge[..., None], soft[..., :3], colour),
        np.where(edge, soft[..., 3], alpha),
    )
