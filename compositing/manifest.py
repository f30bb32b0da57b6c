"""What went into a look and where it came to lie."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

ENGINE_VERSION = "0.13"
"""Changes whenever the same input may give other bytes."""


@dataclass(frozen=True, slots=True)
class GarmentInput:
    """One garment: a photo's bytes, a category key or synonym, and a name for messages."""

    data: bytes
    category: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """Where an item went. `box`: x0, y0, x1, y1 in pixels, x1 and y1 exclusive. `layer`: larger
    lies over smaller.

    `landmarks`: names to x, y in pixels of the look. `quality`: 0 to 1, how sellable it is thought
    to be, and what lowers it.
    `placed`: dressed in parts, or laid whole over the body.
    """

    item_index: int
    category: str
    layer: int
    box: tuple[int, int, int, int]
    alpha_area_px: int
    landmarks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    quality: float = 1.0
    quality_reasons: tuple[str, ...] = ()
    placed: Literal["dressed", "whole"] = "dressed"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was made of what. Timings do not influence the picture. `seed`: of the only step that
    draws at random."""

    engine_version: str
    seed: int
    items: tuple[PlacedItem, ...]
    stage_ms: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerPicture:
    """A part of a look by itself, transparent around: laid over those below it, all give the look.

    `item_index`: of the garment; None: the mannequin that wears nothing. `x`, `y`: of its corner in
    the look. `alone`: as it is worn without what lies over it.
    """

    item_index: int | None
    alone: bool
    x: int
    y: int
    width_px: int
    height_px: int
    image: bytes
    content_type: str = "image/webp"


@dataclass(frozen=True, slots=True)
class Look:
    """A finished look. `sha256`: hex, of `image`."""

    image: bytes
    content_type: str
    width_px: int
    height_px: int
    sha256: str
    manifest: Manifest
    layers: tuple[LayerPicture, ...] = ()


class Stopwatch:
    """Adds up how long each stage took, in milliseconds of the wall clock."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.stage_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        begun_s = time.perf_counter()
        yield
        self.stage_ms[name] = self.stage_ms.get(name, 0.0) + (time.perf_counter() - begun_s) * 1000
