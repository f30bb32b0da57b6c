"""A cut-out's mask and template turned upright, and the way back: the photo itself is never
resampled for it."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

import cv2
import numpy as np

from compositing.charts.chart import Chart
from compositing.charts.lines import Mask, Numbers

T = TypeVar("T")
UPRIGHT_RAD = 0.008
"""Less than this is upright."""


@dataclass(frozen=True, slots=True)
class Turn:
    """From the cut-out's px to upright px: `matrix` (2, 3), and the size (width, height) that holds
    everything."""

    matrix: Numbers
    size: tuple[int, int]

    @classmethod
    def by(cls, turn_rad: float, width: int, height: int) -> "Turn":
        """Turns the picture of that size back by `turn_rad`."""
        if abs(turn_rad) < UPRIGHT_RAD:
            return cls(np.array([[1.0, 0, 0], [0, 1, 0]]), (width, height))
        matrix = np.asarray(
            cv2.getRotationMatrix2D((width / 2, height / 2), np.degrees(turn_rad), 1.0), float
        )
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        size = int(height * sin + width * cos) + 2, int(height * cos + width * sin) + 2
        matrix[:, 2] += (np.array(size) - [width, height]) / 2
        return cls(matrix, size)

    def mask(self, mask: Mask) -> Mask:
        """A mask, upright."""
        if self.size == mask.shape[::-1]:
            return mask
        return np.asarray(cv2.warpAffine(mask.astype(np.float32), self.matrix, self.size) > 0.5)

    def points(self, points: Numbers) -> Numbers:
        """Points (..., 2), upright."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])

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
        inverse = np.linalg.inv(self.matrix[:, :2])
        return Chart(chart.part, (chart.photo - self.matrix[:, 2]) @ inverse.T, chart.look)
