"""The judge's door: the quality of a garment on a body, and what follows from it."""

import numpy as np

from compositing.charts.chart import cell_areas
from compositing.charts.worn import Worn
from compositing.garment import Garment
from compositing.judge.quality import Quality, quality

SMALL_QUALITY = 0.9
"""Of shoes and accessories that were made out without doubt; they have no template to be measured
by."""


def judged(garment: Garment, worn: Worn) -> Quality:
    """The quality of a garment that is laid on a body."""
    if garment.measures is None:
        return Quality(round(SMALL_QUALITY - 0.5 * garment.cutout.doubt, 3), ())
    cells = sum(cell_areas(chart.look).size for chart in worn.charts)
    folded = sum(chart.folded() for chart in worn.charts) / max(cells, 1)
    ratios = np.log([cue.scale / worn.scale.value for cue in worn.scale.cues])
    apart = float(np.sqrt((ratios**2).mean())) if len(ratios) else 0.0
    return quality(garment.measures, folded=folded, apart=apart)


def refusal(found: Quality) -> str:
    """What a client is told of a garment below the floor."""
    why = "; ".join(found.reasons[:2]) or "it does not look like a garment of this category"
    return f"The garment cannot be dressed well enough to be sold: {why}."
