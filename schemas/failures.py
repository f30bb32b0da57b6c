"""Why a look failed: the closed set of reason codes, and the reason as events and HTTP show it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class FailureCode(StrEnum):
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


class FailureReason(BaseModel):
    """Which item failed and why, in words that a shopper-facing team can act on."""

    model_config = ConfigDict(frozen=True)

    code: FailureCode
    message: str = Field(max_length=1000)
    item_index: int | None = Field(default=None, ge=0, description="0-based index into `items`; null when no item is to blame")
