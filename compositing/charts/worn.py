"""A garment on a body: its charts, its scale, and where its landmarks came to lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from compositing.charts.chart import Chart
from compositing.charts.lines import Numbers
from compositing.charts.neckline import Neckline
from compositing.charts.scale import Scale
from compositing.charts.upper_photo import MARGIN_PX, UpperPhoto

JOINED = frozenset({"collar", "yoke", "body", "leg_left", "leg_right"})
"""Parts that are one piece of cloth."""

ROUGH_MARGIN_PX = 0.4


def margin_px(*, studio: bool) -> float:
    """How far charts reach beyond the outline: a studio photo keeps its soft edge."""
    return MARGIN_PX if studio else ROUGH_MARGIN_PX


@dataclass(frozen=True, slots=True)
class Worn:
    """Charts from the skin outwards; landmarks in look px at a width of 1024."""

    charts: tuple[Chart, ...]
    scale: Scale
    landmarks: Mapping[str, Numbers] = field(default_factory=dict)
    photo: UpperPhoto | None = None
    neckline: Neckline | None = None
    unlike: float | None = None
    """Of shoes, 0..1: how little their outline is that of one shoe."""

    def layers(self) -> list[tuple[str, list[Chart]]]:
        """Charts that are sampled together, from the skin outwards: a trunk or both legs, then each
        sleeve or piece."""
        joined = [chart for chart in self.charts if chart.part in JOINED]
        apart = [chart for chart in self.charts if chart.part not in JOINED]
        return ([("body", joined)] if joined else []) + [(chart.part, [chart]) for chart in apart]
