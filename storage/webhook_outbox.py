"""Deliveries of webhooks, as the process that makes and sends them sees them: made once, claimed
for a while, settled.

A claim is a lease: whoever claims sends and settles before it is over, or another instance sends
again. Claims are made one at a time (an advisory lock), so the limits on what is under way hold for
all instances together. Transactions lock an endpoint before its deliveries.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

import asyncpg

from domain.money import Account
from domain.webhook_events import Endpoint, WebhookMessage, with_picture
from domain.webhooks import (
    KEEP,
    PER_ENDPOINT,
    DisabledReason,
    NextTry,
    ObservedAttempt,
    Secret,
    Waiting,
    choose,
    gives_up,
)
from runtime import logs
from storage import advisory
from storage.advisory import Lock
from storage.presigned import Presigner
from storage.rows import affected
from storage.wakeups import Signal, tell_senders
from storage.webhooks import skip_waiting

log = logs.get(__name__)

LEASE_S = 60.0
PURGE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class DeliveryLease:
    """A delivery to try now, by who claimed it alone until `leased_until`."""

    delivery_id: str
    webhook_id: str
    url: str
    secrets: tuple[Secret, ...]
    event_id: str
    event_type: str
    payload: bytes
    tries: int  # made before this one
    leased_until: datetime
    request_id: str | None = None
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class RequestOwner:
    """Whose a request is and what it cost."""

    account: Account
    credits_cost: int


class WebhookOutbox:
    """Rows of `webhook_deliveries` and the state of their endpoints."""

    def __init__(
        self, pool: asyncpg.Pool, lease_s: float = LEASE_S, links: Presigner | None = None
    ) -> None:
        """Use the pool's connections. `signal` tells of new deliveries while somebody listens.
        `links`: of pictures, for endpoints that ask for them.
        """
        self._links = links
        self._pool = pool
        self._lease_s = lease_s
        self.signal = Signal()

    async def facts(self, request_ids: Sequence[str]) -> dict[str, RequestOwner]:
        """What is known of these requests; unknown ones are missing."""
        rows = await self._pool.fetch(
            "SELECT request_id, tenant_id, environment, credits_cost FROM request_logs WHERE "
            "request_id = ANY($1::text[])",
            list(request_ids),
        )
        return {
            row["request_id"]: RequestOwner(
                (row["tenant_id"], row["environment"]), row["credits_cost"]
            )
            for row in rows
        }

    async def add(self, events: Sequence[tuple[Account, WebhookMessage]]) -> int:
        """Make one delivery per event and endpoint that wants it, where there is none; returns how
        many are new.
        """
        accounts = sorted({account for account, _ in events})
        async with self._pool.acquire() as connection, connection.transaction():
            endpoints = await _endpoints(connection, accounts)
            made = [
                (one, event)
                for account, event in events
                for one in endpoints.get(account, ())
                if one.wants(event)
            ]
            if not made:
                return 0
            # The same order for all: no deadlock
            made.sort(key=lambda pair: pair[1].delivery_id(pair[0].webhook_id))
            done = await connection.execute(
                """INSERT INTO webhook_deliveries
                     (delivery_id, webhook_id, event_id, event_type, request_id, payload, status,
                       due_at, traceparent, image_bucket, image_key)
                   SELECT n.delivery_id, n.webhook_id, n.event_id, n.event_type, n.request_id,
                     n.payload,
                          CASE WHEN n.enabled THEN 'pending' ELSE 'skipped' END,
                          CASE WHEN n.enabled THEN clock_timestamp() END, n.traceparent,
                          n.image_bucket, n.image_key
                   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                     $6::bytea[], $7::boolean[], $8::text[], $9::text[], $10::text[])
                        AS n(delivery_id, webhook_id, event_id, event_type, request_id, payload,
                          enabled, traceparent, image_bucket, image_key)
                   ON CONFLICT DO NOTHING""",
                [event.delivery_id(one.webhook_id) for one, event in made],
                [one.webhook_id for one, _ in made],
                [event.event_id for _, event in made],
                [event.event_type for _, event in made],
                [event.request_id for _, event in made],
                [event.payload for _, event in made],
                [one.enabled for one, _ in made],
                [event.traceparent for _, event in made],
                [event.image and event.image.bucket for _, event in made],
                [event.image and event.image.key for _, event in made],
            )
            await tell_senders(connection)
        return affected(done)

    async def due_in_s(self) -> float:
        """Seconds until a delivery is due that nobody has leased, or a lease is over; infinity when
        none waits. Asked without a lock. Endpoints for which nothing waits cost nothing.
        """
        seconds = await self._pool.fetchval(
            f"""{_PENDING}
            SELECT extract(epoch FROM min(next.at) - clock_timestamp())::float8
            FROM pending p, LATERAL (
              (SELECT due_at AS at FROM webhook_deliveries d
               WHERE d.webhook_id = p.webhook_id AND d.status = 'pending' AND leased_until IS NULL
               ORDER BY due_at LIMIT 1)
              UNION ALL
              (SELECT min(leased_until) FROM webhook_deliveries d
               WHERE d.webhook_id = p.webhook_id AND d.leased_until IS NOT NULL)) next"""
        )
        return inf if seconds is None else float(seconds)

    async def claim(self, free: int) -> list[DeliveryLease]:
        """Lease up to `free` due deliveries, within the limits per endpoint and per tenant. Links
        of pictures are of this moment: a try may come a day after the first one.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await advisory.hold(connection, Lock.WEBHOOK_CLAIM)
            await _skip_abandoned(connection)
            waiting, busy = await _due(connection)
            chosen = choose(waiting, busy, free)
            if not chosen:
                return []
            rows = await connection.fetch(
                """UPDATE webhook_deliveries d SET leased_until = clock_timestamp() +
                make_interval(secs => $2)
                   FROM webhooks w WHERE d.delivery_id = ANY($1::text[])
                     AND w.webhook_id = d.webhook_id
                   RETURNING d.delivery_id, d.webhook_id, w.url, d.event_id, d.event_type,
                     d.payload, d.request_id, d.traceparent, d.tries, d.leased_until,
                     d.image_bucket, d.image_key,
                     w.include_image_url AND d.image_key IS NOT NULL AS with_image""",
                chosen,
                self._lease_s,
            )
            secrets = await _secrets(connection, {row["webhook_id"] for row in rows})
        bodies = await asyncio.to_thread(lambda: [self._payload(row) for row in rows])
        return [
            _claim(row, secrets[row["webhook_id"]], body)
            for row, body in zip(rows, bodies, strict=True)
        ]

    def _payload(self, row: asyncpg.Record) -> bytes:
        payload: bytes = row["payload"]
        if self._links is None or not row["with_image"]:
            return payload
        made = self._links.link(row["image_bucket"], row["image_key"])
        if made is None:
            log.warning("a picture's link could not be signed", webhook_id=row["webhook_id"])
        return with_picture(payload, *(made or (None, None)))

    async def settle(
        self, claim: DeliveryLease, attempt: ObservedAttempt, verdict: NextTry, now: datetime
    ) -> DisabledReason | None:
        """Record a try and what follows; returns why the endpoint was disabled, if it was.

        When the lease is over and somebody else holds the delivery, it stays theirs.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            disabled = await _note(connection, claim.webhook_id, attempt, now)
            await connection.execute(
                """UPDATE webhook_deliveries d SET attempts = attempts + 1, tries = tries + 1,
                leased_until = NULL,
                     last_at = $3, last_duration_ms = $4, last_status_code = $5, last_error = $6,
                       last_answer = $7,
                     status = CASE WHEN $8 <> 'retry' THEN $8
                       WHEN w.disabled_reason IS NULL THEN 'pending' ELSE 'skipped' END,
                     due_at = CASE WHEN $8 = 'retry'
                       AND w.disabled_reason IS NULL THEN $9::timestamptz END
                   FROM webhooks w WHERE w.webhook_id = d.webhook_id AND d.delivery_id = $1
                     AND d.leased_until = $2""",
                claim.delivery_id,
                claim.leased_until,
                attempt.at,
                attempt.duration_ms,
                attempt.status_code,
                attempt.error,
                attempt.answer,
                verdict.result.value,
                verdict.next_at,
            )
            if disabled is not None:
                await skip_waiting(connection, claim.webhook_id)
        return disabled

    async def oldest_due_s(self) -> float:
        """For how long the oldest delivery that is due has been waiting for its try; 0 when none
        is.
        """
        age = await self._pool.fetchval(
            """SELECT extract(epoch FROM clock_timestamp() - min(due_at))::float8
            FROM webhook_deliveries
               WHERE status = 'pending' AND due_at <= clock_timestamp() AND leased_until IS NULL"""
        )
        return float(age or 0.0)

    async def purge(self) -> int:
        """Remove some of the finished deliveries that were kept long enough; returns how many."""
        done = await self._pool.execute(
            """DELETE FROM webhook_deliveries WHERE delivery_id IN (
                 SELECT delivery_id FROM webhook_deliveries
                 WHERE status <> 'pending' AND created_at < clock_timestamp() - $1::interval
                   LIMIT $2)""",
            KEEP,
            PURGE_BATCH,
        )
        return affected(done)


OutboxConnection = asyncpg.pool.PoolConnectionProxy

_PENDING = """WITH RECURSIVE pending AS (
  (SELECT webhook_id FROM webhook_deliveries WHERE status = 'pending'
   ORDER BY webhook_id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.webhook_id FROM webhook_deliveries d
          WHERE d.status = 'pending' AND d.webhook_id > p.webhook_id
          ORDER BY d.webhook_id LIMIT 1)
  FROM pending p WHERE p.webhook_id IS NOT NULL)"""
"""The endpoints for which something waits, each found by one step in the index of what is pending:
there may be many others.
"""


async def _endpoints(
    connection: OutboxConnection, accounts: Sequence[Account]
) -> dict[Account, list[Endpoint]]:
    """These accounts' endpoints, locked against being disabled in this moment."""
    rows = await connection.fetch(
        """SELECT webhook_id, tenant_id, environment, event_types, disabled_reason IS NULL AS
        enabled, created_at FROM webhooks
           WHERE (tenant_id, environment) IN (SELECT * FROM unnest($1::text[], $2::text[]))
             ORDER BY webhook_id FOR SHARE""",
        [tenant_id for tenant_id, _ in accounts],
        [environment for _, environment in accounts],
    )
    found: dict[Account, list[Endpoint]] = {}
    for row in rows:
        account = (row["tenant_id"], row["environment"])
        one = Endpoint(
            row["webhook_id"], account, tuple(row["event_types"]), row["enabled"], row["created_at"]
        )
        found.setdefault(account, []).append(one)
    return found


