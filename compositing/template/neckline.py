"""The front neckline: the curve between the neck points along which colours change most.

Looked for among curves of three kinds (V, round, square) and all depths that necklines have; where
none stands out the depth is a likely one. Cloth of a pattern has edges everywhere: what counts is
also how far the mean colours on both sides of the curve differ.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from compositing.template.silhouette import Array, Silhouette

POWERS: Final = (1.0, 2.0, 3.5)
"""y = depth (1 - |u|^power): a V, a scoop, a square."""
DEPTHS: Final = 64
ALONG: Final = np.linspace(-0.75, 0.75, 19)
DEEPEST: Final = 1.5
"""Of a neckline, over the armpits' depth."""
RARE: Final = (0.0, 0.0, 0.08)
"""What each kind costs."""
CLEAR: Final = 0.38
"""A curve that is less of an edge is not believed."""
OPEN: Final = 0.3
"""An outline that dips so much, over half the neck's width, is the front's: no back shows."""
ROOMY, TOO_DEEP = (3.5, 2.0, 1.5), 0.25
"""Each kind may be so much deeper than is likely; what a depth e times that costs more."""
LIKELY, LIKELY_OPEN = 0.7, 2.2
"""Depth over half the neck's width, where no edge tells; of garments that open to a V."""
UNLIKELY: Final = 0.12
"""What a depth e times another costs."""
INSIDE_PX: Final = 1.8
"""Nearer to the outline is its own edge."""
ASIDE_PX, CONTRAST = 1.6, 18.0
"""Colours are compared this far on both sides; so unlike, in CIE L*a*b*, they are wholly unlike."""


@dataclass(frozen=True, slots=True)
class Neck:
    """Its middle, the vector to the right neck point, and the way down; the silhouette's pixels."""

    middle: Array
    across: Array
    down: Array

    @property
    def half(self) -> float:
        """Half its width."""
        return float(np.hypot(*self.across))


def dip(
    silhouette: Silhouette, necks: Array, pits: Array, back: float, likely: float = LIKELY
) -> Array:
    """The lowest point of the front neckline; all in the silhouette's pixels.

    `necks`, `pits`: left and right; `back`: how far below the neck points the outline runs
    (negative: above).
    """
    across = 0.5 * (necks[1] - necks[0])
    half = max(float(np.hypot(*across)), 1.0)
    neck = Neck(necks.mean(0), across, np.array([-across[1], across[0]]) / half)
    armpits = float((pits.mean(0) - neck.middle) @ neck.down)
    deepest = max(DEEPEST * armpits, 0.5 * half, back + 2.0)
    depths = np.linspace(max(0.1 * half, back + 1.0), deepest, DEPTHS)
    score = np.stack([_unlike(silhouette, neck, depths, power) for power in POWERS])
    score -= UNLIKELY * np.abs(np.log(depths / (likely * half))) + np.array(RARE)[:, None]
    too_deep = np.log(np.maximum(depths[None] / (likely * half * np.array(ROOMY)[:, None]), 1))
    score -= TOO_DEEP * too_deep
    best = np.unravel_index(int(score.argmax()), score.shape)
    depth = float(depths[best[1]])
    if score[best] < CLEAR:
        depth = back if back > OPEN * half else max(likely * half, back + 1.0)
    return np.asarray(neck.middle + depth * neck.down)


def _unlike(silhouette: Silhouette, neck: Neck, depths: Array, power: float) -> Array:
    """For each depth, how much of an edge the curve is: 0 to 1."""
    u = ALONG / 0.95
    drop = depths[:, None] * (1 - np.abs(u) ** power)
    points = neck.middle + ALONG[:, None] * neck.across + drop[..., None] * neck.down
    edge = silhouette.at(silhouette.edges, points)
    inside = silhouette.at(silhouette.distance, points) < -INSIDE_PX
    slope = -depths[:, None] * power * np.sign(u) * np.abs(u) ** (power - 1) / neck.half
    normal = neck.down - slope[..., None] * neck.across / neck.half
    normal *= ASIDE_PX / np.hypot(normal[..., 0], normal[..., 1])[..., None]
    above, below = (silhouette.at(silhouette.colours, points + s * normal) for s in (-1, 1))
    apart = ((above - below) * inside[..., None]).mean(1)
    unlike = np.clip(np.sqrt((apart**2).sum(-1)) / CONTRAST, 0, 1)
    return np.asarray(0.5 * (edge * inside).mean(1) + 0.5 * unlike)
