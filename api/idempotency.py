"""The Idempotency-Key header."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Header

from api.errors import ApiError, invalid
from schemas.errors import ErrorCode
from schemas.responses import ValidationErrorItem

MAX_CHARS = 255
_FORM: dict[str, Any] = {"pattern": "^[!-~]+$", "minLength": 1, "maxLength": MAX_CHARS}

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description=f"1 to {MAX_CHARS} visible ASCII characters; the same key and body count once",
        json_schema_extra=_FORM,
    ),
]
"""Documented here and checked by `key_of`, which also knows quotes and repeated headers."""


def key_of(given: Sequence[str]) -> str | None:
    """The key of a request with these headers, as it is compared: without the quotes around it.
    Raises ApiError 422 unless there is one of 1 to 255 visible ASCII characters, or none.
    """
    if not given:
        return None
    text = unquoted(given[0])
    if len(given) != 1 or not 0 < len(text) <= MAX_CHARS or not all("!" <= c <= "~" for c in text):
        raise invalid(
            ("header", "Idempotency-Key"),
            f"must be one header of 1 to {MAX_CHARS} visible ASCII characters",
        )
    return text


def reused(what: str) -> ApiError:
    """The refusal of a key that came with another body or file (`what`) before."""
    message = f"This Idempotency-Key came with another {what} before."
    item = ValidationErrorItem(
        loc=["header", "Idempotency-Key"], msg=message, type="idempotency_key_reused"
    )
    return ApiError(ErrorCode.IDEMPOTENCY_KEY_REUSED, message, detail=[item])


def unquoted(key: str) -> str:
    """A key without the quotes of a structured string: both spellings are one key."""
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
