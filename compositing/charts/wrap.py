"""How cloth looks round a body: how wide, and where its columns go."""

import numpy as np

from compositing.charts.body import CLOTH_PX
from compositing.charts.lines import Numbers

EASE_SHOWN = 0.95
"""Share of a garment's ease that shows at the silhouette. By eye, on two mannequins."""
LEVEL_PX, FEET_PX, FEET_SLOPE = 500.0, 1440.0, 0.17
"""The row at which the mannequins' camera stands, that of their feet, and how steeply it looks down
there (as it shows a foot's length)."""
DEPTH = 0.65
"""Of a body or a skirt, over its width."""
MIX_LAID, MIX_ON_FORM = 0.55, 0.10
"""How much of the wrap is a cylinder's; the rest is flat. A photo of a garment on a form is wrapped
already."""


def wrapped(u: Numbers, *, on_form: bool = False) -> Numbers:
    """Where cloth at share `u` (-1..1) of the photo's half width is seen, as a share of the
    silhouette's half width."""
    mix = MIX_ON_FORM if on_form else MIX_LAID
    return (1 - mix) * u + mix * np.sin(np.pi * np.clip(u, -1, 1) / 2)


def worn_half(flat: Numbers, bare: Numbers, girth: Numbers, *, on_form: bool) -> Numbers:
    """Half widths of cloth on a body by row: `flat`: the photo's at the look's scale, `bare`: the
    body's, `girth`: its quarter girth."""
    if on_form:
        return np.maximum(bare + CLOTH_PX, flat)
    return bare + CLOTH_PX + EASE_SHOWN * np.maximum(0, flat - girth)


def bowed(rows: Numbers, half: Numbers, columns: Numbers) -> Numbers:
    """How much lower than its row cloth is seen before the body, and how much higher at its sides
    (rows, columns), in px: rings round a body look like ellipses, flat at the camera's height."""
    slope = FEET_SLOPE * np.clip((rows - LEVEL_PX) / (FEET_PX - LEVEL_PX), 0, 1)
    return np.asarray((slope * DEPTH * half)[:, None] * (0.5 - columns**2))
