"""Cloth carried along a map into the look's frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats
from compositing.fit.maps import Box, Map, grid

OVERSAMPLE = 1.25
SPECK_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Warped:
    """Cloth in the look's frame: premultiplied linear colours (height, width, 3) and alpha, cropped to `box`."""

    colour: Floats
    alpha: Floats
    box: Box


def reduced(layers: Floats, maps: Sequence[Map], frame: tuple[int, int]) -> Floats:
    """The cloth at about the size at which these maps show it, so that sampling it does not alias."""
    shrink = max(found.stretch for found in maps) * OVERSAMPLE * frame[0] / layers.shape[1]
    if shrink >= 0.8:
        return layers
    return np.asarray(cv2.resize(layers, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.float32)


def warp(layers: Floats, found: Map, share: Floats | None, frame: tuple[int, int], size: tuple[int, int]) -> Warped:
    """Carry cloth, premultiplied linear colours and alpha (height, width, 4), along a map into a look of `size`.

    Reduce it first (`reduced`).
    `frame`: the (width, height) in whose pixels the map speaks of the photo. `share`: how much of each pixel the map may
    show, at the frame's size; None: all.
    """
    _, photo, box = grid(found, size)
    left, top, right, bottom = box
    if share is not None:
        layers = layers * cv2.resize(share, layers.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    scale = np.array([layers.shape[1] / frame[0], layers.shape[0] / frame[1]])
    fine = _spread(((photo + 0.5) * scale - 0.5).astype(np.float32), right - left, bottom - top)
    sampled = cv2.remap(
        np.asarray(layers, np.float32),
        fine[..., 0],
        fine[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    whole = _without_specks(np.clip(sampled[..., 3], 0, 1))
    return Warped(np.asarray(sampled[..., :3] * (whole > 0)[..., None], np.float32), whole, box)


def _without_specks(alpha: Floats) -> Floats:
    """Where the ends of ribs cross, a map may show a few pixels once more: only large pieces are kept."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.15).astype(np.uint8), connectivity=4)
    if count <= 2:
        return alpha
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= SPECK_SHARE * areas[1:].max()
    large[0] = True
    return np.asarray(alpha * large[pieces], np.float32)


def _spread(coarse: Floats, width: int, height: int) -> Floats:
    """The grid's values at every pixel, bilinear, corners on corners."""
    rows, columns = coarse.shape[:2]
    across = np.linspace(0, columns - 1, width, dtype=np.float32)
    down = np.linspace(0, rows - 1, height, dtype=np.float32)
    left = np.clip(across.astype(int), 0, columns - 2)
    upper = np.clip(down.astype(int), 0, rows - 2)
    share = (across - left)[None, :, None]
    wide = coarse[:, left] * (1 - share) + coarse[:, left + 1] * share
    share = (down - upper)[:, None, None]
    return np.asarray(wide[upper] * (1 - share) + wide[upper + 1] * share, np.float32)
