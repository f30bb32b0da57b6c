"""The front neckline of a flat photo. What lies above it is the inside of the back: behind the
neck, not before it.

A line between the neck points is looked for that follows an edge of the photo: first the best of a
family of
curves from V to U, y = depth (1 - |u|^shape), then its points along the strongest edge near it, by
dynamic programming.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.charts.lines import Mask, Numbers, pinned
from compositing.cut.background import Floats, lab

REACH_PX = 48.0
"""Half the neck's width, at the size at which edges are looked for."""
POINTS = 49
SHAPES = (1.0, 1.35, 2.0, 3.0)
WIDTHS = (0.46, 0.58, 0.72, 0.86, 1.0)
"""Where the line begins, in halves of the neck's width: a rib or a collar may lie outside it."""
DEPTHS = np.arange(0.14, 3.4, 0.06)
"""In halves of the neck's width."""
PLENTY, STRONG, NOTABLE = 7.0, 3.0, 1.6
"""Edges (dE over 2 px) above PLENTY are equally good; weaker ones than STRONG, or than NOTABLE
times the cloth's usual, are none."""
HELD, HELD_EVERYWHERE = 0.72, 0.5
"""A line is believed when so much of it, and of each quarter of it, follows a strong edge."""
DEEP, EXPECTED, HELD_DEEP = 0.9, 0.5, 0.86
"""A deep neckline takes away much cloth if it is none: more of it must be seen, unless the outline
dips nearly as deep."""
DEEPER, UNLIKELY = 0.12, 0.10
"""What a depth of one half width is worth: the back's own rim lies above the front's; and what it
costs beside the depth thought."""
RIB_FROM, RIB_TO, ALIKE = 0.12, 0.36, 0.82
"""A believed line so much above another, as strong as this share of it, is a rib's or a collar's
upper rim."""
APART, ONE_WAY = 4.0, 0.6
PRINTED, ONE_WAY_PRINTED = 3.0, 0.2
"""The cloth above a neckline differs from that below by so much (dE), all along in the same way:
stripes and prints don't."""
COLLAR, OPEN = 0.75, 0.7
"""An opening between collars is no wider than this; another one is no narrower."""
SHALLOW = 0.16
"""How deep the line is taken to be where no edge shows it."""
BAND = 7
SIDE_PX = 4.0


Necks = tuple[Numbers, Numbers, Numbers]


@dataclass(frozen=True, slots=True)
class _View:
    """The neck's surroundings, turned so that the neck points lie level at (-1, 0) and (1, 0) times
    REACH_PX."""

    colours: Floats  # CIE L*a*b*
    cloth: Floats
    edge: Floats
    origin: Numbers  # where the neck's middle is
    matrix: NDArray[np.float64]  # (2, 3) from the cut-out's px


def back_inside(
    rgb: NDArray[np.uint8], mask: Mask, points: Necks, *, collared: bool
) -> Floats | None:
    """How much of each pixel is the back's inside (0..1, the cut-out's size); None where the neck's
    width is nothing.

    `points`: the neck's left and right, and where the neckline's lowest point is thought to be, in
    px of `rgb`.
    `collared`: a collar stands at both sides of the opening, before the neck.
    """
    left, right, dip = points
    if float(np.linalg.norm(right - left)) < 8:
        return None
    view = _view(rgb, mask, left, right)
    thought = float((view.matrix[:, :2] @ dip + view.matrix[:, 2] - view.origin)[1]) / REACH_PX
    line = _found(view, thought, collared=collared)
    if line is None:
        u = np.linspace(-1, 1, POINTS)
        line = np.column_stack([u * REACH_PX, SHALLOW * REACH_PX * (1 - u**2)])
    return _above(view, line, mask, collared=collared)


