"""A smooth warp that carries handles to their targets: moving least squares with similarities, in closed form.

After Schaefer, McPhail and Warren, "Image deformation using moving least squares", SIGGRAPH 2006, equation 5, solved
backwards: for each pixel of the look, which pixel of the garment is seen there. Solved on a coarse grid and interpolated.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.background import Floats

GRID_PX = 8
FALLOFF = 1.5
"""Weights fall with the distance to the power of twice this."""
SOFTNESS = 0.012
"""In shares of the look's width."""
MARGIN_PX = 24
ISLAND_SHARE = 0.2


@dataclass(slots=True)
class Handles:
    """Pairs of a point on the garment and where it is to be in the look, with a weight."""

    sources: list[tuple[float, float]] = field(default_factory=list)
    targets: list[tuple[float, float]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(
        self,
        source: NDArray[np.float64] | tuple[float, float],
        target: NDArray[np.float64] | tuple[float, float],
        weight: float = 1.0,
    ) -> None:
        """One pair; pairs that are not finite are passed over."""
        pair = (float(source[0]), float(source[1]), float(target[0]), float(target[1]))
        if np.isfinite(pair).all():
            self.sources.append(pair[:2])
            self.targets.append(pair[2:])
            self.weights.append(weight)


@dataclass(frozen=True, slots=True)
class Warped:
    """A garment in the look's frame: premultiplied linear colours (height, width, 3) and alpha, cropped to `box`."""

    colour: Floats
    alpha: Floats
    box: tuple[int, int, int, int]


def solve(
    handles: Handles, points: NDArray[np.float64], stretch: tuple[float, float], softness_px: float
) -> NDArray[np.float64]:
    """For points (n, 2) of the look, the points of the garment that are seen there.

    `stretch`: how much wider and taller the garment is in the look than in its photo; what is left to the local
    similarities is then near a pure translation, which keeps stripes straight. `softness_px`: how near to a handle its
    neighbours still have a say; without it a single odd handle bends the cloth around itself.
    """
    scale = np.array(stretch)
    targets, sources = np.array(handles.targets), np.array(handles.sources) * scale
    offset = points[:, None, :] - targets[None]
    weights = np.array(handles.weights) / ((offset**2).sum(-1) + softness_px**2) ** FALLOFF
    weights /= weights.sum(1, keepdims=True)
    centre_target, centre_source = weights @ targets, weights @ sources
    from_target = targets[None] - centre_target[:, None]
    from_source = sources[None] - centre_source[:, None]
    size = (weights * (from_target**2).sum(-1)).sum(1) + 1e-9
    even = (weights * (from_target * from_source).sum(-1)).sum(1) / size
    odd = (weights * (from_target[..., 0] * from_source[..., 1] - from_target[..., 1] * from_source[..., 0])).sum(1) / size
    moved = points - centre_target
    turned = np.column_stack([even * moved[:, 0] - odd * moved[:, 1], odd * moved[:, 0] + even * moved[:, 1]])
    return np.asarray((turned + centre_source) / scale)


def apply(colour: Floats, alpha: Floats, handles: Handles, stretch: tuple[float, float], size: tuple[int, int]) -> Warped:
    """Warp a garment of linear colours into a look of `size` (width, height)."""
    targets = np.array(handles.targets)
    margin = MARGIN_PX + 0.06 * float(np.ptp(targets[:, 1]))
    low, high = np.floor(targets.min(0) - margin), np.ceil(targets.max(0) + margin)
    left, top = (int(v) for v in np.clip(low, 0, np.array(size) - 2))
    right, bottom = (int(v) for v in np.clip(high, [left + 2, top + 2], size))
    width, height = right - left, bottom - top
    columns, rows = max(2, -(-width // GRID_PX) + 1), max(2, -(-height // GRID_PX) + 1)
    xs, ys = np.linspace(left, right - 1, columns), np.linspace(top, bottom - 1, rows)
    points = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    found = solve(handles, points, stretch, SOFTNESS * size[0]).reshape(rows, columns, 2).astype(np.float32)
    at_x = np.interp(np.arange(left, right), xs, np.arange(columns)).astype(np.float32)
    at_y = np.interp(np.arange(top, bottom), ys, np.arange(rows)).astype(np.float32)
    fine = cv2.remap(found, *np.meshgrid(at_x, at_y), cv2.INTER_LINEAR)
    layered = np.dstack([colour * alpha[..., None], alpha])
    shrink = 1 / max(stretch)
    if shrink > 1.25:
        layered = cv2.GaussianBlur(layered, (0, 0), 0.45 * shrink)
    sampled = cv2.remap(
        layered.astype(np.float32), fine[..., 0], fine[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    whole = _without_islands(np.clip(sampled[..., 3], 0, 1))
    return Warped(np.asarray(sampled[..., :3] * (whole > 0)[..., None], np.float32), whole, (left, top, right, bottom))


def _without_islands(alpha: Floats) -> Floats:
    """Far from all handles the warp is a guess and may show a bit of garment once more: only large pieces are kept."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.1).astype(np.uint8), connectivity=8)
    if count <= 2:
        return alpha
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= ISLAND_SHARE * areas[1:].max()
    large[0] = True
    return np.asarray(alpha * large[pieces], np.float32)
