"""A jacket that is worn open over a top, drawn from a photo in which it is closed.

The rule: the front parts along its middle line; each half keeps its side seam and gives way to the
side, at the hem by
at most OPEN_AT_HEM of its width, at the neck by less, so that cloth is squeezed by no more than
that share. Nothing is
invented: what is seen of each half is what the photo shows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compositing.charts.chart import Chart
from compositing.charts.worn import Worn
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

OPENING = frozenset(
    {GarmentCategory.JACKET, GarmentCategory.BLAZER, GarmentCategory.COAT, GarmentCategory.CARDIGAN}
)
"""What is worn open over another garment."""
_UNDER = (BodyRegion.UPPER, BodyRegion.FULL)
OPEN_AT_NECK, OPEN_AT_CHEST, OPEN_AT_HEM = 0.10, 0.20, 0.30
"""How far each half gives way, in shares of its width, from the neck over the armpits to the hem.
"""


def over_another(category: GarmentCategory, outfit: Sequence[GarmentCategory]) -> bool:
    """Whether a garment of this category is worn open over another of the outfit."""
    if category not in OPENING:
        return False
    layer = CATEGORIES[category].layer
    return any(CATEGORIES[one].region in _UNDER and CATEGORIES[one].layer < layer for one in outfit)


def opened(worn: Worn) -> Worn:
    """The same garment, open. Charts without a middle column stay as they are."""
    charts: list[Chart] = []
    for chart in worn.charts:
        if chart.part == "yoke":
            charts += _halves(chart, OPEN_AT_NECK, OPEN_AT_CHEST)
        elif chart.part == "body":
            charts += _halves(chart, OPEN_AT_CHEST, OPEN_AT_HEM)
        else:
            charts.append(chart)
    return replace(worn, charts=tuple(charts))


def _halves(chart: Chart, first: float, last: float) -> list[Chart]:
    """The two halves of a chart; `first`, `last`: how far they give way in those rows."""
    columns = chart.look.shape[1]
    if columns % 2 == 0 or columns < 5:
        return [chart]
    middle = columns // 2
    share = np.linspace(first, last, len(chart.look))[:, None]
    axis = chart.look[:, middle : middle + 1, 0]
    found = []
    for part in (slice(None, middle + 1), slice(middle, None)):
        look = chart.look[:, part].copy()
        edge = look[:, :1, 0] if part.start is None else look[:, -1:, 0]
        # 0 at the side, 1 at the middle
        near = (look[..., 0] - edge) / np.where(np.abs(axis - edge) < 1e-6, 1.0, axis - edge)
        look[..., 0] = look[..., 0] - np.clip(near, 0, 1) * share * (axis - edge)
        found.append(Chart(chart.part, chart.photo[:, part], look))
    return found
