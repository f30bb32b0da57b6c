"""Webhooks: when a delivery is tried again, when an endpoint is given up, which secrets sign, whose
turn it is. Pure.
"""

import base64
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

DELAYS_S: Final[tuple[float, ...]] = (5, 300, 1500, 5400, 14400, 28800, 36000)
"""Between the 8 tries of a delivery: 24 hours from the first to the last."""
JITTER: Final = 0.2
"""A delay is lengthened or shortened by up to this share."""
TIME_LIMIT_S: Final = 15.0
"""Of one try: from looking up the host to the end of the answer, or to as much of it as is read."""
MAX_ANSWER_BYTES: Final = 4096
MAX_RETRY_AFTER_S: Final = 3600.0

GIVE_UP_AFTER: Final = timedelta(days=5)
GIVE_UP_FAILURES: Final = len(DELAYS_S) + 2
"""An endpoint is disabled when every try failed for this long, and these were more than one
delivery's tries.
"""
KEEP: Final = timedelta(days=30)
"""Finished deliveries are kept this long, and older events are not sent: they would be sent twice.
"""

SECRET_BYTES: Final = 32
SECRET_PREFIX: Final = "whsec_"
MAX_SECRETS: Final = 5
"""Of one endpoint at a time: the current one and those that are being replaced."""

PER_ENDPOINT: Final = 10
PER_TENANT: Final = 32
"""Tries that are under way at a time, on all instances together."""


class AttemptResult(StrEnum):
    """What one try came to."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"  # no more tries


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing."""

    OWNER = "owner"  # its owner said so
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # every try failed for GIVE_UP_AFTER


@dataclass(frozen=True, slots=True)
class ObservedAttempt:
    """What was seen of one try. Without a status code, `error` says why there is none."""

    at: datetime
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    retry_after: str | None = None  # the header, as it came
    answer: str = ""  # the beginning of the body

    @property
    def succeeded(self) -> bool:
        """2xx; a redirect is not followed and is a failure."""
        return self.error is None and self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class NextTry:
    """What follows from a try. `next_at` is set for RETRY."""

    result: AttemptResult
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret; the current one has no end."""

    text: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due."""

    delivery_id: str
    tenant_id: str
    due_at: datetime


def after_attempt(
    attempt: ObservedAttempt,
    tries: int,
    now: datetime,
    delays_s: Sequence[float] = DELAYS_S,
    *,
    chance: float,
) -> NextTry:
    """What follows from the `tries`-th try (1-based) of a delivery. `chance` in [0, 1) picks the
    jitter.
    """
    if attempt.succeeded:
        return NextTry(AttemptResult.DELIVERED)
    if attempt.status_code == 410 or tries > len(delays_s):
        return NextTry(AttemptResult.FAILED)
    delay_s = delays_s[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    if attempt.status_code in {429, 503}:
        delay_s = max(delay_s, min(retry_after_s(attempt.retry_after, now), MAX_RETRY_AFTER_S))
    return NextTry(AttemptResult.RETRY, now + timedelta(seconds=delay_s))


def retry_after_s(header: str | None, now: datetime) -> float:
    """Seconds that a `Retry-After` asks for, as a number or a date; 0 when it is absent, malformed
    or past.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def gives_up(
    attempt: ObservedAttempt, failing_since: datetime, failures: int, now: datetime
) -> DisabledReason | None:
    """Why a failed try disables its endpoint, if it does. `failures` in a row, this one included,
    since `failing_since`.
    """
    if attempt.status_code == 410:
        return DisabledReason.GONE
    if now - failing_since >= GIVE_UP_AFTER and failures >= GIVE_UP_FAILURES:
        return DisabledReason.FAILING
    return None


def make_secret(random: bytes) -> str:
    """A new secret's text. `random`: SECRET_BYTES from the system."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signing(secrets: Iterable[Secret], now: datetime) -> list[str]:
    """The secrets that sign now, the newest first: the current one, and during an overlap the one
    before too.
    """
    valid = [secret for secret in secrets if secret.expires_at is None or secret.expires_at > now]
    return [
        secret.text
        for secret in sorted(valid, key=lambda one: one.created_at, reverse=True)[:MAX_SECRETS]
    ]


def whole_second(at: datetime) -> datetime:
    """The moment that `webhook-timestamp` says, so that what is signed is what is sent."""
    return datetime.fromtimestamp(math.floor(at.timestamp()), UTC)


def choose(waiting: Sequence[Waiting], busy: Mapping[str, int], free: int) -> list[str]:
    """The deliveries to send next, at most `free`. Tenants with the fewest under way (`busy`) come
    first, then the oldest.

    So a tenant with thousands waiting, or with dead endpoints, holds up nobody: another tenant's
    only one is next.
    """
    under_way = Counter(busy)
    ranked: list[tuple[int, datetime, str]] = []
    for one in sorted(waiting, key=lambda due: (due.due_at, due.delivery_id)):
        if under_way[one.tenant_id] < PER_TENANT:
            ranked.append((under_way[one.tenant_id], one.due_at, one.delivery_id))
            under_way[one.tenant_id] += 1
    return [delivery_id for _, _, delivery_id in sorted(ranked)[:free]]
