"""What making a look needs of an engine: photos, categories and options in, a picture or a named
reason out.

Two engines stand behind this port: `classical` (this project's own) and `remote` (one that is
spoken to over HTTP).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from compositing import LayerPicture, LookOptions
from consumers.compositor.results import NotRendered
from schemas.events import StoredImage


@dataclass(frozen=True, slots=True)
class GarmentPhoto:
    """One photo's bytes, and what it shows."""

    data: bytes
    category: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One look to make, of at least one garment. `quality_floor`: the tenant's own, 0 to 1, where
    it has one.
    """

    request_id: str
    tenant_id: str
    garments: tuple[GarmentPhoto, ...]
    options: LookOptions
    quality_floor: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes and what they are. `sha256`: hex."""

    data: bytes
    content_type: str
    width_px: int
    height_px: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ItemPlacement:
    """Where one garment went: `schemas.events.PlacedGarment` says what the fields are."""

    item_index: int
    layer: int
    box: tuple[int, int, int, int]
    alpha_area_px: int | None = None
    landmarks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    cutout: StoredImage | None = None
    quality: float | None = None
    quality_reasons: tuple[str, ...] = ()
    placed: Literal["dressed", "whole"] | None = None
    guessed_category: str | None = None
    guess_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DressedLook:
    """A look that was made; `items` has one entry for each garment. `seed`: of the step that draws
    at random.
    """

    picture: Picture
    items: tuple[ItemPlacement, ...]
    engine_version: str
    seed: int | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    layers: tuple[LayerPicture, ...] = ()


class Dresser(Protocol):
    """An engine."""

    @property
    def repeatable(self) -> bool:
        """Whether the same order gives the same bytes, whenever it is given."""

    def dress(self, order: Order) -> DressedLook | NotRendered:
        """Make the look. Blocks for seconds; expected failures are values, and say whether trying
        again can help.
        """
