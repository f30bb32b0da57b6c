"""`python -m bench recovery --seeds N`: garments that the project draws, whose points and sizes are
known, photographed at random and found again.

The photos are those of `devstack.garments.anything`: studios, floors, sheets, walls; turned,
tilted, lit as the seed decides. What is compared is what the engine's first half finds: cut-out and
template. Errors are in shares of the chest or the hips; a sleeve that is there and not found, or
found and not there, is an error of 1.
"""

import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from compositing import GarmentError, GarmentInput, prepare
from compositing.arrays import Point
from compositing.template.model import Legs, Skirt, Suit, Template, Upper
from devstack.garments import CATEGORIES, anything
from devstack.garments.drawing import DrawnPhoto

SEEDS = 200
SIZE_PX = (480, 640)
FITTED = tuple(
    name for name in CATEGORIES if name not in ("shoes", "boots", "hat", "scarf", "bag", "belt")
)
"""What has a template."""
POINTS: Mapping[type, tuple[str, ...]] = {
    Upper: ("neck", "tip", "pit", "hem"),
    Legs: ("waist", "crotch", "hem_outer", "hem_inner"),
    Skirt: ("waist", "hem"),
}
CUFFS = ("cuff_outer", "cuff_inner")
CLOSE, TRUE = 0.02, 0.05
"""What the issue asks of landmarks and of sizes."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """One garment: what it is, before which background, and how far off. None: not cut out."""

    family: str
    plain: bool
    landmarks: float | None
    sizes: dict[str, float]


def recovered(seed: int) -> Recovered:
    """Of the garment and the photo that this seed draws."""
    category = FITTED[seed % len(FITTED)]
    drawn = anything(seed, category=category, size_px=SIZE_PX)
    if drawn.points is None:
        raise ValueError(f"{category} is drawn without points")
    family = type(drawn.points).__name__.lower()
    done, data = cv2.imencode(".png", np.ascontiguousarray(drawn.rgb[..., ::-1]))
    if not done:
        raise ValueError("the picture can't be encoded as PNG")
    try:
        garment = prepare(GarmentInput(data.tobytes(), category, str(seed)))
    except GarmentError:
        return Recovered(family, plain=False, landmarks=None, sizes={})
    plain, template = garment.cutout.mode != "messy", garment.template
    if isinstance(template, Suit):  # drawn as an upper garment whose hem is the legs'
        template = _whole(template)
    if template is None or type(template) is not type(drawn.points):
        return Recovered(family, plain=plain, landmarks=1.0, sizes={})
    origin = np.array(garment.cutout.origin, float)
    return Recovered(family, plain, *compared(template, drawn, origin))


def _whole(suit: Suit) -> Upper:
    left, right = (replace(suit.upper.side(s), hem=suit.legs.side(s).hem_outer) for s in (-1, 1))
    return replace(suit.upper, left=left, right=right)


def compared(
    template: Template, drawn: DrawnPhoto, origin: Point
) -> tuple[float, dict[str, float]]:
    """Mean error of the landmarks over the width, and of each size its share too much or little."""
    truth = drawn.points
    if truth is None:
        raise ValueError("nothing is known of this drawing")
    wide = _sizes(truth)["width"]
    off = []
    for s in (-1, 1):
        found, known = template.side(s), truth.side(s)
        names = POINTS[type(truth)]
        if isinstance(truth, Upper) and isinstance(template, Upper):
            both = template.side(s).sleeved and truth.side(s).sleeved
            names += CUFFS if both else ()
        for name in names:
            off.append(float(np.hypot(*(getattr(found, name) + origin - getattr(known, name)))))
    own, true = _sizes(template), _sizes(truth)
    sizes = {name: abs(_ratio(own.get(name, 0.0), size) - 1) for name, size in true.items()}
    if "sleeve" in own and "sleeve" not in true:
        sizes["sleeve"] = 1.0
    return statistics.fmean(off) / wide, sizes


def _ratio(found: float, true: float) -> float:
    return found / max(true, 1e-6)


def _sizes(template: Template) -> dict[str, float]:
    """Lengths in px: width, length, and sleeve or inseam where there are some."""

    def between(one: str, other: str) -> float:
        return float(np.hypot(*(_middle(template, one) - _middle(template, other))))

    def across(name: str) -> float:
        left, right = getattr(template.left, name), getattr(template.right, name)
        return float(np.hypot(*(left - right)))

    if isinstance(template, Upper):
        found = {"width": across("pit"), "length": between("neck", "hem")}
        if template.left.sleeved and template.right.sleeved:
            found["sleeve"] = 0.5 * (template.left.sleeve_px + template.right.sleeve_px)
        return found
    if isinstance(template, Legs):
        return {
            "width": across("hip"),
            "rise": between("waist", "crotch"),
            "inseam": between("crotch", "hem_inner"),
        }
    return {"width": across("waist"), "length": between("waist", "hem")}


def _middle(template: Template, name: str) -> Point:
    left, right = getattr(template.left, name), getattr(template.right, name)
    return np.asarray((left + right) / 2, float)


def summary(found: list[Recovered]) -> dict[str, object]:
    """Of some garments."""
    told = [one for one in found if one.landmarks is not None]
    off = [one.landmarks for one in told if one.landmarks is not None]
    sizes = [size for one in told for size in one.sizes.values()]
    if not off or not sizes:
        return {"garments": len(found), "not_cut_out": len(found) - len(told)}
    return {
        "garments": len(found),
        "not_cut_out": len(found) - len(told),
        "landmarks_off_median": round(statistics.median(off), 4),
        "landmarks_off_p90": round(float(np.quantile(off, 0.9)), 4),
        "landmarks_within_2_percent": round(float(np.mean(np.array(off) <= CLOSE)), 3),
        "sizes_off_median": round(statistics.median(sizes), 4),
        "sizes_within_5_percent": round(float(np.mean(np.array(sizes) <= TRUE)), 3),
    }


def measure(seeds: int | None = None) -> dict[str, object]:
    """Of so many garments, by default as `--seeds` says."""
    count = seeds or _asked(sys.argv)
    found = [recovered(seed) for seed in range(count)]
    groups = {"all": found}
    for plain, name in ((True, "plain"), (False, "patterned")):
        groups[f"{name}_background"] = [one for one in found if one.plain is plain]
    for family in ("upper", "legs", "skirt"):
        groups[family] = [one for one in found if one.family == family]
    return {name: summary(group) for name, group in groups.items()}


def _asked(arguments: list[str]) -> int:
    return int(arguments[arguments.index("--seeds") + 1]) if "--seeds" in arguments else SEEDS
