"""The flat garments that are fitted to photos: named points, in the cut-out's pixels.

x grows to the right, y down. Side -1 (`left`) is the picture's left, +1 (`right`) its right. Points
lie on or near the outline of the cut-out; where a sleeve lies against the body they lie where the
cut between the two must go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from compositing.arrays import Point

Family = Literal["upper", "legs", "skirt"]
Shoulders = Literal["full", "straps", "one", "off"]
"""full: cloth from neck to shoulder tip; straps: thin or sleeveless bands; one: a single strap or
shoulder; off: below the shoulders, straight across the chest."""


@dataclass(frozen=True, slots=True)
class UpperSide:
    """One side of a top, shirt, jacket, dress, ...

    `tip`: where shoulder line and armhole meet; `pit`: the armpit.
    """

    neck: Point
    tip: Point
    pit: Point
    waist: Point
    hem: Point
    elbow: Point
    elbow_outer: Point
    elbow_inner: Point
    cuff: Point
    cuff_outer: Point
    cuff_inner: Point
    sleeved: bool
    sleeve_px: float
    """Along the sleeve's middle, from the armhole's middle to the cuff; 0 without a sleeve."""


@dataclass(frozen=True, slots=True)
class Upper:
    """A garment that hangs from the shoulders. `dip`: the front neckline's lowest point."""

    left: UpperSide
    right: UpperSide
    dip: Point
    shoulders: Shoulders
    turn_rad: float
    iou: float
    strain: float = 0.0
    """How unlike such garments it is: what its priors cost, in pixels of a side of 128."""

    def side(self, s: int) -> UpperSide:
        """-1: left, 1: right."""
        return self.left if s < 0 else self.right


@dataclass(frozen=True, slots=True)
class LegsSide:
    """One side of trousers or shorts.

    `crotch` is shared; `top_outer`: the outer edge at the crotch's height.
    """

    waist: Point
    hip: Point
    top_outer: Point
    crotch: Point
    knee_outer: Point
    knee_inner: Point
    hem_outer: Point
    hem_inner: Point
    hem: Point


@dataclass(frozen=True, slots=True)
class Legs:
    """Trousers, jeans, leggings, shorts."""

    left: LegsSide
    right: LegsSide
    turn_rad: float
    iou: float
    strain: float = 0.0
    """How unlike such garments it is: what its priors cost, in pixels of a side of 128."""

    def side(self, s: int) -> LegsSide:
        """-1: left, 1: right."""
        return self.left if s < 0 else self.right


@dataclass(frozen=True, slots=True)
class SkirtSide:
    """One side of a skirt."""

    waist: Point
    hip: Point
    hem: Point


@dataclass(frozen=True, slots=True)
class Skirt:
    """A skirt. `hem`: the hem's middle."""

    left: SkirtSide
    right: SkirtSide
    hem: Point
    turn_rad: float
    iou: float
    strain: float = 0.0
    """How unlike such garments it is: what its priors cost, in pixels of a side of 128."""

    def side(self, s: int) -> SkirtSide:
        """-1: left, 1: right."""
        return self.left if s < 0 else self.right


@dataclass(frozen=True, slots=True)
class Suit:
    """A jumpsuit, dungarees: an upper garment down to the waist, and legs from there.

    `upper`'s hem and `legs`' waist are the same points.
    """

    upper: Upper
    legs: Legs
    turn_rad: float
    iou: float
    strain: float = 0.0

    @property
    def left(self) -> UpperSide:
        """Of its upper part."""
        return self.upper.left

    @property
    def right(self) -> UpperSide:
        """Of its upper part."""
        return self.upper.right

    def side(self, s: int) -> UpperSide:
        """-1: left, 1: right."""
        return self.upper.side(s)


Template = Upper | Legs | Skirt | Suit
Params = Mapping[str, float]
