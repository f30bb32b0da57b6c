"""API keys: `sk_live_` or `sk_test_`, 43 random base-62 digits (256 bits), 6 digits of their
CRC-32.

The prefix and the checksum let scanners find leaked keys and let us refuse typos without asking the
database.
"""

import hashlib
import hmac
import zlib
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_DIGITS: Final = 43
CHECK_DIGITS: Final = 6
PREFIXES: Final = {"live": "sk_live_", "test": "sk_test_"}
CAPABILITIES: Final = ("jobs:create", "jobs:read", "webhooks:manage", "keys:manage")
USUAL_CAPABILITIES: Final = ("jobs:create", "jobs:read", "webhooks:manage")
"""Of a key that an operator makes without naming any: making further keys is given by name."""


def checksum(text: str) -> str:
    """The digits by which a typo is found."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECK_DIGITS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def make_key(environment: str, choose: Callable[[str], str]) -> str:
    """A new key. `choose` picks one character of a string at random; pass `secrets.choice`."""
    body = PREFIXES[environment] + "".join(choose(ALPHABET) for _ in range(RANDOM_DIGITS))
    return body + checksum(body)


def environment_of(key: str) -> str | None:
    """`live` or `test` for a well-formed key, None for anything else."""
    for environment, prefix in PREFIXES.items():
        if (
            not key.startswith(prefix)
            or len(key) != len(prefix) + RANDOM_DIGITS + CHECK_DIGITS
            or not key.isascii()
        ):
            continue
        body, check = key[:-CHECK_DIGITS], key[-CHECK_DIGITS:]
        return environment if hmac.compare_digest(check, checksum(body)) else None
    return None


def hash_key(key: str, pepper: str) -> bytes:
    """What is stored: HMAC-SHA256. 256 random bits need no slow hash, and equality on a keyed hash
    leaks no timing.
    """
    return hmac.new(pepper.encode(), key.encode(), hashlib.sha256).digest()
