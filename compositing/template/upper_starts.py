"""Where the search for an upper garment begins."""

from itertools import product
from typing import Final

import numpy as np

from compositing.template.body import Trunk
from compositing.template.frame import UNIT_PX
from compositing.template.silhouette import Array, Silhouette

ARMS: Final = (
    (-0.2, 0.75, 0.0), (0.0, 0.4, 0.0), (0.1, 1.2, 0.0), (0.9, 0.25, -0.1),
    (0.9, 0.5, -0.2), (0.9, 0.8, -0.2), (0.9, 0.65, -0.7), (1.0, 1.25, 0.0), (0.4, 0.5, 0.0),
    (1.2, 0.05, 0.0), (0.2, 0.1, 0.0), (-0.7, 1.2, 0.0),
)  # fmt: skip
"""Length, angle above the elbow, bend: from short to long, hanging to stretched."""
SLEEVED_NECKS: Final = ((-0.8, 0.05, 0.25, 0.2, 0.0), (-0.3, 0.05, 0.1, -0.5, -0.1))
BARE_NECKS: Final = (
    (-0.6, 0.0, 0.2, 0.25, 0.0), (-0.6, -0.4, 0.05, 0.2, -0.6),
    (-0.25, -0.05, 0.05, -1.2, 0.0), (-1.2, -0.9, 0.05, 0.2, 0.0),
)  # fmt: skip
"""Half neck, tip's x and y, armpit's y, rise: full, straps, off the shoulder, halter."""
HOODS: Final = (0.0, 0.18)
"""How far the neck lies below the top, over the height."""


def starts(silhouette: Silhouette, body: Trunk, *, sleeved: bool, flared: bool) -> Array:
    """(kinds, each, n). Kinds: narrow or wide chests with each sort of sleeve, else of neck."""
    left, _, right, _ = silhouette.box
    half = 0.5 * (right - left + 1)
    guesses = (body.half, 0.8 * body.half, 0.62 * body.half, 0.5 * half)
    if flared:
        guesses = (body.narrow, 1.2 * body.narrow, 0.8 * body.half, body.half)
    chests = sorted(max(5.0, chest) for chest in guesses)
    kinds = []
    for few in (chests[:2], chests[2:]):

        def trunks(neck: tuple[float, ...], few: list[float] = few) -> list[list[float]]:
            pairs = product(few, HOODS)
            return [
                _trunk(silhouette, body, chest, neck, hood, flared=flared) for chest, hood in pairs
            ]

        if sleeved:
            every = [trunk for neck in SLEEVED_NECKS for trunk in trunks(neck)]
            kinds += [[trunk + [*arm, -0.4] * 2 for trunk in every] for arm in ARMS]
        else:
            kinds += [trunks(neck) for neck in BARE_NECKS]
    return np.array(kinds)


def _trunk(  # noqa: PLR0913 (what a trunk's numbers follow from)
    silhouette: Silhouette,
    body: Trunk,
    chest: float,
    neck: tuple[float, ...],
    hood: float,
    *,
    flared: bool,
) -> list[float]:
    _, top, _, bottom = silhouette.box
    half_neck, tip_x, tip_y, pit_y, rise = neck
    raised = hood * (bottom - top)
    y = top + 1.5 + raised
    length = float(np.log(max(body.bottom - y, 4) / chest))
    hem = float(np.clip(np.log(body.half / chest), 0, 1)) if flared else 0.0
    head = [
        body.middle / UNIT_PX,
        y / UNIT_PX,
        0,
        float(np.log(chest)),
        half_neck,
        tip_x,
        tip_y,
        pit_y,
    ]
    return [*head, 0, 0, 0.5 * hem, hem, length, 0.02, 0, rise + raised / chest, 0.06, 0]
