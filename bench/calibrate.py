"""`python -m bench.calibrate [FOLDER [DATASET]]`: the judge's weights, fitted to verdicts, and what
its bars let through. DATASET: a checkout of the clothing dataset (small), for its photos' verdicts.

The verdicts (`bench/verdicts.json`) are of judges who did not know the engine: how many of them
called a photo's look publishable, how many saw a small fault, how many a wrong look. Pictures that
show no garment count as wrong. The fit is a logistic regression with a ridge, each weight held to
its sign; the curve is of photos left out of the fit, one by one.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from bench.gallery import PHOTOS, photos
from compositing import GarmentError, GarmentInput, LookOptions
from compositing.dressing import How, lay
from compositing.encode import encode
from compositing.engine import prepare
from compositing.garment import Garment
from compositing.judge.judge import seen
from compositing.judge.quality import INTERCEPT, WEIGHTS, WRONG_COSTS, differences
from compositing.options import DEFAULT_BARS, Bars
from devstack.garments import STRANGERS, stranger
from devstack.wardrobe import draw
from schemas.categories import GarmentCategory, canonical

Vector = NDArray[np.float64]
VERDICTS = Path(__file__).parent / "verdicts.json"
RIDGE = 0.003
"""Of a weight's square, where measures are counted in their spread."""
STRANGER_CATEGORIES = ("t-shirt", "dress", "trousers", "jacket")
ANOTHER_KIND = {
    "tee": ("jeans", "skirt", "shorts"),
    "sweater": ("trousers", "skirt"),
    "jeans": ("t-shirt", "dress", "jacket"),
    "shorts": ("t-shirt", "sweater"),
    "dress": ("trousers", "jeans"),
}
"""Garments of the project's own wardrobe, and what they are not."""
RIGHTED = "upside-down"
"""A garment that the engine turns upright itself: no stranger to it."""
AT_MOST = {
    "fit": 0.04,
    "cover": 0.5,
    "whole": 0.3,
    "ragged": 0.2,
    "uneven": 0.3,
    "doubt": 0.5,
    "unlike": 0.4,
    "rough": 1.0,
    "folded": 0.05,
    "apart": 0.4,
}
"""Worse than garments' photos ever are a measure counts no more in the fit; else strangers alone
would set the slope.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """`differs`: of each measure from a good one's, at least 0, the larger the worse. `good`: the
    share of judges that did not call the look wrong.
    """

    name: str
    differs: Vector
    good: float
    quality: float


def _case(name: str, data: bytes, category: str, good: float) -> Case | None:
    """None: refused before it came to the judge, or a kind without a template."""
    try:
        garment = prepare(GarmentInput(data, category))
    except GarmentError:
        return None
    kind = canonical(category)
    return _judged(name, garment, kind, good) if kind and garment.measures else None


def _judged(name: str, garment: Garment, category: GarmentCategory, good: float) -> Case:
    laid = lay(category, garment, How(LookOptions(), Bars(0.0, 0.0)))
    differs = differences(seen(garment, laid.worn))
    return Case(name, np.array([differs[key] for key in WEIGHTS]), good, laid.quality.value)


def _share_good(verdicts: dict[str, Any]) -> float:
    """Of the judges, who did not call a look wrong."""
    count = [int(verdicts.get(name, 0)) for name in ("publishable", "small", "wrong")]
    return 1 - count[-1] / sum(count)


def cases(folder: Path, dataset: Path | None) -> list[Case]:
    """Of the photos that were judged and of pictures that show no garment."""
    listed: dict[str, dict[str, dict[str, Any]]] = json.loads(VERDICTS.read_text())
    found = []
    for one in photos(folder):
        if one.name in listed["photos"]:
            good = _share_good(listed["photos"][one.name])
            found.append(_case(one.name, one.data, one.category, good))
    if dataset is not None:
        for path, verdicts in listed["phone_photos"].items():
            data = (dataset / path).read_bytes()
            found.append(_case(path, data, verdicts["category"], _share_good(verdicts)))
    for name in sorted(set(STRANGERS) - {RIGHTED}):
        for seed, category in enumerate(STRANGER_CATEGORIES):
            data = encode(stranger(name, seed), "jpeg", 92)
            found.append(_case(f"{name} as {category}", data, category, 0.0))
    for name, others in ANOTHER_KIND.items():
        found += [_case(f"{name} as {other}", draw(name), other, 0.0) for other in others]
    return [case for case in found if case is not None]


def fitted(known: list[Case]) -> Vector:
    """The intercept and the weights (1 + len(WEIGHTS)), the weights at most 0."""
    differs = np.minimum([case.differs for case in known], [AT_MOST[key] for key in WEIGHTS])
    spread = differs.std(0) + 1e-6
    good = np.array([case.good for case in known])

    def loss(at: Vector) -> float:
        logit = at[0] + differs / spread @ at[1:]
        missed = good * np.logaddexp(0, -logit) + (1 - good) * np.logaddexp(0, logit)
        return float(missed.mean() + RIDGE * (at[1:] ** 2).sum())

    start = np.zeros(differs.shape[1] + 1)
    bounds = [(None, None), *[(None, 0.0)] * differs.shape[1]]
    best = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return np.concatenate([best[:1], best[1:] / spread])


def left_out(known: list[Case]) -> Vector:
    """Each case's quality by weights fitted to the others."""
    chances = [
        expit(at[0] - WRONG_COSTS + case.differs @ at[1:])
        for i, case in enumerate(known)
        for at in (fitted(known[:i] + known[i + 1 :]),)
    ]
    return np.array(chances)


def _curve(known: list[Case], chances: Vector) -> str:
    """What each bar keeps of looks that most judges accepted, and of wrong ones."""
    good = np.array([case.good for case in known])
    lines = ["bar    accepted kept   wrong kept"]
    for bar in np.arange(0.1, 0.95, 0.1):
        kept = chances >= bar
        fine, wrong = good >= 0.5, good < 0.5
        lines.append(
            f"{bar:.1f}    {(kept & fine).sum():3d} of {fine.sum():3d}      "
            f"{(kept & wrong).sum():3d} of {wrong.sum():3d}"
        )
    return "\n".join(lines)


def main(folder: Path = PHOTOS, dataset: Path | None = None) -> None:
    """Print the fit and the curves."""
    known = cases(folder, dataset)
    weights = fitted(known)
    before = INTERCEPT + WRONG_COSTS
    sys.stdout.write(f"{len(known)} cases; intercept {weights[0]:.2f} (now {before:.2f})\n")
    for key, found in zip(WEIGHTS, weights[1:], strict=True):
        sys.stdout.write(f"  {key}: {found:.2f} (now {WEIGHTS[key][1]})\n")
    sys.stdout.write(f"left out one by one\n{_curve(known, left_out(known))}\n")
    sys.stdout.write(f"as it is now, bars {asdict(DEFAULT_BARS)}\n")
    sys.stdout.write(f"{_curve(known, np.array([case.quality for case in known]))}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
