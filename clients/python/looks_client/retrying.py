"""What is sent again, and after how long. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from looks_client.errors import APIError

PASSING: Final = frozenset({408, 500, 502, 503, 504})
"""Statuses after which the same request can succeed; whether the service acted on it is open."""
UNTOUCHED: Final = frozenset({"RATE_LIMITED", "IDEMPOTENCY_IN_PROGRESS"})
"""Codes of requests that were refused before anything was done."""
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential pauses with full jitter, or what `Retry-After` asks for.

    A request is sent again only where that does no harm: it reads, it has an idempotency key, which
    stays the same, or the service did nothing of it.
    """

    attempts: int = 5
    """The first one included."""
    first_s: float = 0.25
    most_s: float = 8.0
    most_asked_s: float = 60.0
    """A service that asks for a longer pause is not waited for."""
    jitter: Callable[[], float] = random.random

    def after_answer(self, error: APIError, attempt: int, *, repeatable: bool) -> float | None:
        """The pause after this many attempts; None: give up."""
        untouched = error.code in UNTOUCHED
        if attempt >= self.attempts or not (untouched or (repeatable and error.status in PASSING)):
            return None
        asked_s = error.retry_after_s
        if asked_s is None:
            return self.pause_s(attempt)
        # A little more than asked for, so that all who were told the same do not come at once
        return asked_s + self.pause_s(1) if asked_s <= self.most_asked_s else None

    def after_failure(
        self, error: httpx.TransportError, attempt: int, *, repeatable: bool
    ) -> float | None:
        """The same where no answer came."""
        if attempt >= self.attempts or not (repeatable or isinstance(error, NEVER_SENT)):
            return None
        return self.pause_s(attempt)

    def pause_s(self, attempt: int) -> float:
        """Anything up to twice as much as after the attempt before."""
        return min(self.most_s, self.first_s * 2.0 ** (attempt - 1)) * self.jitter()
