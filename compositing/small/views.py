"""From where a shoe was photographed, and which of its ends is the toe."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from compositing.arrays import Floats, Mask
from compositing.small.frames import Frame, frame
from compositing.small.placed import Points, WorkingOutline

STEPS = 40
MIRRORED = 0.86
"""From above a shoe is like its mirror image along its axis; from the side it is not."""
LYING = 0.64
"""The axis of a shoe that stands on its sole leans less than this (its cosine to the vertical)."""
HEEL_STEP = 1.3
"""From the side the heel's half is so much taller than the toe's."""
SHAFT, ROUND = 1.5, 1.3
"""How much wider than its shaft the foot of a boot in profile is; no longer than this, a shoe has
no axis of its own.
"""

TOES_DOWN, LEVEL, HEEL_UP = 0.2, 0.5, 2.0
"""Who photographs shoes mostly stands before their toes; of a shoe that lies about level (its axis,
the sine) the heel is higher.
"""


class View(StrEnum):
    """From where."""

    ABOVE = "above"
    SIDE = "side"
    FRONT = "front"


@dataclass(frozen=True, slots=True)
class Shoe:
    """One shoe at working size. `along` points from the heel to the toe; from the side the sole is
    down.
    """

    mask: Mask
    view: View
    frame: Frame
    along: Points

    @property
    def across(self) -> Points:
        """To the left of one who looks along the shoe in a picture whose y grows downwards."""
        return np.array([self.along[1], -self.along[0]])


@dataclass(frozen=True, slots=True)
class Pictured:
    """One shoe and where it is in the cut-out. `colours`: L*a*b* at working size."""

    shoe: Shoe
    share: Floats
    outline: WorkingOutline
    colours: Floats


@dataclass(frozen=True, slots=True)
class Profile:
    """Of a shape along an axis at `STEPS` even places: its edges to both sides, NaN where it is
    not.
    """

    at: Points
    low: Points
    high: Points

    @property
    def width(self) -> Points:
        """NaN where the shape is not."""
        return self.high - self.low


def profile(mask: Mask, centre: Points, along: Points, steps: int = STEPS) -> Profile:
    """Edges across `along`, measured along its left normal."""
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]) - centre
    position = points @ along
    aside = points @ np.array([along[1], -along[0]])
    first, last = float(position.min()), float(position.max())
    step = np.clip(((position - first) / max(last - first, 1e-6) * steps).astype(int), 0, steps - 1)
    low, high = np.full(steps, np.inf), np.full(steps, -np.inf)
    np.minimum.at(low, step, aside)
    np.maximum.at(high, step, aside)
    empty = low > high
    low[empty], high[empty] = np.nan, np.nan
    at = first + (np.arange(steps) + 0.5) * (last - first) / steps
    return Profile(at, low, high)


def seen(mask: Mask, colours: Floats, *, boots: bool) -> Shoe:
    """The view of one shoe and its toe. `colours`: L*a*b* at the mask's size."""
    own = frame(mask)
    if boots and (found := _boot(mask, own)) is not None:
        return found
    if (abs(own.along[1]) < LYING or own.length < ROUND * own.width) and _from_side(mask, own):
        return Shoe(mask, View.SIDE, own, _profile_toe(mask))
    if own.length < ROUND * own.width:  # seen from before, foreshortened: its toe is down
        return Shoe(mask, View.ABOVE, frame(mask, np.array([0.0, 1.0])), np.array([0.0, 1.0]))
    return Shoe(mask, View.ABOVE, own, own.along * _toe_from_above(mask, colours, own))


