"""The judge's door: the quality of a garment on a body, and what follows from it."""

import numpy as np

from compositing.charts.chart import cell_areas
from compositing.charts.worn import Worn
from compositing.garment import Garment
from compositing.judge.quality import REASONS, Evidence, Quality, quality

SMALL_QUALITY, ROUGH_SMALL_QUALITY = 0.8, 0.6
"""Of shoes and accessories that were made out without doubt, before a plain background and before
another; they have no template to be measured by."""


def judged(garment: Garment, worn: Worn) -> Quality:
    """The quality of a garment that is laid on a body."""
    if garment.measures is None:
        plain = garment.cutout.mode != "messy"
        made_out = SMALL_QUALITY if plain else ROUGH_SMALL_QUALITY
        reasons = () if plain else (REASONS["rough"],)
        return Quality(round(max(made_out - 0.3 * garment.cutout.doubt, 0.0), 3), reasons)
    return quality(seen(garment, worn))


def seen(garment: Garment, worn: Worn) -> Evidence:
    """What the quality of a garment with a template is judged by."""
    if garment.measures is None:
        raise ValueError("a garment without a template has no measures")
    cells = sum(cell_areas(chart.look).size for chart in worn.charts)
    folded = sum(chart.folded() for chart in worn.charts) / max(cells, 1)
    ratios = np.log([cue.scale / worn.scale.value for cue in worn.scale.cues])
    apart = float(np.sqrt((ratios**2).mean())) if len(ratios) else 0.0
    neck = 1.0 if worn.neckline is None else worn.neckline.sure
    return Evidence(garment.measures, folded, apart, neck)


def refusal(found: Quality) -> str:
    """What a client is told of a garment below the floor."""
    why = "; ".join(found.reasons[:2]) or "it does not look like a garment of this category"
    return f"The garment cannot be dressed well enough to be sold: {why}."
