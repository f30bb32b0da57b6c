"""What erasing a tenant covers: its pseudonym, its places in the bucket, the words that must be
nowhere afterwards. Pure.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.object_keys import reachable
from domain.photo_sources import FETCHED
from schemas.namespace import Namespace

_PSEUDONYM = "erased-"
TENANT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ERASED = "the tenant of this request was erased"


@dataclass(frozen=True, slots=True)
class InWork:
    """What of a tenant is not over."""

    looks: int
    refunds: int
    records: int
    keys: int


def pseudonym(unique: str) -> str:
    """Whom the entries and requests of an erased tenant belong to. No tenant can be made of this
    name.
    """
    return f"{_PSEUDONYM}{unique.lower()}"


def is_pseudonym(tenant_id: str) -> bool:
    """Whether this is an erased tenant: topics still have records of its requests, under the name
    that it had.
    """
    return tenant_id.startswith(_PSEUDONYM)


def hindrances(standing: InWork, *, revoke: bool) -> list[str]:
    """Why the tenant can't be erased now, a line each."""
    found = [
        (
            standing.keys if not revoke else 0,
            "keys that still work",
            "revoke them before, or with it",
        ),
        (standing.looks, "looks in progress", "they end by their deadlines"),
        (standing.refunds, "failed looks not refunded yet", "they soon are"),
        (standing.records, "records of its looks not sent yet", "they soon are"),
    ]
    return [f"{what}: {count}; {then}" for count, what, then in found if count]


def own_places(names: Namespace, tenant_id: str, key_prefixes: Sequence[str]) -> tuple[str, ...]:
    """Below which keys of the bucket everything is the tenant's."""
    return (
        names.key(f"results/{tenant_id}/"),
        names.key(f"cutouts/{tenant_id}/"),
        names.key(f"{FETCHED}/{tenant_id}/"),
        *reachable("live", key_prefixes),
        *reachable("test", key_prefixes),
    )


def shared(
    key_prefixes: Iterable[str], others: Mapping[str, Collection[str]]
) -> list[tuple[str, str]]:
    """Those of a tenant's prefixes that lie above, below or on another tenant's; with that one."""
    return [
        (prefix, other)
        for prefix in key_prefixes
        for other, theirs in others.items()
        if any(one.startswith(prefix) or prefix.startswith(one) for one in theirs)
    ]


def words_pattern(tenant_id: str, texts: Iterable[str]) -> str:
    """A regular expression, of Postgres and of Python, that finds the tenant's id as a word of its
    own, and any of these texts anywhere.
    """
    word = rf"(^|[^A-Za-z0-9_-]){re.escape(tenant_id)}($|[^A-Za-z0-9_-])"
    return "|".join([word, *(re.escape(text) for text in texts)])
