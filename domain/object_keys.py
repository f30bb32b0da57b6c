"""Which object keys a tenant may name: its prefixes, matched segment by segment, never as a string prefix."""

import unicodedata
from collections.abc import Iterable

RESERVED = "results"
"""Finished pictures live below this segment; no tenant may name them as garments."""


def problem(key: str) -> str | None:
    """Why a string is no object key that we accept; None when it is one. Percent signs are taken literally."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in key):
        return "contains control or invisible characters"
    if "\\" in key:
        return "contains a backslash"
    if unicodedata.normalize("NFC", key) != key:
        return "is not in Unicode normal form C"
    if key.startswith("/"):
        return "is absolute"
    segments = key.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        return "has an empty, `.` or `..` segment"
    if any(segment != segment.strip() for segment in segments):
        return "has a segment that begins or ends with white space"
    return None


def may_name(key: str, prefixes: Iterable[str]) -> bool:
    """Whether a well-formed key lies below one of a tenant's prefixes."""
    if problem(key) is not None:
        return False
    segments = key.split("/")
    if segments[0] == RESERVED:
        return False
    for prefix in prefixes:
        wanted = prefix.strip("/").split("/")
        if len(segments) > len(wanted) and segments[: len(wanted)] == wanted:
            return True
    return False