def _boot(mask: Mask, own: Frame) -> Shoe | None:
    """A boot stands: from the side its foot sticks out, from the front it does not; None for one
    that lies along its sole.
    """
    rows = np.nonzero(mask.any(1))[0]
    height = len(rows)
    widths = np.array(
        [np.ptp(np.nonzero(mask[row])[0]) + 1 if mask[row].any() else 0 for row in rows]
    )
    foot, shaft = (
        float(np.percentile(widths[-height // 4 :], 90)),
        float(np.median(widths[: height // 2])),
    )
    if foot > SHAFT * shaft or (_from_side(mask, own) and abs(own.along[1]) < LYING):
        return Shoe(mask, View.SIDE, own, _profile_toe(mask))
    if height > 1.15 * foot:
        return Shoe(mask, View.FRONT, own, np.array([0.0, 1.0]))
    return None


def _from_side(mask: Mask, own: Frame) -> bool:
    """Whether a lying shape is a profile: unlike its mirror image along the axis, and high at one
    end only.
    """
    edges = profile(mask, own.centre, own.along)
    middle = float(np.nanmedian((edges.low + edges.high) / 2))
    left, right = np.nan_to_num(edges.high - middle), np.nan_to_num(middle - edges.low)
    like = float(np.minimum(left, right).clip(0).sum() / max(np.maximum(left, right).sum(), 1e-6))
    columns = np.nonzero(mask.any(0))[0]
    tall = mask.sum(0)[columns[0] : columns[-1] + 1].astype(float)
    ends = [float(np.percentile(half, 85)) for half in np.array_split(tall, 3)[::2]]
    return like < MIRRORED and (max(ends) > HEEL_STEP * min(ends) or like < MIRRORED - 0.12)


def _profile_toe(mask: Mask) -> Points:
    """Towards the lower end of a profile, level."""
    columns = np.nonzero(mask.any(0))[0]
    rows = np.arange(len(mask))[:, None]
    top = np.where(mask.any(0), np.where(mask, rows, len(mask)).min(0), len(mask))[
        columns[0] : columns[-1] + 1
    ]
    first, last = (float(np.percentile(part, 25)) for part in np.array_split(top, 5)[::4])
    return np.array([1.0, 0.0]) if last > first else np.array([-1.0, 0.0])


def toe_evidence(mask: Mask, colours: Floats, own: Frame) -> float:
    """How surely, seen from above, the toe lies where `own.along` points: positive there, negative
    at the other end.

    The sole is widest at the ball; the opening, by the heel, is unlike the upper and mostly darker.
    """
    edges = profile(mask, own.centre, own.along)
    widths = np.nan_to_num(edges.width)
    half = STEPS // 2
    wider = float(widths[half:-2].mean() - widths[2:half].mean()) / max(float(widths.max()), 1e-6)
    found = 3.0 * wider + _opening_evidence(mask, colours, own)
    if abs(own.along[1]) > LEVEL:
        return found + TOES_DOWN * float(np.sign(own.along[1]))
    return found + HEEL_UP * _heel_higher(mask) * float(np.sign(own.along[0]))


def _heel_higher(mask: Mask) -> float:
    """How much higher the outline is at the left end than at the right one, in shares of its
    height.
    """
    columns, rows = np.nonzero(mask.any(0))[0], np.nonzero(mask.any(1))[0]
    tops = mask.argmax(0)[columns[0] : columns[-1] + 1]
    first, last = (float(np.percentile(part, 25)) for part in np.array_split(tops, 4)[::3])
    return (last - first) / max(len(rows), 1)


def _toe_from_above(mask: Mask, colours: Floats, own: Frame) -> float:
    return 1.0 if toe_evidence(mask, colours, own) >= 0 else -1.0


def _opening_evidence(mask: Mask, colours: Floats, own: Frame) -> float:
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]) - own.centre
    position, aside = points @ own.along / own.length, points @ own.across / own.width
    light = colours[rows, columns, 0]
    inner = np.abs(aside) < 0.2
    ends = [inner & (position * sign > 0.12) & (position * sign < 0.40) for sign in (1, -1)]
    rim = (np.abs(aside) > 0.3) & (np.abs(position) < 0.4)
    if not all(end.any() for end in ends) or not rim.any():
        return 0.0
    upper = np.median(colours[rows[rim], columns[rim]], axis=0)
    far = [
        float(np.linalg.norm(np.median(colours[rows[end], columns[end]], axis=0) - upper))
        for end in ends
    ]
    dark = float(np.median(light[ends[0]]) - np.median(light[ends[1]]))
    return float(np.tanh((far[1] - far[0]) / 20) * 0.3 + np.tanh(dark / 20) * 0.3)


def facing(mask: Mask, toe: Points) -> Shoe:
    """A shoe from above whose toe is known to lie about that way."""
    own = frame(mask)
    return Shoe(mask, View.ABOVE, own, own.along if float(own.along @ toe) >= 0 else -own.along)
