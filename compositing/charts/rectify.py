"""How a garment that was photographed aslant would look from straight above, by its own symmetry.

A flat garment's halves mirror each other. A picture of it from the side is a projective map of
that; of such maps what a mirror cannot see (how far the camera leaned up or down) is left alone.
So four numbers are sought under which left and right points mirror each other best: a slant of the
axis, a slant of the rows, a side that is nearer to the camera, and where the axis lies. They are
drawn to nought by how likely they are, and bounded. A hem that slants alone stays aslant: its
shoulders say that the photo does not.
"""

from typing import Final

import numpy as np

from compositing.charts.lines import Numbers
from compositing.template.model import Legs, Skirt, Suit, Template, Upper

PAIRS: Final = {
    Upper: {"neck": 1.0, "tip": 0.7, "pit": 0.5, "waist": 0.5, "hem": 1.0},
    Legs: {"waist": 1.0, "hip": 0.7, "top_outer": 0.5, "hem_outer": 0.7, "hem_inner": 0.7},
    Skirt: {"waist": 1.0, "hip": 0.7, "hem": 1.0},
}
"""Points of both sides that mirror each other, and how far to trust them."""
POINT, SLANT, NEARER = 0.03, 0.08, 0.12
"""Standard deviations: of points; of slants and of the nearer side's growth over half the size."""
BOUNDS: Final = np.array([0.16, 0.16, 0.22])
BEND: Final = 0.04
"""A pair that is farther off than this counts hardly at all (Geman & McClure's loss)."""
ROUNDS: Final = 12
STEP: Final = 1e-4


def rectified(template: Template) -> Numbers:
    """(3, 3) from px of an upright photo to px in which its halves mirror each other."""
    if isinstance(template, Suit):
        return rectified(template.upper)
    names = PAIRS[type(template)]
    left, right = (
        np.array([getattr(side, name) for name in names], float)
        for side in (template.left, template.right)
    )
    every = np.concatenate([left, right])
    middle, half = (every.max(0) + every.min(0)) / 2, float(np.ptp(every, axis=0).max()) / 2
    if half < 1:
        return np.eye(3)
    weights = np.array(list(names.values()))
    found = _solved((left - middle) / half, (right - middle) / half, weights)
    to = np.array([[1 / half, 0, -middle[0] / half], [0, 1 / half, -middle[1] / half], [0, 0, 1]])
    return np.asarray(np.linalg.inv(to) @ _map(found) @ to)


def _map(numbers: Numbers) -> Numbers:
    """Slants of axis and rows, and growth to one side, as a homography."""
    axis, rows, nearer = numbers[:3]
    return np.array([[1.0, axis, 0], [rows, 1.0, 0], [nearer, 0, 1.0]])


def through(matrix: Numbers, points: Numbers) -> Numbers:
    """Points (..., 2) through a homography."""
    far = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(far[..., :2] / far[..., 2:])


def _solved(left: Numbers, right: Numbers, weights: Numbers) -> Numbers:
    """Slant of the axis, of the rows, nearer side, and the axis; a robust Gauss-Newton."""
    numbers = np.array([0.0, 0.0, 0.0, float((left[:, 0] + right[:, 0]).mean()) / 2])
    doubt = np.array([SLANT, SLANT, NEARER])
    bounds = np.append(BOUNDS, 1.0)

    def off(n: Numbers) -> Numbers:
        one, two = through(_map(n), left), through(_map(n), right)
        return np.stack([(one + two)[:, 0] / 2 - n[3], (one - two)[:, 1] / 2], 1)

    for _ in range(ROUNDS):
        here = off(numbers)
        far = np.hypot(*here.T)
        share = weights / (1 + (far / BEND) ** 2) ** 2
        scale = np.repeat(np.sqrt(share), 2) / POINT
        slope = np.stack(
            [(off(numbers + step) - here).ravel() / STEP for step in STEP * np.eye(4)], 1
        )
        matrix = np.concatenate([slope * scale[:, None], np.eye(4)[:3] / doubt[:, None]])
        wanted = np.concatenate([here.ravel() * scale, numbers[:3] / doubt])
        step = np.linalg.lstsq(matrix, -wanted, rcond=None)[0]
        numbers = np.clip(numbers + step, -bounds, bounds)
    return numbers
