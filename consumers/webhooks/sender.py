"""Sends what is due: claims, signs, posts, settles. A crash leaves a lease that ends; the same id
is sent again.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from domain.webhook_events import TEST_TYPE
from domain.webhooks import (
    DELAYS_S,
    TIME_LIMIT_S,
    ObservedAttempt,
    after_attempt,
    signing,
    whole_second,
)
from runtime import faults, logs, metrics, tracing
from runtime.egress import Egress
from runtime.process import Process
from runtime.tracing import SpanKind
from schemas.envelope import trace_id_of
from storage.webhook_outbox import DeliveryLease, WebhookOutbox

log = logs.get(__name__)

NAME = "webhooks"
LOOK_AGAIN_S = 1.0
"""Without being told of deliveries: another sender may have died with some."""
DEAF_LOOK_AGAIN_S = 0.3
"""The same while nobody tells, or while what is due may not be sent yet."""
WATCH_EVERY_S = 5.0
USER_AGENT = "Looks-Webhooks/1"


Clock = Callable[[], datetime]
"""Tells the time, UTC."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at a time, for how long, and when again."""

    concurrency: int  # tries under way in one process
    delays_s: Sequence[float] = DELAYS_S
    time_limit_s: float = TIME_LIMIT_S
    look_again_s: float = LOOK_AGAIN_S


class Sender:
    """One session: sends until the process is asked to stop, then finishes what is under way."""

    def __init__(
        self,
        process: Process,
        outbox: WebhookOutbox,
        egress: Egress,
        pace: Pace,
        clock: Clock = lambda: faults.clock(NAME),
    ) -> None:
        """Nothing is sent yet."""
        self._process = process
        self._outbox = outbox
        self._egress = egress
        self._pace = pace
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._signal = outbox.signal

    async def run(self) -> None:
        """Send what is due. Raises what went wrong with the database, after the tries under way
        have ended.
        """
        watching = asyncio.create_task(self._watch())
        stop = asyncio.create_task(self._signal.wake_after(self._process.stopping))
        try:
            while not self._process.stopping.is_set():
                await self._once(watching)
        finally:
            watching.cancel()
            stop.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _once(self, watching: "asyncio.Task[None]") -> None:
        told = self._signal.next()
        free = self._pace.concurrency - len(self._under_way)
        due_s = await self._outbox.due_in_s()
        claims = await self._outbox.claim(free) if free and due_s <= 0 else []
        for claim in claims:
            task = asyncio.create_task(self._try(claim))
            task.add_done_callback(lambda _: self._signal.wake(None))
            self._under_way.add(task)
        if not claims:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s(due_s)):
                    await told.wait()
        for task in [one for one in (*self._under_way, watching) if one.done()]:
            self._under_way.discard(task)
            task.result()

    def _pause_s(self, due_s: float) -> float:
        """Until it is looked again, unless something is told or a try ends."""
        if due_s <= 0:
            return DEAF_LOOK_AGAIN_S
        told = self._signal.listening
        return min(due_s, self._pace.look_again_s if told else DEAF_LOOK_AGAIN_S)

    async def _try(self, claim: DeliveryLease) -> None:
        """One try, and its note."""
        headers = signed(claim, self._clock())
        asked = {
            "http.request.method": "POST",
            "server.address": urlsplit(claim.url).hostname or "",
        }
        with tracing.span("POST webhook", claim.traceparent, SpanKind.CLIENT, asked) as span:
            if span.traceparent:
                headers["traceparent"] = span.traceparent
            attempt = await self._egress.post(
                claim.url, claim.payload, headers, time_limit_s=self._pace.time_limit_s
            )
            span.set({"http.response.status_code": attempt.status_code or 0})
        await faults.at(NAME, faults.FaultPoint.AFTER_SEND)
        log.info(
            "webhook called",
            request_id=claim.request_id,
            webhook_id=claim.webhook_id,
            status=attempt.status_code,
            trace_id=trace_id_of(claim.traceparent),
        )
        await self._settle(claim, attempt)

    async def _settle(self, claim: DeliveryLease, attempt: ObservedAttempt) -> None:
        now, trial = self._clock(), claim.event_type == TEST_TYPE
        verdict = after_attempt(
            attempt,
            claim.tries + 1,
            now,
            () if trial else self._pace.delays_s,
            chance=random.random(),
        )
        if trial:
            attempt = shortened(attempt)
        metrics.WEBHOOK_TRIES.labels(verdict.result.value).inc()
        metrics.WEBHOOK_TRY_SECONDS.observe(attempt.duration_ms / 1000)
        disabled = await self._outbox.settle(claim, attempt, verdict, now)
        if disabled is not None:
            metrics.WEBHOOKS_DISABLED.labels(disabled.value).inc()
            log.warning("webhook disabled", webhook_id=claim.webhook_id, reason=disabled.value)

    async def _watch(self) -> None:
        while True:
            metrics.WEBHOOK_OLDEST_DUE_SECONDS.set(await self._outbox.oldest_due_s())
            await self._outbox.purge()
            await asyncio.sleep(WATCH_EVERY_S)


def signed(claim: DeliveryLease, now: datetime) -> dict[str, str]:
    """The headers of one try, by Standard Webhooks 1.0: its own time, and a signature by each
    secret that is valid.
    """
    at = whole_second(now)
    text = claim.payload.decode()
    signatures = [
        Webhook(secret).sign(claim.event_id, at, text) for secret in signing(claim.secrets, now)
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
        "webhook-id": claim.event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def shortened(attempt: ObservedAttempt) -> ObservedAttempt:
    """A test's try without the answer's text: a test can be sent at will, and is no window on what
    answers.
    """
    return ObservedAttempt(attempt.at, attempt.duration_ms, attempt.status_code, attempt.error)
