"""The HTTP contract of uploads."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MAX_UPLOAD_BYTES = 25 * 1024 * 1024


class PhotoType(StrEnum):
    """What a garment photo may be."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    AVIF = "image/avif"
    HEIC = "image/heic"


class Upload(BaseModel):
    """A photo in the object store."""

    upload_key: str = Field(description="what `trial_image` of `POST /v1/look` takes")
    image_url: str = Field(description="presigned GET, short-lived")


class ListedUpload(Upload):
    """A photo that was uploaded earlier."""

    upload_id: str
    content_type: str
    bytes: int = Field(description="how large the file is")
    created_at: datetime


class UploadList(BaseModel):
    """A page of uploads, newest first."""

    items: list[ListedUpload]
    next_cursor: str | None
    count: int = Field(default=0, description="uploads on this page")


class CategoryGuess(BaseModel):
    """What an uploaded photo shows, as far as its shape tells."""

    upload_key: str
    category: str | None = Field(default=None, description="null where the shape is not clear")
    confidence: float | None = Field(default=None, description="of the guess, 0 to 1")
    message: str | None = Field(default=None, description="why there is no guess, in words")
    offered: bool = Field(
        default=True, description="false: this service guesses only when a look is made"
    )


class PresignedUploadRequest(BaseModel):
    """What will be uploaded."""

    model_config = ConfigDict(extra="forbid")

    content_type: PhotoType
    bytes: int = Field(ge=1, le=MAX_UPLOAD_BYTES, strict=True, description="how large the file is")


class PresignedUpload(BaseModel):
    """A form that a client posts to the object store itself: `fields` first, in this order, then
    the file as `file`.
    """

    upload_key: str = Field(
        description="what `trial_image` of `POST /v1/look` takes, once the file is there"
    )
    url: str
    fields: Mapping[str, str]
    expires_at: datetime
