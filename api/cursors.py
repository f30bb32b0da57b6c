"""Cursors: where a page ended, opaque, and good only for the tenant and the filter they were made
for.
"""

import base64
import hashlib
import hmac

from api.errors import ApiError, invalid

_TAG_BYTES = 12
MAX_CHARS = 200


def make(position: str, *scope: object) -> str:
    """A cursor after `position` within this scope."""
    return base64.urlsafe_b64encode(_tag(position, scope) + position.encode()).decode().rstrip("=")


def read(cursor: str | None, *scope: object) -> str | None:
    """The position of a cursor; None for none. Raises ApiError 422 when it was not made for this
    scope.
    """
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor[:MAX_CHARS] + "=" * (-len(cursor) % 4))
        position = raw[_TAG_BYTES:].decode()
    except (ValueError, UnicodeDecodeError):
        raise _foreign() from None
    if not position or not hmac.compare_digest(raw[:_TAG_BYTES], _tag(position, scope)):
        raise _foreign()
    return position


def _foreign() -> ApiError:
    return invalid(("query", "cursor"), "not a cursor of this list with these filters")


def _tag(position: str, scope: tuple[object, ...]) -> bytes:
    return hashlib.sha256(repr((position, scope)).encode()).digest()[:_TAG_BYTES]