async def _skip_abandoned(connection: OutboxConnection) -> None:
    """Deliveries whose sender is gone and whose endpoint has been disabled since."""
    await connection.execute(
        """UPDATE webhook_deliveries d SET status = 'skipped', due_at = NULL, leased_until = NULL
           FROM webhooks w WHERE w.webhook_id = d.webhook_id AND w.disabled_reason IS NOT NULL
             AND d.leased_until <= clock_timestamp()"""
    )


async def _due(connection: OutboxConnection) -> tuple[list[Waiting], Counter[str]]:
    """What is due at enabled endpoints, per endpoint as many as it may have under way; and what
    each tenant has under way.
    """
    leased = await connection.fetch(
        """SELECT w.tenant_id, w.webhook_id, count(*) AS number FROM webhook_deliveries d
        JOIN webhooks w USING (webhook_id)
           WHERE d.leased_until > clock_timestamp() GROUP BY 1, 2"""
    )
    busy: Counter[str] = Counter()
    for row in leased:
        busy[row["tenant_id"]] += row["number"]
    rows = await connection.fetch(
        f"""{_PENDING}
           SELECT d.delivery_id, w.tenant_id, d.due_at
           FROM pending p JOIN webhooks w USING (webhook_id)
             LEFT JOIN unnest($1::text[], $2::int[]) AS b(webhook_id, number) USING (webhook_id),
           LATERAL (SELECT delivery_id, due_at FROM webhook_deliveries d
                    WHERE d.webhook_id = w.webhook_id AND d.status = 'pending'
                      AND d.due_at <= clock_timestamp()
                      AND (d.leased_until IS NULL OR d.leased_until <= clock_timestamp())
                    ORDER BY d.due_at LIMIT greatest(0, $3 - coalesce(b.number, 0))
                      FOR UPDATE SKIP LOCKED) d
           WHERE w.disabled_reason IS NULL""",
        [row["webhook_id"] for row in leased],
        [row["number"] for row in leased],
        PER_ENDPOINT,
    )
    return [Waiting(row["delivery_id"], row["tenant_id"], row["due_at"]) for row in rows], busy


