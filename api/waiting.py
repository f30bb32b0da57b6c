"""Waiting for news of jobs. A waiting request holds no database connection: one listener wakes,
shared queries read.

While the listener is away, waiters read again every RECHECK_S instead: slower, never wrong.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from api.errors import RETRY_AFTER_S, ApiError
from runtime import logs, metrics
from schemas.errors import ErrorCode
from storage.accounts import Credential
from storage.database import DATABASE_AWAY

log = logs.get(__name__)

LISTENED_RECHECK_S = 15.0
RECHECK_S = 1.0
KEY_CHECK_S = 0.5
"""A revoked key's waiters end within a second: this, and the query that finds it out."""


class End(StrEnum):
    """Why a waiter is to stop waiting."""

    REVOKED = "revoked"
    DRAINING = "draining"
    GONE = "gone"  # the client went away


class Waiter:
    """One who waits for news of one request."""

    __slots__ = ("_news", "credential_id", "end", "request_id")

    def __init__(self, request_id: str, credential_id: str) -> None:
        """Not woken. `credential_id`: of the session or key that it waits with."""
        self.request_id = request_id
        self.credential_id = credential_id
        self.end: End | None = None
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be news."""
        self._news.set()

    def finish(self, why: End) -> None:
        """Stop waiting; the first reason counts."""
        self.end = self.end or why
        self._news.set()

    async def woken(self, within_s: float) -> bool:
        """Whether there may be news; what was heard is used up, so read after this and not
        before.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Hub:
    """All who wait in this process. `listening`: whether wake-ups arrive at the moment."""

    def __init__(
        self,
        working: Callable[[Collection[str]], Awaitable[set[str]]],
        *,
        per_tenant: int,
        in_all: int,
    ) -> None:
        """`working`: which of some keys and sessions still work, by their ids."""
        self.listening = False
        self._working = working
        self._per_tenant = per_tenant
        self._in_all = in_all
        self._by_request: defaultdict[str, set[Waiter]] = defaultdict(set)
        self._tenants: Counter[str] = Counter()
        self._count = 0
        self._draining = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def recheck_s(self) -> float:
        """How long a waiter trusts that no wake-up means no news."""
        return LISTENED_RECHECK_S if self.listening else RECHECK_S

    def refuse_if_full(self, who: Credential) -> None:
        """Raise ApiError 429 when this tenant waits often enough, 503 when this process is full."""
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        if self._tenants[who.tenant_id] >= self._per_tenant:
            message = f"A tenant may have {self._per_tenant} open event streams and long polls."
            raise ApiError(ErrorCode.RATE_LIMITED, message, headers=headers)
        if self._count >= self._in_all:
            raise ApiError(
                ErrorCode.UNAVAILABLE,
                "Too many event streams are open. Poll, or try again shortly.",
                headers=headers,
            )

    @contextmanager
    def waiting(self, request_id: str, who: Credential, how: str) -> Iterator[Waiter]:
        """A waiter for as long as the block lasts. `how`: stream or poll."""
        waiter = Waiter(request_id, who.session_id or who.key_id)
        if self._draining:
            waiter.finish(End.DRAINING)
        self._by_request[request_id].add(waiter)
        self._tenants[who.tenant_id] += 1
        self._count += 1
        metrics.WAITING.labels(how).inc()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_keys())
        try:
            yield waiter
        finally:
            metrics.WAITING.labels(how).dec()
            self._leave(who.tenant_id)
            self._by_request[request_id].discard(waiter)
            if not self._by_request[request_id]:
                del self._by_request[request_id]
            if not self._by_request:
                self._watch.cancel()

    def _leave(self, tenant_id: str) -> None:
        self._count -= 1
        self._tenants[tenant_id] -= 1
        if not self._tenants[tenant_id]:
            del self._tenants[tenant_id]

    def wake(self, request_ids: Iterable[str] | None) -> None:
        """Wake who waits for these requests; None: everybody."""
        for request_id in list(self._by_request) if request_ids is None else request_ids:
            for waiter in self._by_request.get(request_id, ()):
                waiter.wake()

    def drain(self) -> None:
        """End every wait, now and from now on."""
        self._draining = True
        for waiter in self._all():
            waiter.finish(End.DRAINING)

    def _all(self) -> list[Waiter]:
        return [waiter for waiters in self._by_request.values() for waiter in waiters]

    async def _watch_keys(self) -> None:
        while self._by_request:
            await asyncio.sleep(KEY_CHECK_S)
            keys = {waiter.credential_id for waiter in self._all()}
            try:
                working = await self._working(keys)
            except DATABASE_AWAY:
                continue  # nobody is sent anything either
            for waiter in self._all():
                if waiter.credential_id in keys and waiter.credential_id not in working:
                    waiter.finish(End.REVOKED)


def until(within_s: float) -> Callable[[], float]:
    """A clock that counts down: how many seconds are left, never below 0."""
    end_s = time.monotonic() + within_s
    return lambda: max(0.0, end_s - time.monotonic())