def _view(rgb: NDArray[np.uint8], mask: Mask, left: Numbers, right: Numbers) -> _View:
    span = right - left
    scale = 2 * REACH_PX / float(np.linalg.norm(span))
    angle = float(np.arctan2(span[1], span[0]))
    width, height = int(3.0 * REACH_PX), int((DEPTHS[-1] + 2.2) * REACH_PX)
    origin = np.array([width / 2, 1.6 * REACH_PX])
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([turn, origin - turn @ ((left + right) / 2)])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.5 / scale) if scale < 0.8 else rgb
    small = np.asarray(
        cv2.warpAffine(soft, matrix, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    colours = np.asarray(cv2.GaussianBlur(lab(small), (0, 0), 1.0), np.float32)
    cloth = np.asarray(cv2.warpAffine(mask.astype(np.float32), matrix, (width, height)), np.float32)
    across, down = (cv2.Sobel(colours, cv2.CV_32F, *way, scale=0.5) for way in ((1, 0), (0, 1)))
    edge = np.sqrt((across**2).sum(-1) + (down**2).sum(-1))
    inside = cv2.erode((cloth > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return _View(colours, cloth, np.where(inside, edge, 0).astype(np.float32), origin, matrix)


def _found(view: _View, thought: float, *, collared: bool) -> Numbers | None:
    """The front neckline (POINTS, 2) from the origin, by its edge; None where no edge shows it.

    The front neckline is the deepest line that begins at the neck and follows an edge all the way:
    a print does not
    begin at the neck, and the back's own rim lies higher.
    """
    kinds, x, y = _curves()
    strength = _sample(view.edge, view, x, y)[:, 4:-4]
    mean = (np.minimum(strength, PLENTY) / PLENTY).mean(1)
    usual = float(np.median(view.edge[view.cloth > 0.9])) if (view.cloth > 0.9).any() else 0.0
    strong = strength > np.clip(NOTABLE * usual, STRONG, PLENTY)
    quarters = np.stack([part.mean(1) for part in np.array_split(strong, 4, axis=1)]).min(0)
    unexpected = (kinds[:, 2] > DEEP) & (np.abs(kinds[:, 2] - thought) > EXPECTED)
    needed = np.where(unexpected, HELD_DEEP, HELD)
    believed = (strong.mean(1) >= needed) & (quarters >= HELD_EVERYWHERE)
    chosen = np.nonzero(
        believed & ((kinds[:, 1] <= COLLAR) if collared else (kinds[:, 1] >= OPEN))
    )[0]
    if not len(chosen):
        return None
    apart, alike = _sides(view, x[chosen], y[chosen])
    held = (apart >= APART) & (alike >= ONE_WAY + (ONE_WAY_PRINTED if usual > PRINTED else 0))
    chosen, alike = chosen[held], alike[held]
    if not len(chosen):
        return None
    kind, mean = kinds[chosen], mean[chosen]
    worth = (
        mean
        + alike
        + DEEPER * np.minimum(kind[:, 2], 2.5)
        - UNLIKELY * np.abs(kind[:, 2] - thought)
    )
    best = int(worth.argmax())
    above = kind[best, 2] - kind[:, 2]
    rib = (
        (above > RIB_FROM)
        & (above < np.where(kind[best, 0] < 1.2, 2, 1) * RIB_TO)
        & (mean > ALIKE * mean[best])
    )
    rib &= (np.abs(kind[:, 0] - kind[best, 0]) < 0.7) & (np.abs(kind[:, 1] - kind[best, 1]) < 0.2)
    if rib.any():
        best = int(np.where(rib, mean, -np.inf).argmax())
    return _along_edge(view, np.column_stack([x[chosen[best]], y[chosen[best]]]))


@lru_cache(maxsize=1)
def _curves() -> tuple[Numbers, Numbers, Numbers]:
    """Every curve's shape, width and depth (n, 3), and its points, evenly spaced along it: x and y
    (n, POINTS)."""
    kinds = np.array(list(itertools.product(SHAPES, WIDTHS, DEPTHS)))
    u = np.sin(np.linspace(-1, 1, 201) * np.pi / 2)
    fine_x = kinds[:, 1:2] * u
    fine_y = kinds[:, 2:] * (1 - np.abs(u) ** kinds[:, :1])
    length = np.cumsum(
        np.hypot(
            np.diff(fine_x, axis=1, prepend=fine_x[:, :1]),
            np.diff(fine_y, axis=1, prepend=fine_y[:, :1]),
        ),
        axis=1,
    )
    share = np.linspace(0, 1, POINTS)
    x = np.stack(
        [
            np.interp(share * total[-1], total, line)
            for total, line in zip(length, fine_x, strict=True)
        ]
    )
    y = np.stack(
        [
            np.interp(share * total[-1], total, line)
            for total, line in zip(length, fine_y, strict=True)
        ]
    )
    return kinds, x * REACH_PX, y * REACH_PX


def _along_edge(view: _View, line: Numbers) -> Numbers:
    """The line moved across itself, point by point, along the strongest edge near it; its ends
    stay."""
    steps = np.arange(-BAND, BAND + 1)
    way = np.gradient(line, axis=0)
    normal = np.column_stack([-way[:, 1], way[:, 0]]) / np.maximum(
        np.linalg.norm(way, axis=1, keepdims=True), 1e-6
    )
    free = np.clip(np.minimum(np.arange(POINTS), np.arange(POINTS)[::-1]) / 6, 0, 1)
    moved = line[:, None] + (steps[None] * free[:, None])[..., None] * normal[:, None]
    strength = np.minimum(_sample(view.edge, view, moved[..., 0], moved[..., 1]), PLENTY)
    cost = (PLENTY - strength) / PLENTY + 0.02 * np.abs(steps)
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
    return pinned(moved[np.arange(POINTS), at], 1.2)


def _sides(view: _View, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """How much the cloth above lines (n, POINTS) differs from that below (dE), and how far it does
    so in one way (0..1)."""
    way = np.stack([np.gradient(x, axis=1), np.gradient(y, axis=1)])
    across = np.stack([-way[1], way[0]]) / np.maximum(np.linalg.norm(way, axis=0), 1e-6)
    seen = [
        _sample(view.colours, view, x + sign * SIDE_PX * across[0], y + sign * SIDE_PX * across[1])
        for sign in (-1, 1)
    ]
    change = (seen[0] - seen[1])[:, 4:-4]
    common = np.linalg.norm(change.mean(1), axis=-1)
    return common, common / np.maximum(np.linalg.norm(change, axis=-1).mean(1), 1e-6)


def _above(view: _View, line: Numbers, mask: Mask, *, collared: bool) -> Floats:
    """What of the mask lies above the line, softly, at the mask's size."""
    width = float(line[-1, 0])
    if not collared:  # a collar's leaves beside the opening stand before the neck
        width = 1.45 * REACH_PX
    frame = np.array([[width, 0.0], [width, -9 * REACH_PX], [-width, -9 * REACH_PX], [-width, 0.0]])
    points = np.concatenate([line, frame]) + view.origin
    inverse = np.linalg.inv(view.matrix[:, :2])
    placed = (points - view.matrix[:, 2]) @ inverse.T
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(placed * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.blur(drawn.astype(np.float32) / 255, (3, 3))
    return np.asarray(soft, np.float32)


def _sample(picture: Floats, view: _View, x: Numbers, y: Numbers) -> Floats:
    """A picture's values at points from the origin, (..., channels)."""
    xs, ys = (np.asarray(v, np.float32) for v in (x + view.origin[0], y + view.origin[1]))
    shape = xs.shape
    xs, ys = xs.reshape(-1, shape[-1]), ys.reshape(-1, shape[-1])
    found = cv2.remap(picture, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(*shape, *picture.shape[2:])
