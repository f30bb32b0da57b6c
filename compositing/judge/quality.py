"""One number for a garment's look, and the reasons that lower it.

A logistic model of the measures, fitted to verdicts of people who did not know the engine
(`bench/verdicts.json`, by
`python -m bench.calibrate`): the chance that a look of such a garment is publishable or has but a
small fault.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from compositing.judge.measures import Measures

INTERCEPT: Final = 2.4
WEIGHTS: Final[Mapping[str, tuple[float, float]]] = {
    "fit": (0.95, 80.0),
    "cover": (0.94, 4.0),
    "whole": (1.0, 8.0),
    "ragged": (0.05, -5.0),
    "uneven": (0.10, -5.0),
    "doubt": (0.1, -0.8),
    "folded": (0.0, -20.0),
    "apart": (0.12, -3.0),
}
"""Of each measure: the value of a good garment, and the weight of what differs from it."""
REASONS: Final[Mapping[str, str]] = {
    "fit": "its outline does not look like a garment of this category",
    "cover": "a part of it seems to be missing or hidden",
    "whole": "it seems to consist of several pieces",
    "ragged": "its outline is rough: photograph it on a plain background that differs from it",
    "uneven": "its halves differ: lay it out straight, seen from above or in front",
    "doubt": "it could not be told well from the background",
    "folded": "it lies folded or twisted in the photo",
    "apart": "its proportions are unusual for its category",
}
"""What each measure says when it lowers the quality."""
TELLING: Final = -0.35
"""A measure that lowers the logit by more than this is a reason."""


@dataclass(frozen=True, slots=True)
class Quality:
    """`value` from 0 to 1; `reasons`: what lowers it, the worst first."""

    value: float
    reasons: tuple[str, ...]


def quality(measures: Measures, *, folded: float, apart: float) -> Quality:
    """`folded`: share of the charts' cells that are; `apart`: how far the scale's cues disagree
    (root mean square, of logs)."""
    values: dict[str, float] = {**asdict(measures), "folded": folded, "apart": apart}
    terms = {
        name: weight * (_bounded(name, values[name], good))
        for name, (good, weight) in WEIGHTS.items()
    }
    logit = INTERCEPT + sum(terms.values())
    worst = sorted((term, name) for name, term in terms.items() if term < TELLING)
    return Quality(round(1 / (1 + math.exp(-logit)), 3), tuple(REASONS[name] for _, name in worst))


def _bounded(name: str, value: float, good: float) -> float:
    """How far a measure differs from a good one; better than good counts as good."""
    return min(value - good, 0.0) if WEIGHTS[name][1] > 0 else max(value - good, 0.0)
