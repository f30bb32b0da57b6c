"""The Idempotency-Key header."""

from fastapi import Request

from api.errors import invalid

MAX_CHARS = 255


def key_of(request: Request, key: str | None) -> str | None:
    """The key as it is compared: without the quotes around it. Raises ApiError 422 unless there is one of 1 to 255
    visible ASCII characters, or none.
    """
    if key is None:
        return None
    text = unquoted(key)
    once = len(request.headers.getlist("idempotency-key")) == 1
    if not once or not 0 < len(text) <= MAX_CHARS or not all("!" <= c <= "~" for c in text):
        raise invalid(("header", "Idempotency-Key"), f"must be one header of 1 to {MAX_CHARS} visible ASCII characters")
    return text


def unquoted(key: str) -> str:
    """A key without the quotes of a structured string: both spellings are one key."""
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
