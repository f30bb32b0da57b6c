"""A photo as a few hundred even regions, and how strongly each stands out from what runs into the
border.

Regions: watersheds of a grid of seeds. Boundary connectivity and the smoothest map that agrees with
it follow Zhu,
Liang, Wei and Sun, "Saliency optimization from robust background detection" (CVPR 2014); here the
reach of
connectivity is scaled by the photo's own contrast, so that a pale garment on a pale sheet stands
out too.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.flood import gradient

COUNT: Final = 240
MIN_STEP_PX: Final = 8
WEIGHTS: Final = np.array([0.7, 1.3, 1.3], np.float32)
"""Light and shade count less than hue."""
TEXTURE: Final = 0.8
FLAT: Final = 2.0
"""Steps between neighbours smaller than this (CIE L*a*b*) are free."""
REACH, REACH_SHARE, MIDDLE_PERCENTILE = (2.0, 9.0), 0.4, 60
NEAR: Final = 0.4
"""Contrast counts within this share of the picture's side."""
ALIKE: Final = 8.0
HOLD: Final = 5.0
SWEEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Regions:
    """`label`: (height, width) region numbers; the rest holds one row per region."""

    label: NDArray[np.int32]
    area: Floats
    look: Floats
    """Weighted mean colour and texture."""
    place: Floats
    """Mean y and x, in shares of the sides."""
    frame_px: Floats
    """Pixels on the picture's frame."""
    neighbours: Mask
    """(count, count), symmetric."""


def regions(colours: Floats) -> Regions:
    """Of a CIE L*a*b* picture."""
    height, width, _ = colours.shape
    smooth = np.asarray(cv2.GaussianBlur(colours, (0, 0), 1.0), np.float32)
    edge = gradient(smooth)
    label, count = _watersheds(smooth, edge)
    flat = label.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1).astype(np.float32)

    def mean(values: Floats) -> Floats:
        total = np.bincount(flat, weights=values.ravel(), minlength=count)
        return np.asarray(total / area, np.float32)

    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    frame = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    pairs = np.concatenate(
        [
            np.stack([label[:, :-1].ravel(), label[:, 1:].ravel()]),
            np.stack([label[:-1].ravel(), label[1:].ravel()]),
        ],
        axis=1,
    )
    neighbours = np.zeros((count, count), bool)
    neighbours[pairs[0], pairs[1]] = neighbours[pairs[1], pairs[0]] = True
    np.fill_diagonal(neighbours, False)
    look = [mean(smooth[..., channel]) * WEIGHTS[channel] for channel in range(3)]
    return Regions(
        label,
        area,
        np.stack([*look, TEXTURE * mean(edge)], 1),
        np.stack([mean(rows / height), mean(columns / width)], 1),
        np.bincount(frame, minlength=count).astype(np.float32),
        neighbours,
    )


def _watersheds(smooth: Floats, edge: Floats) -> tuple[NDArray[np.int32], int]:
    """Region numbers from 0, and how many there are."""
    height, width = edge.shape
    step = max(MIN_STEP_PX, int(np.sqrt(height * width / COUNT)))
    seeds = np.zeros((height, width), np.int32)
    count = 0
    for y in range(step // 2, height, step):
        for x in range(step // 2, width, step):
            top, left = max(y - 2, 0), max(x - 2, 0)
            patch = edge[top : y + 3, left : x + 3]
            row, column = divmod(int(patch.argmin()), patch.shape[1])
            count += 1
            seeds[top + row, left + column] = count
    scaled = smooth * np.array([2.2, 1, 1], np.float32) + np.array([0, 128, 128], np.float32)
    label = cv2.watershed(np.clip(scaled, 0, 255).astype(np.uint8), seeds)
    lines = cv2.dilate(np.maximum(label, 0).astype(np.float32), np.ones((3, 3), np.uint8))
    label = np.where(label <= 0, lines.astype(np.int32), label) - 1
    return np.asarray(np.maximum(label, 0), np.int32), count


def standing_out(found: Regions, middle: Mask) -> Floats:
    """0..1 per pixel: how surely it is not background. `middle`: where a garment surely is."""
    unlike = _distances(found.look)
    paths = _paths(found, unlike)
    edge_regions = np.nonzero(found.frame_px)[0]
    far = paths[:, edge_regions].min(1)[np.unique(found.label[middle])]
    reach = float(np.clip(REACH_SHARE * np.percentile(far, MIDDLE_PERCENTILE), *REACH))
    span = np.exp(-((paths / reach) ** 2) / 2)
    connected = (span @ found.frame_px) / np.sqrt(np.maximum(span @ found.area, 1))
    background = 1 - np.exp(-(connected**2) / 2)
    near = np.exp(-(_distances(found.place) ** 2) / (2 * NEAR**2))
    contrast = _to_unit((unlike * near) @ (background * found.area))
    alike = np.exp(-((unlike / ALIKE) ** 2) / 2) * found.neighbours + 0.05 * found.neighbours
    own = HOLD * background + contrast + alike.sum(1) + 1e-6
    solved = contrast
    for _ in range(SWEEPS):  # Jacobi: the system is diagonally dominant
        solved = (contrast + alike @ solved) / own
    return np.asarray(_to_unit(solved)[found.label], np.float32)


def _distances(values: Floats) -> Floats:
    """Between every two rows."""
    square = (values**2).sum(1)
    return np.asarray(
        np.sqrt(np.maximum(square[:, None] + square[None] - 2 * values @ values.T, 0)), np.float32
    )


def _paths(found: Regions, unlike: Floats) -> Floats:
    """The shortest way between every two regions over neighbours, by Floyd and Warshall."""
    steps = np.where(found.neighbours, unlike, np.inf)
    usual = float(np.median(steps.min(1)))
    paths = np.where(found.neighbours, np.maximum(unlike - max(usual, FLAT), 0), np.inf)
    paths = paths.astype(np.float32)
    np.fill_diagonal(paths, 0)
    for over in range(len(paths)):
        np.minimum(paths, paths[:, over : over + 1] + paths[over : over + 1], out=paths)
    return paths


def _to_unit(values: NDArray[np.floating]) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-9), np.float32)