async def _secrets(
    connection: OutboxConnection, webhook_ids: set[str]
) -> dict[str, tuple[Secret, ...]]:
    rows = await connection.fetch(
        "SELECT webhook_id, secret, created_at, expires_at FROM webhook_secrets WHERE webhook_id = "
        "ANY($1::text[])",
        sorted(webhook_ids),
    )
    found: dict[str, tuple[Secret, ...]] = dict.fromkeys(webhook_ids, ())
    for row in rows:
        found[row["webhook_id"]] += (Secret(row["secret"], row["created_at"], row["expires_at"]),)
    return found


async def _note(
    connection: OutboxConnection, webhook_id: str, attempt: ObservedAttempt, now: datetime
) -> DisabledReason | None:
    """What a try says about its endpoint; returns why it is disabled by it, if it is."""
    if attempt.succeeded:
        await connection.execute(
            "UPDATE webhooks SET failing_since = NULL, failures = 0 WHERE webhook_id = $1 AND "
            "failures > 0",
            webhook_id,
        )
        return None
    row = await connection.fetchrow(
        """UPDATE webhooks SET failing_since = coalesce(failing_since, $2), failures = failures + 1
           WHERE webhook_id = $1 RETURNING failing_since, failures, disabled_reason""",
        webhook_id,
        attempt.at,
    )
    if row is None or row["disabled_reason"] is not None:
        return None
    reason = gives_up(attempt, row["failing_since"], row["failures"], now)
    if reason is not None:
        await connection.execute(
            "UPDATE webhooks SET disabled_reason = $2, disabled_at = $3 WHERE webhook_id = $1",
            webhook_id,
            reason.value,
            now,
        )
    return reason


def _claim(row: asyncpg.Record, secrets: tuple[Secret, ...], payload: bytes) -> DeliveryLease:
    return DeliveryLease(
        row["delivery_id"],
        row["webhook_id"],
        row["url"],
        secrets,
        row["event_id"],
        row["event_type"],
        payload,
        row["tries"],
        row["leased_until"],
        row["request_id"],
        row["traceparent"],
    )
