"""Identifiers: ULIDs, and event ids derived from what they name."""

import hashlib
import re
import time
from os import urandom
from threading import Lock
from typing import Annotated

from pydantic import StringConstraints

REQUEST_ID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
RequestId = Annotated[str, StringConstraints(pattern=REQUEST_ID_PATTERN)]
"""A 26-character Crockford base 32 ULID, upper case."""

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _DIGITS for b in _DIGITS)
_LOW = 1023  # the bits of a pair of digits
_TAIL_BITS = 80
_TIME_DIGITS = 10
_AS_PYTHON_S = str.maketrans(_DIGITS, "0123456789abcdefghijklmnopqrstuv")
_is_ulid = re.compile(REQUEST_ID_PATTERN).fullmatch


class _Clock:
    """ULIDs of this process: each is larger than the one before, within a millisecond too, unless
    the wall clock is set back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._ms = -1
        self._tail = 0

    def __call__(self) -> str:
        with self._lock:
            ms = time.time_ns() // 1_000_000
            fresh = ms != self._ms
            tail = int.from_bytes(urandom(_TAIL_BITS // 8), "big") if fresh else self._tail + 1
            self._ms, self._tail = ms, tail
        ms += tail >> _TAIL_BITS  # once in 2 ** 80 the tail is full
        pair = _PAIRS
        head = (
            pair[ms >> 40 & _LOW],
            pair[ms >> 30 & _LOW],
            pair[ms >> 20 & _LOW],
            pair[ms >> 10 & _LOW],
            pair[ms & _LOW],
        )
        return "".join(head) + _tail_of(tail)


def _tail_of(number: int) -> str:
    """The 16 digits of 80 bits."""
    pair = _PAIRS
    return "".join(
        (
            pair[number >> 70 & _LOW],
            pair[number >> 60 & _LOW],
            pair[number >> 50 & _LOW],
            pair[number >> 40 & _LOW],
            pair[number >> 30 & _LOW],
            pair[number >> 20 & _LOW],
            pair[number >> 10 & _LOW],
            pair[number & _LOW],
        )
    )


_next_id = _Clock()


def new_request_id() -> str:
    """A new ULID from the wall clock and the system's randomness."""
    return _next_id()


def is_request_id(key: str) -> bool:
    """Whether it can be one."""
    return _is_ulid(key) is not None


def made_ms(request_id: str) -> int:
    """When a request id was made, in milliseconds since 1970: a ULID begins with its time."""
    return int(request_id[:_TIME_DIGITS].translate(_AS_PYTHON_S), 32)


def made_s(request_id: str) -> float:
    """The same in seconds."""
    return made_ms(request_id) / 1000


def derived_id(request_id: str, *parts: str) -> str:
    """The same ULID for the same words, always: a repeated effect repeats its id, so readers can
    drop it.

    The 48 time bits are the request's own; the other 80 are the head of SHA-256 over the words.
    Raises ValueError when `request_id` is not a ULID.
    """
    if not _is_ulid(request_id):
        raise ValueError(f"{request_id[:40]!r} is not a ULID")
    digest = hashlib.sha256("\x1f".join((request_id, *parts)).encode()).digest()
    return request_id[:_TIME_DIGITS] + _tail_of(int.from_bytes(digest[: _TAIL_BITS // 8], "big"))


def schema_id(event_type: str) -> str:
    """What names an event type's schema: the `$id` of its JSON Schema and the `ce_dataschema` of
    its records.
    """
    return f"urn:looks:schema:{event_type}"
