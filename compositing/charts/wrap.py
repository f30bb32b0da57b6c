"""How flat cloth looks round a body: what shows of its ease, and where its columns go."""

import numpy as np

from compositing.charts.lines import Numbers

EASE_SHOWN = 0.95
"""Share of a garment's ease that shows at the silhouette. By eye, on two mannequins."""
MIX = 0.55
"""How much of the wrap is a cylinder's; the rest is flat."""


def wrapped(u: Numbers) -> Numbers:
    """Where cloth at share `u` (-1..1) of the flat half width is seen, as a share of the silhouette's half width."""
    return (1 - MIX) * u + MIX * np.sin(np.pi * np.clip(u, -1, 1) / 2)
