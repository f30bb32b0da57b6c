"""A cut-out's mask and template turned upright, and the way back: the photo itself is never
resampled for it."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

import cv2
import numpy as np

from compositing.arrays import Mask
from compositing.charts.chart import Chart
from compositing.charts.lines import Numbers
from compositing.charts.rectify import through

T = TypeVar("T")
UPRIGHT_RAD = 0.008
"""Less than this is upright."""
LEAST_DEPTH = 0.4
"""A photo's farthest corner is at least so near, of its nearest."""


@dataclass(frozen=True, slots=True)
class Turn:
    """From the cut-out's px to upright px: `matrix` (3, 3), and the size (width, height) that holds
    everything."""

    matrix: Numbers
    size: tuple[int, int]

    @classmethod
    def by(cls, turn_rad: float, width: int, height: int) -> "Turn":
        """Turns the picture of that size back by `turn_rad`."""
        if abs(turn_rad) < UPRIGHT_RAD:
            return cls(np.eye(3), (width, height))
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), np.degrees(turn_rad), 1.0)
        return cls._holding(np.vstack([turn, [0, 0, 1]]), (width, height))

    @classmethod
    def _holding(cls, matrix: Numbers, size: tuple[int, int]) -> "Turn":
        """Moved so that the whole picture is held."""
        (w, h), near = size, np.eye(3)
        corners = through(matrix, np.array([[0.0, 0], [w, 0], [0, h], [w, h]]))
        near[:2, 2] = 1 - corners.min(0)
        wide, high = np.ptp(corners, axis=0) + 2
        return cls(near @ matrix, (int(wide), int(high)))

    def then(self, matrix: Numbers) -> "Turn":
        """And then by a homography (3, 3) of upright px; the same where that bends too much."""
        both = matrix @ self.matrix
        inverse = np.linalg.inv(self.matrix)
        w, h = self.size
        ends = through(np.asarray(inverse, float), np.array([[0.0, 0], [w, 0], [0, h], [w, h]]))
        depth = ends @ both[2, :2] + both[2, 2]
        if depth.min() < LEAST_DEPTH * depth.max():
            return self
        moved = self._holding(matrix, self.size)
        return Turn(moved.matrix @ self.matrix, moved.size)

    def mask(self, mask: Mask) -> Mask:
        """A mask, upright."""
        if np.array_equal(self.matrix, np.eye(3)):
            return mask
        return np.asarray(
            cv2.warpPerspective(mask.astype(np.float32), self.matrix, self.size) > 0.5
        )

    def points(self, points: Numbers) -> Numbers:
        """Points (..., 2), upright."""
        return through(self.matrix, points)

    def template(self, template: T) -> T:
        """A template with all its points upright."""
        changed: dict[str, object] = {}
        for field in fields(template):  # type: ignore[arg-type]  # templates are dataclasses
            value = getattr(template, field.name)
            if is_dataclass(value):
                changed[field.name] = self.template(value)
            elif isinstance(value, np.ndarray):
                changed[field.name] = self.points(value)
        return replace(template, **changed)  # type: ignore[type-var]  # templates are dataclasses

    def back(self, chart: Chart) -> Chart:
        """A chart whose photo's points are the cut-out's px again."""
        photo = through(np.asarray(np.linalg.inv(self.matrix), float), chart.photo)
        return Chart(chart.part, photo, chart.look, chart.share)
