"""The judge's door: the quality of a garment on a body, and what follows from it."""

import numpy as np

from compositing.charts.chart import cell_areas
from compositing.charts.worn import Worn
from compositing.garment import Garment
from compositing.judge.quality import REASONS, Evidence, Quality, quality

SMALL_QUALITY, ROUGH_SMALL_QUALITY = 0.8, 0.6
"""Of shoes and accessories that were made out without doubt, before a plain background and before
another; they have no template to be measured by."""

ROUGH_SHOES_QUALITY, DOUBTED_SHOES, TELLING_SHAPE = 0.75, 0.15, 0.12
"""Of shoes, whose outlines are judged as well, before a background that is not plain; what a
cut-out that is wholly doubted costs them; and from where on an outline is a reason.
"""
SHOES_APART = (
    "one shoe could not be told from the other or from what is beside it: photograph the pair from "
    "above, toes towards you, a hand apart"
)


def judged(garment: Garment, worn: Worn) -> Quality:
    """The quality of a garment that is laid on a body."""
    if garment.measures is None:
        plain = garment.cutout.mode != "messy"
        if worn.unlike is not None:
            return _of_shoes(garment, worn.unlike, plain=plain)
        made_out = SMALL_QUALITY if plain else ROUGH_SMALL_QUALITY
        reasons = () if plain else (REASONS["rough"],)
        return Quality(round(max(made_out - 0.3 * garment.cutout.doubt, 0.0), 3), reasons)
    return quality(seen(garment, worn))


def _of_shoes(garment: Garment, unlike: float, *, plain: bool) -> Quality:
    """Of shoes: how surely they were cut out, and whether what stands in the look is one shoe."""
    made_out = SMALL_QUALITY if plain else ROUGH_SHOES_QUALITY
    value = made_out - DOUBTED_SHOES * garment.cutout.doubt - unlike
    torn = (SHOES_APART,) if unlike > TELLING_SHAPE else ()
    rough = () if plain else (REASONS["rough"],)
    return Quality(round(max(value, 0.0), 3), (*torn, *rough))


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
