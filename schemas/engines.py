"""Which engine makes a look's picture, and what is said to one over HTTP (docs/remote-engine.md).

An engine may add fields; a field that it leaves out has the default that stands here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints

from schemas.failures import FailureCode
from schemas.http import MAX_CATEGORY_CHARS, MAX_ITEMS

COMPOSE_PATH = "/v1/compose"
ENGINE_PATH = "/v1/engine"
ORDER_PART, PHOTO_PART = "order", "photo"
MANIFEST_PART, PICTURE_PART = "manifest", "picture"

MAX_MANIFEST_BYTES = 256 * 1024
MAX_PICTURE_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024

PHOTO_FAULTS = frozenset(
    {
        FailureCode.IMAGE_UNREADABLE,
        FailureCode.IMAGE_TOO_LARGE,
        FailureCode.NO_GARMENT_FOUND,
        FailureCode.CATEGORY_MISMATCH,
        FailureCode.CANNOT_BE_DRESSED,
        FailureCode.PHOTO_NOT_PROCESSED,
    }
)
"""What an engine may say of a photo: the look fails at once and is refunded."""
OF_PHOTOS_TOGETHER = frozenset({FailureCode.PHOTO_NOT_PROCESSED})
"""What it may say without naming an item."""


class EngineName(StrEnum):
    """Who may be asked for."""

    CLASSICAL = "classical"
    REMOTE = "remote"


Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Words = Annotated[str, StringConstraints(max_length=200)]
EngineVersion = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+/-]{0,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PixelCount = Annotated[int, Field(ge=1, le=20_000)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OrderedItem(_Said):
    """One garment; its photo is the part `photo` at the same place."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CATEGORY_CHARS)]
    bytes: int = Field(ge=0)
    sha256: Sha256


class OrderedOptions(_Said):
    """How the look is to be drawn: every option with its value, defaults filled in."""

    mannequin: Literal["MALE", "FEMALE"]
    width_px: PixelCount
    height_px: PixelCount
    format: Literal["webp", "png", "jpeg"]
    quality: int = Field(ge=1, le=100)
    background: str = Field(pattern=r"^(studio|transparent|#[0-9a-fA-F]{6})$")
    tuck: bool


class ComposeOrder(_Said):
    """The part `order`."""

    request_id: str = Field(min_length=1, max_length=64)
    items: tuple[OrderedItem, ...] = Field(min_length=1, max_length=MAX_ITEMS)
    options: OrderedOptions


class AnsweredPicture(_Said):
    """What the bytes of the part `picture` are; each is checked against them."""

    content_type: Literal["image/webp", "image/png", "image/jpeg"]
    width_px: PixelCount
    height_px: PixelCount
    bytes: int = Field(ge=1, le=MAX_PICTURE_BYTES)
    sha256: Sha256


class AnsweredItem(_Said):
    """Where an item went. `box`: x0, y0, x1, y1 in pixels, x1 and y1 exclusive; null: the engine
    can't say.

    `quality`: 0 to 1; below a tenant's own floor the look is refused. Null: the engine does not
    judge.
    """

    item_index: int = Field(ge=0, lt=MAX_ITEMS)
    layer: int = Field(default=0, ge=0, le=1000)
    box: tuple[int, int, int, int] | None = None
    alpha_area_px: int | None = Field(default=None, ge=0)
    landmarks: Mapping[Word, tuple[FiniteFloat, FiniteFloat]] = Field(
        default_factory=dict, max_length=64
    )
    warnings: tuple[Words, ...] = Field(default=(), max_length=20)
    quality: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    quality_reasons: tuple[Words, ...] = Field(default=(), max_length=20)
    placed: Literal["dressed", "whole"] | None = None


class ComposeManifest(_Said):
    """The part `manifest`. `request_id`: the order's, so that no answer is taken for another's."""

    request_id: str
    engine_version: EngineVersion
    picture: AnsweredPicture
    items: tuple[AnsweredItem, ...] = Field(min_length=1, max_length=MAX_ITEMS)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    stage_ms: Mapping[Word, Annotated[FiniteFloat, Field(ge=0)]] = Field(
        default_factory=dict, max_length=32
    )
    warnings: tuple[Words, ...] = Field(default=(), max_length=20)


class EngineFault(_Said):
    """Why there is no picture. `code`: one of PHOTO_FAULTS where a photo is at fault, anything else
    where it is not.
    """

    code: str = Field(max_length=64)
    message: str = Field(default="", max_length=1000)
    item_index: int | None = Field(default=None, ge=0, lt=MAX_ITEMS)


class EngineRefusal(_Said):
    """The body of every answer that is not 200."""

    error: EngineFault


class EngineLimits(_Said):
    """What an engine takes. Told to people; it refuses by itself what is beyond."""

    max_items: int = Field(ge=1, le=MAX_ITEMS)
    max_photo_bytes: int = Field(ge=1)
    max_request_bytes: int = Field(ge=1)
    concurrency: int = Field(ge=1)
    time_limit_s: FiniteFloat = Field(gt=0)


class EngineCard(_Said):
    """The answer to `GET /v1/engine`."""

    name: Word
    engine_version: EngineVersion
    limits: EngineLimits
