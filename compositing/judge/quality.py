"""One number for a garment's look, and the reasons that lower it.

A logistic model of the measures, fitted to verdicts of judges who did not know the engine
(`bench/verdicts.json`, by `python -m bench.calibrate`): the odds that a look of such a garment is
publishable or has but a small fault, divided by what a wrong one costs beside a refused good one.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from compositing.judge.measures import Measures

WRONG_COSTS: Final = 1.25
"""A wrong look that is sold counts as e to this (3.5) times a good one that is refused."""
INTERCEPT: Final = 2.5 - WRONG_COSTS
WEIGHTS: Final[Mapping[str, tuple[float, float]]] = {
    "fit": (0.95, -75.8),
    "cover": (0.94, -5.3),
    "whole": (1.0, -4.3),
    "ragged": (0.2, -12.0),
    "uneven": (0.10, 0.0),
    "doubt": (0.1, -3.2),
    "unlike": (0.05, -4.0),
    "rough": (0.0, 0.0),
    "folded": (0.0, -60.0),
    "apart": (0.12, -9.1),
}
"""Of each measure: the value of a good garment, and the weight of what is worse than it.

Uneven halves, a busy background and a ragged outline before one (charts are drawn over it) told
nothing beside the others; before a plain one a page's text is ragged, and no photo of a garment:
that weight is set by hand. A cut-out is doubted only before a busy background: before a plain one
two ways to cut that disagree do not make the first one wrong. Folded cells were too few for a fit
(it gives -246): theirs is set by hand.
"""
MORE_IS_BETTER: Final = frozenset({"fit", "cover", "whole"})
REASONS: Final[Mapping[str, str]] = {
    "fit": "its outline does not look like a garment of this category",
    "cover": "a part of it seems to be missing or hidden",
    "whole": "it seems to consist of several pieces",
    "ragged": "its outline is rough: photograph one garment, not a page or a screen",
    "uneven": "its halves differ: lay it out straight, seen from above or in front",
    "doubt": "it could not be told well from the background",
    "unlike": "a part of it could not be told well from the background",
    "rough": "its background is not plain: photograph it on an even one that differs from it",
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """`folded`: share of the charts' cells that are; `apart`: how far the scale's cues disagree
    (root mean square, of logs); `neck`: how clearly the photo shows the front neckline, 1 where
    there is none to show. It has no weight yet.
    """

    measures: Measures
    folded: float
    apart: float
    neck: float = 1.0


def quality(seen: Evidence) -> Quality:
    """The model's odds as a share of 1, and the measures that lower it."""
    terms = {name: WEIGHTS[name][1] * worse for name, worse in differences(seen).items()}
    logit = INTERCEPT + sum(terms.values())
    worst = sorted((term, name) for name, term in terms.items() if term < TELLING)
    return Quality(round(1 / (1 + math.exp(-logit)), 3), tuple(REASONS[name] for _, name in worst))


def differences(seen: Evidence) -> dict[str, float]:
    """How much worse each measure is than a good garment's; 0 where it is as good or better."""
    values = {
        **asdict(seen.measures),
        "ragged": seen.measures.ragged * (1 - seen.measures.rough),
        "doubt": seen.measures.doubt * seen.measures.rough,
        "folded": seen.folded,
        "apart": seen.apart,
        "neck": seen.neck,
    }
    return {
        name: max(good - values[name] if name in MORE_IS_BETTER else values[name] - good, 0.0)
        for name, (good, _) in WEIGHTS.items()
    }
