"""Why a look failed: the closed set of reason codes, and the reason as events and HTTP show it.

Events name a closed set of codes, for a reader of an old release refuses a value that it does not
know. A code that came later travels as `cause`, beside the code of the old set that is nearest to
it; inside, and over HTTP, it is the code.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator


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
    PHOTO_NOT_PROCESSED = "photo_not_processed"
    CANNOT_BE_DRESSED = "cannot_be_dressed"
    IMAGE_FETCH_FAILED = "image_fetch_failed"
    CATEGORY_UNCLEAR = "category_unclear"


NEAREST = {
    FailureCode.PHOTO_NOT_PROCESSED: FailureCode.IMAGE_UNREADABLE,
    FailureCode.CANNOT_BE_DRESSED: FailureCode.NO_GARMENT_FOUND,
    FailureCode.IMAGE_FETCH_FAILED: FailureCode.OBJECT_NOT_FOUND,
    FailureCode.CATEGORY_UNCLEAR: FailureCode.CATEGORY_MISMATCH,
}
"""Codes that the first release of the events does not know, and what its readers are told instead.
"""


def published(code: FailureCode) -> str:
    """The code as every reader of an event knows it."""
    return NEAREST.get(code, code).value


PublishedCode = Annotated[
    FailureCode,
    PlainSerializer(published, return_type=str),
    WithJsonSchema(
        {
            "description": FailureCode.__doc__,
            "enum": [code.value for code in FailureCode if code not in NEAREST],
            "title": FailureCode.__name__,
            "type": "string",
        }
    ),
]
"""A code in an event."""


class FailureReason(BaseModel):
    """Which item failed and why, in words that a shopper-facing team can act on."""

    model_config = ConfigDict(frozen=True)

    code: PublishedCode
    message: str = Field(max_length=1000)
    item_index: int | None = Field(
        default=None, ge=0, description="0-based index into `items`; null when no item is to blame"
    )
    cause: str | None = Field(
        default=None,
        description="a narrower code, where there is one: "
        f"{', '.join(f'`{code}`' for code in NEAREST)}. "
        "An open set: pass over what you do not know",
    )

    @model_validator(mode="before")
    @classmethod
    def _narrow(cls, data: Any) -> Any:
        """The narrower code is the code, wherever it came from."""
        if not isinstance(data, Mapping):
            return data
        # Of any type: what comes from a topic is not checked yet
        code, cause = (
            data.get("code"),
            data.get("cause"),
        )
        for late, nearest in NEAREST.items():
            if code == late:
                return {**data, "cause": late.value}
            if (code, cause) == (nearest, late):
                return {**data, "code": late}
        return data


AS_WRITTEN = frozenset({published, FailureReason._narrow})
"""What runs when an event is read or written, and changes no document: read and written again, it
is what it was.
"""


class JobFailure(BaseModel):
    """The same over HTTP, where `code` is the narrowest that there is."""

    code: FailureCode
    message: str = Field(max_length=1000)
    item_index: int | None = Field(
        default=None, ge=0, description="0-based index into `items`; null when no item is to blame"
    )
