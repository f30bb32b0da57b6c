"""Maps from the look back to the photo.

A map answers, for points of the look, which points of the photo are seen there. Each is made so that it can't fold:
rows of a `RowMap` stay rows in order, and within a row x grows with x; ribs of a `RibMap` do not cross.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.background import Floats
from compositing.garment.silhouette import Contour

UNTANGLINGS = 40
OUTSIDE = -1e4
"""Where a map shows nothing."""
BEYOND, WITHIN, BEFORE, AFTER = 0.16, 0.16, 0.5, 1.0
"""A rib goes on so far past its ends, in shares of its length, and the limb past its first and last rib, in ribs' distances:
what the silhouette's edge left out."""

Points = NDArray[np.float64]
Box = tuple[int, int, int, int]


class Map(Protocol):
    """From the look back to the photo."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """What it covers of the look: left, top, right, bottom in pixels."""
        ...

    @property
    def stretch(self) -> float:
        """Pixels of the look per pixel of the photo, the largest there is."""
        ...

    @property
    def step_px(self) -> int:
        """How coarse a grid shows the map well."""
        ...

    def photo(self, points: Points) -> Points:
        """(n, 2) points x, y of the look -> the points of the photo that are seen there."""
        ...


@dataclass(frozen=True, slots=True)
class RowMap:
    """Knots per row: at row `ys[k]` of the look, photo row `rows[k]`, and columns `to[k]` of the look show `frm[k]`."""

    ys: Points  # (k,) increasing
    rows: Points  # (k,) increasing
    to: Points  # (k, m) increasing along m
    frm: Points  # (k, m) increasing along m
    spill_px: float = 40.0
    step_px: int = 8

    @property
    def box(self) -> tuple[float, float, float, float]:
        """All rows, and a margin."""
        spill = self.spill_px
        return (
            float(self.to.min()) - spill,
            float(self.ys[0]) - spill / 2,
            float(self.to.max()) + spill,
            float(self.ys[-1]) + spill / 2,
        )

    @property
    def stretch(self) -> float:
        """Of rows or columns, whichever is stretched more."""
        tall = (self.ys[-1] - self.ys[0]) / max(self.rows[-1] - self.rows[0], 1)
        wide = np.median((self.to[:, -1] - self.to[:, 0]) / np.maximum(self.frm[:, -1] - self.frm[:, 0], 1))
        return float(max(tall, wide))

    def photo(self, points: Points) -> Points:
        """Piecewise linear in both directions; beyond the first and last knot it goes on as it went."""
        at = np.clip(np.searchsorted(self.ys, points[:, 1]) - 1, 0, len(self.ys) - 2)
        share = (points[:, 1] - self.ys[at]) / (self.ys[at + 1] - self.ys[at])
        row = self.rows[at] + share * (self.rows[at + 1] - self.rows[at])
        held = np.clip(share, 0, 1)[:, None]
        to = self.to[at] * (1 - held) + self.to[at + 1] * held
        frm = self.frm[at] * (1 - held) + self.frm[at + 1] * held
        x = points[:, 0]
        knot = np.clip((x[:, None] >= to).sum(1) - 1, 0, to.shape[1] - 2)
        each = np.arange(len(x))
        width = np.maximum(to[each, knot + 1] - to[each, knot], 1e-6)
        slope = (frm[each, knot + 1] - frm[each, knot]) / width
        return np.column_stack([frm[each, knot] + (x - to[each, knot]) * slope, row])


@dataclass(frozen=True, slots=True)
class RibMap:
    """Ribs across a limb, from `outer[k]` to `inner[k]`, in the look and in the photo."""

    outer: Contour  # (k, 2), in the look
    inner: Contour
    photo_outer: Contour  # (k, 2), in the photo
    photo_inner: Contour
    step_px: int = 2

    @property
    def box(self) -> tuple[float, float, float, float]:
        """All ribs, and a margin."""
        both = np.concatenate([self.outer, self.inner])
        margin = 0.35 * float(np.linalg.norm(self.outer - self.inner, axis=1).max())
        low, high = both.min(0) - margin, both.max(0) + margin
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def stretch(self) -> float:
        """Across or along, whichever is stretched more."""
        across = np.linalg.norm(self.outer - self.inner, axis=1) / np.maximum(
            np.linalg.norm(self.photo_outer - self.photo_inner, axis=1), 1
        )
        steps = np.linalg.norm(np.diff(self.outer + self.inner, axis=0), axis=1).sum()
        along = steps / max(np.linalg.norm(np.diff(self.photo_outer + self.photo_inner, axis=0), axis=1).sum(), 1)
        return float(max(np.median(across), along))

    def photo(self, points: Points) -> Points:
        """Between the first two ribs that hold a point: by the distances to both, and across by the share of the rib."""
        across = self.inner - self.outer
        normal = np.column_stack([-across[:, 1], across[:, 0]]) / (np.linalg.norm(across, axis=1)[:, None] + 1e-9)
        ahead = (self.outer[-1] + self.inner[-1] - self.outer[0] - self.inner[0]) @ normal[len(normal) // 2]
        normal *= 1.0 if ahead > 0 else -1.0
        distance = points @ normal.T - (self.outer * normal).sum(1)
        one, two = distance[:, :-1], distance[:, 1:]
        apart = np.where(np.abs(one - two) > 1e-6, one - two, 1e-6)
        share = np.where((one - two) > 1e-6, one / apart, -9.0)
        outer = self.outer[:-1] + share[..., None] * np.diff(self.outer, axis=0)
        rib = self.inner[:-1] + share[..., None] * np.diff(self.inner, axis=0) - outer
        along = ((points[:, None] - outer) * rib).sum(-1) / np.maximum((rib**2).sum(-1), 1e-6)
        least, most = np.zeros(share.shape[1]), np.ones(share.shape[1])
        least[0], most[-1] = -BEFORE, 1 + AFTER
        held = (share >= least) & (share <= most) & (along > -BEYOND) & (along < 1 + WITHIN)
        at, each = held.argmax(1), np.arange(len(points))
        share, along = share[each, at][:, None], along[each, at][:, None]
        photo_outer = self.photo_outer[at] * (1 - share) + self.photo_outer[at + 1] * share
        photo_inner = self.photo_inner[at] * (1 - share) + self.photo_inner[at + 1] * share
        return np.asarray(np.where(held.any(1)[:, None], photo_outer + along * (photo_inner - photo_outer), OUTSIDE))


@dataclass(frozen=True, slots=True)
class BoxMap:
    """A box carried to a box."""

    to: tuple[float, float, float, float]
    frm: tuple[float, float, float, float]
    step_px: int = 16

    @property
    def box(self) -> tuple[float, float, float, float]:
        """A little more than the target."""
        return self.to[0] - 4, self.to[1] - 4, self.to[2] + 4, self.to[3] + 4

    @property
    def stretch(self) -> float:
        """Of the larger side."""
        return max(
            (self.to[2] - self.to[0]) / max(self.frm[2] - self.frm[0], 1),
            (self.to[3] - self.to[1]) / max(self.frm[3] - self.frm[1], 1),
        )

    def photo(self, points: Points) -> Points:
        """Linear in x and in y."""
        to, frm = np.array(self.to).reshape(2, 2), np.array(self.frm).reshape(2, 2)
        return np.asarray(frm[0] + (points - to[0]) / (to[1] - to[0]) * (frm[1] - frm[0]))


def grid(found: Map, size: tuple[int, int]) -> tuple[Points, Points, Box]:
    """The map on a grid over its box, clipped to a look of `size` (width, height): points of the look and of the photo."""
    left, top, right, bottom = found.box
    left, right = (int(np.clip(v, 0, size[0] - 2)) for v in (np.floor(left), np.ceil(right)))
    top, bottom = (int(np.clip(v, 0, size[1] - 2)) for v in (np.floor(top), np.ceil(bottom)))
    right, bottom = max(right, left + 2), max(bottom, top + 2)
    step = found.step_px
    columns, rows = max(2, -(-(right - left) // step) + 1), max(2, -(-(bottom - top) // step) + 1)
    xs, ys = np.linspace(left, right - 1, columns), np.linspace(top, bottom - 1, rows)
    points = np.stack(np.meshgrid(xs, ys), -1)
    photo = _untangled(found.photo(points.reshape(-1, 2)).reshape(points.shape))
    return points, photo, (left, top, right, bottom)


def _untangled(photo: Points) -> Points:
    """The grid with the few cells smoothed that turn over where a limb's ribs come close: means of neighbours, locally."""
    for _ in range(UNTANGLINGS):
        shown, turned = _cells(photo)
        folded = shown & turned
        if not folded.any():
            break
        near = cv2.dilate(np.pad(folded, ((0, 1), (0, 1))).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        known = np.asarray((photo > OUTSIDE / 2).all(-1), np.float64)
        weight = cv2.blur(known, (3, 3), borderType=cv2.BORDER_CONSTANT)
        mean = cv2.blur(photo * known[..., None], (3, 3), borderType=cv2.BORDER_CONSTANT) / np.maximum(weight, 1e-9)[..., None]
        photo = np.where((near & (known > 0))[..., None], mean, photo)
    return photo


def _cells(photo: Points) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each of the grid's cells, whether it shows anything, and whether it turns over: its Jacobian is not positive."""
    known = np.asarray((photo > OUTSIDE / 2).all(-1))
    shown = known[:-1, :-1] & known[1:, :-1] & known[:-1, 1:]
    across, down = photo[:-1, 1:] - photo[:-1, :-1], photo[1:, :-1] - photo[:-1, :-1]
    return shown, np.asarray(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0] <= 0)


def folds(found: Map, size: tuple[int, int], alpha: Floats | None = None) -> float:
    """The share of the grid's cells where the map turns over: its Jacobian is negative.

    Cells that show nothing do not count; with `alpha`, of the map's box, neither do those where no cloth is seen.
    """
    points, photo, (left, top, _, _) = grid(found, size)
    shown, turned = _cells(photo)
    if alpha is not None:
        rows = np.clip((points[:-1, 0, 1] - top).astype(int), 0, len(alpha) - 1)
        columns = np.clip((points[0, :-1, 0] - left).astype(int), 0, alpha.shape[1] - 1)
        shown = shown & (alpha[np.ix_(rows, columns)] > 0.02)
    return float((turned & shown).sum() / max(int(shown.sum()), 1))
