"""Where the search for an upper garment begins."""

from collections.abc import Sequence

import numpy as np

from compositing.template.body import Body
from compositing.template.frame import UNIT_PX
from compositing.template.silhouette import Array, Silhouette


def starts(silhouette: Silhouette, body: Body, *, sleeved: bool, flared: bool) -> Array:
    """Where the search begins: sizes of the chest, necks, hoods, and sleeves from short to bent."""
    left, _, right, _ = silhouette.box
    half = 0.5 * (right - left + 1)
    guesses = (body.narrow, 1.2 * body.narrow, 0.8 * body.half, body.half)
    if not flared:
        guesses = (body.half, 0.8 * body.half, 0.62 * body.half, 0.5 * half)
    chests = sorted(max(5.0, chest) for chest in guesses)
    if sleeved:
        arms: Sequence[tuple[float, float, float]] = (
            (-0.2, 0.75, 0.0), (0.0, 0.4, 0.0), (0.1, 1.2, 0.0), (0.9, 0.25, -0.1),
            (0.9, 0.5, -0.2), (0.9, 0.8, -0.2), (0.9, 0.65, -0.7), (1.0, 1.25, 0.0), (0.4, 0.5, 0.0),
        )  # fmt: skip
        trunks = [(-0.8, 0.05, 0.25, 0.2, 0.0), (-0.3, 0.05, 0.1, -0.5, -0.1)]
        hoods = (0.0, 0.2)
    else:
        arms, hoods = ((0.0, 0.0, 0.0),), (0.0, 0.15)
        trunks = [(-0.95, -0.15, 0.2, 0.1, 0.0), (-0.6, -0.4, 0.05, 0.2, -0.6)]
        trunks += [(-0.25, -0.05, 0.05, -1.2, 0.0), (-1.2, -0.9, 0.05, 0.2, 0.0)]
    kinds = []
    for long, above, bend in arms:
        for few in (chests[::2], chests[1::2]):
            kind = [
                trunk + ([long, above, bend, -0.4] * 2 if sleeved else [])
                for chest in few
                for trunk in _trunks(silhouette, body, chest, trunks, hoods)
            ]
            kinds.append(kind)
    if not sleeved:  # each kind of neck for itself
        return np.array(kinds).reshape(len(chests), -1, len(kinds[0][0])).swapaxes(0, 1)
    return np.array(kinds)


def _trunks(
    silhouette: Silhouette, body: Body, chest: float, trunks: Sequence[Sequence[float]], hoods: Sequence[float]
) -> list[list[float]]:
    _, top, _, bottom = silhouette.box
    found = []
    for neck, tip, tip_y, pit, rise in trunks:
        for hood in hoods:
            y = top + 1.5 + hood * (bottom - top)
            length = float(np.log(max(body.bottom - y, 4) / chest))
            head = [body.middle / UNIT_PX, y / UNIT_PX, 0, float(np.log(chest)), neck, tip, tip_y, pit]
            found.append([*head, 0, 0, 0, 0, length, 0.02, 0, rise + hood * (bottom - top) / chest, 0.06])
    return found
