"""The surroundings of a neck, or a waist, in a flat photo: turned level, of one size."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.charts.lines import Numbers, bridged, pinned
from compositing.cut.background import lab

REACH_PX: Final = 48.0
"""Half the neck's width. Lengths in what follows are shares of it."""
ABOVE, BELOW = 2.0, 4.6
"""How much of the photo above and below the neck points is looked at."""
THIN_PX: Final = 9
"""A median of this many px takes away wires, hooks, bars and stitches."""
AROUND_PX: Final = 33


@dataclass(frozen=True, slots=True)
class NeckView:
    """The neck's surroundings, turned so that the neck points lie level at (-1, 0) and (1, 0) times
    REACH_PX of `origin`."""

    colours: Floats  # CIE L*a*b*
    cloth: Floats
    edge: Floats
    usual: Floats  # the mean edge around
    origin: Numbers  # where the neck's middle is
    matrix: NDArray[np.float64]  # (2, 3) from the cut-out's px
    rim: Numbers  # by column: how far below the origin cloth begins

    def back(self, points: Numbers) -> Numbers:
        """Points from the origin in the cut-out's px."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        return np.asarray((points + self.origin - self.matrix[:, 2]) @ inverse.T)

    def here(self, point: Numbers) -> Numbers:
        """A point of the cut-out, from the origin."""
        return np.asarray(self.matrix[:, :2] @ point + self.matrix[:, 2] - self.origin)

    def shown(self, levels: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Floats:
        """A map of 0..255 as 0..1 in the view's px. `matrix`: (2, 3), its px to the cut-out's."""
        both = self.matrix @ np.vstack([matrix, [0.0, 0.0, 1.0]])
        size = self.cloth.shape[1], self.cloth.shape[0]
        return np.asarray(cv2.warpAffine(levels, both, size) / np.float32(255), np.float32)

    def placed(self, picture: Floats, shape: tuple[int, ...]) -> Floats:
        """A picture of the view's size in the px of a cut-out of this shape."""
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(picture, self.matrix, (shape[1], shape[0]), flags=way), np.float32
        )

    def rim_at(self, x: Numbers) -> Numbers:
        """Where cloth begins at these columns, from the origin."""
        at = np.clip(np.round(x + self.origin[0]), 0, len(self.rim) - 1).astype(int)
        return np.asarray(self.rim[at])


