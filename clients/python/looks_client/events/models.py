"""The events on the public topics. Made from their schemas by `make contracts`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from looks_client.model import Model, OpenWords


class FailureCode(OpenWords):
    """Reason codes of a failed look. Each one refunds the whole charge."""

    OBJECT_NOT_FOUND = "object_not_found"
    OBJECT_FORBIDDEN = "object_forbidden"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_TOO_LARGE = "image_too_large"
    NO_GARMENT_FOUND = "no_garment_found"
    CATEGORY_MISMATCH = "category_mismatch"
    TIMEOUT = "timeout"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class FailureReason(Model):
    """Which item failed and why, in words that a shopper-facing team can act on."""

    code: FailureCode
    """Reason codes of a failed look. Each one refunds the whole charge."""
    message: str = Field(max_length=1000)
    item_index: int | None = Field(default=None, ge=0)
    """0-based index into `items`; null when no item is to blame"""
    cause: str | None = None
    """a narrower code, where there is one: `photo_not_processed`, `cannot_be_dressed`,
    `image_fetch_failed`, `category_unclear`. An open set: pass over what you do not know
    """


class LayerImage(Model):
    """A garment of a look by itself, transparent around, where it lies in the look."""

    bucket: str
    key: str
    content_type: str
    width: int = Field(ge=1)
    """pixels"""
    height: int = Field(ge=1)
    """pixels"""
    bytes: int = Field(ge=1)
    """size of the object"""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    x: int = Field(ge=0)
    """of its left edge in the picture, pixels"""
    y: int = Field(ge=0)
    """of its upper edge in the picture, pixels"""


class StoredImage(Model):
    """A picture in the object store: where it is and what its bytes must be."""

    bucket: str
    key: str
    content_type: str
    width: int = Field(ge=1)
    """pixels"""
    height: int = Field(ge=1)
    """pixels"""
    bytes: int = Field(ge=1)
    """size of the object"""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class PlacedGarment(Model):
    """Where one item of the request went in the picture."""

    trial_image: str
    trial_item_category: str
    layer: str
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1 in pixels of the picture; x1 and y1 exclusive"""
    alpha_area_px: int | None = Field(default=None, ge=0)
    """pixels of the picture that it covers"""
    landmarks: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    """x, y in pixels of the picture"""
    cutout: StoredImage | None = None
    """the garment cut out of its photo, where that is kept"""
    warnings: tuple[str, ...] = ()
    quality: float | None = Field(default=None, ge=0, le=1)
    """how sellable its part of the picture is thought to be"""
    quality_reasons: tuple[str, ...] = ()
    """what lowers the quality, the worst first"""
    placed: Literal["dressed", "whole"] | str | None = None
    """dressed: laid round the body in parts; whole: shown as photographed, over the body"""
    guessed_category: str | None = None
    """what it was taken for, where `trial_item_category` is `auto`"""
    guess_confidence: float | None = Field(default=None, ge=0, le=1)
    """of the guess"""
    photo: StoredImage | None = None
    """what was fetched, where `trial_image` is a URL"""
    layer_image: LayerImage | None = None
    """it alone, as it is worn in this look; with the option `layers`"""
    layer_image_alone: LayerImage | None = None
    """it alone, as it is worn without what lies over it, where that differs"""


class LookCompleted(Model):
    """A look is finished and its picture can be read."""

    request_id: str = Field(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
    tenant_id: str
    image: StoredImage
    items: tuple[PlacedGarment, ...]
    engine_version: str
    seed: int | None = None
    """of the engine's only step that draws at random"""
    stage_ms: Mapping[str, float] = Field(default_factory=dict)
    """how long each of the engine's stages took"""
    duration_ms: int = Field(ge=0)
    completed_at: datetime
    warnings: tuple[str, ...] = ()
    bare_image: StoredImage | None = None
    """the mannequin that wears nothing; with the option `layers`"""
    reference: str | None = None
    metadata: Mapping[str, str] | None = None


class LookFailed(Model):
    """A look has failed for good."""

    request_id: str = Field(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
    tenant_id: str
    error: FailureReason
    failed_at: datetime
    reference: str | None = None
    metadata: Mapping[str, str] | None = None
