"""Operators: what each role may do, and what their keys look like.

A key is `op_`, 43 random base-62 digits (256 bits) and 6 digits of their CRC-32, so that scanners
find leaked ones and none is taken for a tenant's.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.api_keys import ALPHABET, CHECK_DIGITS, RANDOM_DIGITS, checksum

PREFIX: Final = "op_"
SESSION_PREFIX: Final = "ops_"
MAX_NAME_CHARS: Final = 64


class OperatorRole(StrEnum):
    """Each may what those before it may."""

    VIEWER = "viewer"  # sees everything, changes nothing
    OPERATOR = "operator"  # redrives, discards, grants credits
    ADMIN = "admin"  # erases tenants, makes and revokes operators' keys

    def may(self, needed: "OperatorRole") -> bool:
        """Whether this role may do what needs that one."""
        order = list(OperatorRole)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts. `session_id`: of the sign-in by which the key speaks, or the person whom a provider
    names: then `key_id` is that person's id.
    """

    key_id: str
    name: str
    role: OperatorRole
    session_id: str | None = None
    is_person: bool = False

    @property
    def recorded(self) -> str:
        """How actions name who did them. A person's name may be anybody's: the id is not."""
        return f"{self.name} ({self.key_id})" if self.is_person else self.name


def make_operator_key(choose: Callable[[str], str]) -> str:
    """A new key. `choose` picks one character of a string at random; pass `secrets.choice`."""
    body = PREFIX + "".join(choose(ALPHABET) for _ in range(RANDOM_DIGITS))
    return body + checksum(body)


def is_operator_key(text: str) -> bool:
    """Whether it may be one."""
    if len(text) != len(PREFIX) + RANDOM_DIGITS + CHECK_DIGITS or not text.isascii():
        return False
    body, check = text[:-CHECK_DIGITS], text[-CHECK_DIGITS:]
    return text.startswith(PREFIX) and hmac.compare_digest(check, checksum(body))
