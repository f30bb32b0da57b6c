"""Identifiers: ULIDs, and event ids derived from what they name."""

import hashlib
from typing import Annotated

from pydantic import StringConstraints
from ulid import ULID

REQUEST_ID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
RequestId = Annotated[str, StringConstraints(pattern=REQUEST_ID_PATTERN)]
"""A 26-character Crockford base 32 ULID, upper case."""

_TIME_BYTES = 6


def new_request_id() -> str:
    """A new ULID from the wall clock and the system's randomness."""
    return str(ULID())


def derived_id(request_id: str, *parts: str) -> str:
    """The same ULID for the same words, always: a repeated effect repeats its id, so readers can
    drop it.

    The 48 time bits are the request's own; the other 80 are the head of SHA-256 over the words.
    Raises ValueError when `request_id` is not a ULID.
    """
    digest = hashlib.sha256("\x1f".join((request_id, *parts)).encode()).digest()
    return str(ULID.from_bytes(ULID.from_str(request_id).bytes[:_TIME_BYTES] + digest[:10]))


def schema_id(event_type: str) -> str:
    """What names an event type's schema: the `$id` of its JSON Schema and the `ce_dataschema` of
    its records.
    """
    return f"urn:looks:schema:{event_type}"
