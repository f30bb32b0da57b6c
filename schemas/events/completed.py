"""`look.completed`: the picture is in S3. Public."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import GivenMetadata, GivenReference, RequestEvent


class StoredImage(BaseModel):
    """A picture in the object store: where it is and what its bytes must be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bucket: str
    key: str
    content_type: str
    width: int = Field(ge=1, description="pixels")
    height: int = Field(ge=1, description="pixels")
    bytes: int = Field(ge=1, description="size of the object")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class LayerImage(StoredImage):
    """A garment of a look by itself, transparent around, where it lies in the look."""

    x: int = Field(ge=0, description="of its left edge in the picture, pixels")
    y: int = Field(ge=0, description="of its upper edge in the picture, pixels")


class PlacedGarment(BaseModel):
    """Where one item of the request went in the picture."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    trial_image: str
    trial_item_category: str
    layer: str
    box: tuple[int, int, int, int] = Field(
        description="x0, y0, x1, y1 in pixels of the picture; x1 and y1 exclusive"
    )
    alpha_area_px: int | None = Field(
        default=None, ge=0, description="pixels of the picture that it covers"
    )
    landmarks: Mapping[str, tuple[float, float]] = Field(
        default_factory=dict, description="x, y in pixels of the picture"
    )
    cutout: StoredImage | None = Field(
        default=None, description="the garment cut out of its photo, where that is kept"
    )
    warnings: tuple[str, ...] = ()
    quality: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="how sellable its part of the picture is thought to be",
    )
    quality_reasons: tuple[str, ...] = Field(
        default=(), description="what lowers the quality, the worst first"
    )
    placed: Literal["dressed", "whole"] | None = Field(
        default=None,
        description="dressed: laid round the body in parts; whole: shown as photographed, over the "
        "body",
    )
    guessed_category: str | None = Field(
        default=None, description="what it was taken for, where `trial_item_category` is `auto`"
    )
    guess_confidence: float | None = Field(default=None, ge=0, le=1, description="of the guess")
    photo: StoredImage | None = Field(
        default=None, description="what was fetched, where `trial_image` is a URL"
    )
    layer_image: LayerImage | None = Field(
        default=None, description="it alone, as it is worn in this look; with the option `layers`"
    )
    layer_image_alone: LayerImage | None = Field(
        default=None,
        description="it alone, as it is worn without what lies over it, where that differs",
    )


class LookCompleted(RequestEvent):
    """A look is finished and its picture can be read."""

    tenant_id: str
    image: StoredImage
    items: tuple[PlacedGarment, ...]
    engine_version: str
    seed: int | None = Field(
        default=None, description="of the engine's only step that draws at random"
    )
    stage_ms: Mapping[str, float] = Field(
        default_factory=dict, description="how long each of the engine's stages took"
    )
    duration_ms: int = Field(ge=0)
    completed_at: datetime
    warnings: tuple[str, ...] = ()
    bare_image: StoredImage | None = Field(
        default=None, description="the mannequin that wears nothing; with the option `layers`"
    )
    reference: GivenReference | None = None
    metadata: GivenMetadata | None = None