def view(
    rgb: NDArray[np.uint8], mask: Mask, left: Numbers, right: Numbers, *, collared: bool
) -> NeckView:
    """`left`, `right`: the neck points, not the same, in px of `rgb`. A collar's opening may hold a
    hanger: what is thin is not looked at."""
    span = right - left
    scale = 2 * REACH_PX / float(np.linalg.norm(span))
    angle = float(np.arctan2(span[1], span[0]))
    width, height = int(3.0 * REACH_PX), int((ABOVE + BELOW) * REACH_PX)
    origin = np.array([width / 2, ABOVE * REACH_PX])
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([turn, origin - turn @ ((left + right) / 2)])
    at, near = _around(matrix, (width, height), mask.shape, 2 / scale + 2)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    part = np.ascontiguousarray(rgb[at])
    soft = cv2.GaussianBlur(part, (0, 0), 0.5 / scale) if scale < 0.8 else part
    small = np.asarray(
        cv2.warpAffine(soft, near, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    if collared:
        small = np.asarray(cv2.medianBlur(small, THIN_PX), np.uint8)
    colours = np.asarray(cv2.GaussianBlur(lab(small), (0, 0), 1.0), np.float32)
    there = mask[at].astype(np.float32)
    cloth = np.asarray(cv2.warpAffine(there, near, (width, height)), np.float32)
    solid = cloth > 0.5
    rim = bridged(np.where(solid.any(0), solid.argmax(0) - origin[1], np.nan), 0.0)
    return NeckView(colours, cloth, *_edges(colours, cloth), origin, matrix, rim)


def _around(
    matrix: Numbers, size: tuple[int, int], shape: tuple[int, ...], margin: float
) -> tuple[tuple[slice, slice], Numbers]:
    """The part of a photo that a view of this size shows, and the matrix from there."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]], np.float64)
    placed = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low = np.clip(np.floor(placed.min(0) - margin), 0, np.array(shape[1::-1]) - 1).astype(int)
    high = np.clip(np.ceil(placed.max(0) + margin), low + 1, shape[1::-1]).astype(int)
    moved = np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ low])
    return (slice(low[1], high[1]), slice(low[0], high[0])), moved


def with_colours(seen: NeckView, colours: Floats) -> NeckView:
    """The view with other colours (CIE L*a*b*)."""
    edge, usual = _edges(colours, seen.cloth)
    return replace(seen, colours=colours, edge=edge, usual=usual)


def _edges(colours: Floats, cloth: Floats) -> tuple[Floats, Floats]:
    """How strongly colours change inside the cloth, and how strongly they do around each px."""
    across, down = (cv2.Sobel(colours, cv2.CV_32F, *way, scale=0.5) for way in ((1, 0), (0, 1)))
    edge = np.sqrt((across**2).sum(-1) + (down**2).sum(-1))
    inside = cv2.erode((cloth > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    held = np.where(inside, edge, 0).astype(np.float32)
    share = cv2.blur(inside.astype(np.float32), (AROUND_PX, AROUND_PX))
    usual = cv2.blur(held, (AROUND_PX, AROUND_PX)) / np.maximum(share, 0.02)
    return held, np.asarray(usual, np.float32)


def sampled(picture: Floats, seen: NeckView, points: Numbers) -> Floats:
    """A picture's values at points (n, count, 2) from the origin: (n, count, channels)."""
    xs, ys = (np.asarray(points[..., k] + seen.origin[k], np.float32) for k in (0, 1))
    found = cv2.remap(picture, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def across(line: Numbers, band: int, *, ends_stay: bool = True) -> Numbers:
    """A line (n, 2) moved across itself by -band to band px: (n, 2 band + 1, 2)."""
    way = np.gradient(line, axis=0)
    normal = np.column_stack([-way[:, 1], way[:, 0]]) / np.maximum(
        np.linalg.norm(way, axis=1, keepdims=True), 1e-6
    )
    count = len(line)
    free = np.clip(np.minimum(np.arange(count), np.arange(count)[::-1]) / 6, 0, 1)
    free = free if ends_stay else np.ones(count)
    steps = np.arange(-band, band + 1)[None] * free[:, None]
    return np.asarray(line[:, None] + steps[..., None] * normal[:, None])


def cheapest(moved: Numbers, cost: Numbers) -> Numbers:
    """The cheapest smooth line through `moved` (n, k, 2), each place at its `cost` (n, k), by
    dynamic programming: (n, 2)."""
    total, back = cost[0].copy(), np.zeros(cost.shape, int)
    for row in range(1, len(cost)):
        padded = np.pad(total, 1, constant_values=np.inf)
        choices = np.stack([padded[k : k + len(total)] + 0.15 * abs(k - 1) for k in range(3)])
        back[row] = choices.argmin(0) - 1
        total = choices.min(0) + cost[row]
    at = np.zeros(len(cost), int)
    at[-1] = int(total.argmin())
    for row in range(len(cost) - 1, 0, -1):
        at[row - 1] = at[row] + back[row, at[row]]
    return pinned(moved[np.arange(len(cost)), at], 1.2)


def along_edge(
    seen: NeckView, line: Numbers, *, band: int, staying: float, plenty: float
) -> Numbers:
    """A line moved across itself by at most `band` px, point by point, along the strongest edge
    near it; its ends stay. `staying`: what each px costs; `plenty`: stronger edges (dE), or than is
    usual on the line by half, are equally good: no label's edge draws it.
    """
    moved = across(line, band)
    steps = np.arange(-band, band + 1)
    return cheapest(moved, off_edge(seen, moved, plenty) + staying * np.abs(steps))


def off_edge(seen: NeckView, moved: Numbers, plenty: float) -> Numbers:
    """How little of an edge each place of a line that is moved across itself (n, k, 2) is, 0..1;
    `plenty` as `along_edge` has it."""
    strength = sampled(seen.edge, seen, moved)
    there = strength[:, strength.shape[1] // 2]
    enough = float(np.clip(1.5 * np.median(there), 1.0, plenty))
    return np.asarray(np.maximum(enough - strength, 0) / enough)
