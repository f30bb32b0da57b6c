"""Which object keys a tenant may name: its prefixes, matched segment by segment, never as a string
prefix.
"""

import re
import unicodedata
from collections.abc import Iterable

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
RESERVED = "results"
"""Finished pictures live below this segment; no tenant may name them as garments."""
TEST = "test"
"""What test keys name lies below this segment and then the tenant's prefix: apart from all live
data.
"""
MAX_BYTES = 1024
"""Of a key in UTF-8: S3's limit."""
NOT_FOR_TENANTS = frozenset({"", RESERVED, "cutouts", "archive", "fetched", TEST})
"""First segments that no tenant's prefix may have."""


def reachable(environment: str, prefixes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes below which a key of this environment may name objects, of a tenant that has
    `prefixes`.
    """
    return (
        tuple(prefixes)
        if environment == "live"
        else tuple(f"{TEST}/{prefix}" for prefix in prefixes)
    )


_is_plain = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*").fullmatch
"""Most keys are of these few characters, of which no rule below has anything to say."""


def problem(key: str) -> str | None:
    """Why a string is no object key that we accept; None when it is one. Percent signs are taken
    literally.
    """
    if len(key) <= MAX_BYTES and _is_plain(key):
        return None
    segments = key.split("/")
    faults = (
        (
            key.lower().startswith(("http://", "https://", "s3://", "data:")),
            "is a URL of a kind that is not fetched",
        ),
        (
            any(unicodedata.category(one) in _INVISIBLE for one in key),
            "contains control or invisible characters",
        ),
        (
            len(key.encode("utf-8", "replace")) > MAX_BYTES,
            f"is longer than {MAX_BYTES} bytes in UTF-8",
        ),
        ("\\" in key, "contains a backslash"),
        (unicodedata.normalize("NFC", key) != key, "is not in Unicode normal form C"),
        (key.startswith("/"), "is absolute"),
        (
            any(segment in {"", ".", ".."} for segment in segments),
            "has an empty, `.` or `..` segment",
        ),
        (
            any(segment != segment.strip() for segment in segments),
            "has a segment that begins or ends with white space",
        ),
    )
    return next((fault for found, fault in faults if found), None)


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
