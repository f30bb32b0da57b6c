"""What operators see of tenants, of looks that wait, and of what was done; reads only."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from storage.audits import AuditRecord

_BROKEN = "w.disabled_reason IN ('gone', 'failing')"
"""Webhooks that we stopped calling, not their tenant."""
_WAITING = "r.status IN ('NOT_STARTED', 'IN_PROGRESS')"


@dataclass(frozen=True, slots=True)
class TenantStanding:
    """A tenant with what it can spend, and what it has in work."""

    tenant_id: str
    live: int
    test: int
    in_work: int
    keys: int
    webhooks_disabled: int


@dataclass(frozen=True, slots=True)
class WaitingLook:
    """A look without an outcome. `unsent`: its first event is still in the outbox."""

    request_id: str
    tenant_id: str
    status: str
    created_at: datetime
    deadline_at: datetime
    last_event: str | None
    last_event_at: datetime | None
    unsent: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What Postgres says about the whole, at one moment."""

    now: datetime
    waiting: int
    oldest_waiting_s: float
    overdue: int
    outbox: int
    outbox_oldest_s: float
    webhooks_disabled: int
    erasures_open: int


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """An erasure. Whose it is, is known until it is finished. `said`: how its last try ended."""

    pseudonym: str
    tenant_id: str | None
    begun_at: datetime
    finished_at: datetime | None
    operator: str | None
    said: str | None


class OperatorViews:
    """Over Postgres alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def tenants(
        self, query: str, limit: int, *, with_broken_webhooks: bool = False
    ) -> list[TenantStanding]:
        """Tenants whose id has this text in it, by id."""
        rows = await self._pool.fetch(
            f"""SELECT t.tenant_id,
                  coalesce(max(a.balance) FILTER (WHERE a.environment = 'live'), 0) AS live,
                  coalesce(max(a.balance) FILTER (WHERE a.environment = 'test'), 0) AS test,
                  (SELECT count(*) FROM request_logs r
                     WHERE r.tenant_id = t.tenant_id AND {_WAITING}) AS in_work,
                  (SELECT count(*) FROM api_keys k WHERE k.tenant_id = t.tenant_id
                     AND k.revoked_at IS NULL
                     AND (k.expires_at IS NULL OR k.expires_at > now())) AS keys,
                  (SELECT count(*) FROM webhooks w
                     WHERE w.tenant_id = t.tenant_id AND {_BROKEN}) AS webhooks_disabled
                FROM tenants t LEFT JOIN credit_accounts a USING (tenant_id)
                WHERE ($1 = '' OR strpos(t.tenant_id, $1) > 0)
                  AND (NOT $3 OR t.tenant_id IN
                    (SELECT w.tenant_id FROM webhooks w WHERE {_BROKEN}))
                GROUP BY t.tenant_id ORDER BY t.tenant_id LIMIT $2""",
            query,
            limit,
            with_broken_webhooks,
        )
        return [TenantStanding(**dict(row.items())) for row in rows]

    async def waiting(self, older_than_s: float, limit: int) -> list[WaitingLook]:
        """Looks without an outcome that were accepted so long ago, or whose deadline has passed;
        the oldest first.
        """
        rows = await self._pool.fetch(
            f"""SELECT r.request_id, r.tenant_id, r.status, r.created_at, r.deadline_at,
                  e.event_type AS last_event, e.created_at AS last_event_at,
                  EXISTS (SELECT 1 FROM outbox o WHERE o.key = r.request_id) AS unsent,
                  r.deadline_at < now() AS overdue
                FROM request_logs r LEFT JOIN LATERAL (
                  SELECT event_type, created_at FROM job_events e
                  WHERE e.request_id = r.request_id ORDER BY seq DESC LIMIT 1) e ON true
                WHERE {_WAITING} AND (r.created_at < now() - make_interval(secs => $1)
                  OR r.deadline_at < now())
                ORDER BY r.created_at LIMIT $2""",
            older_than_s,
            limit,
        )
        return [WaitingLook(**dict(row.items())) for row in rows]

    async def facts(self) -> DatabaseFacts:
        """One statement: all of one moment."""
        (row,) = await self._pool.fetch(
            f"""SELECT now() AS now, w.waiting, coalesce(w.oldest, 0)::float8 AS oldest_waiting_s,
                  w.overdue, o.outbox, coalesce(o.oldest, 0)::float8 AS outbox_oldest_s,
                  (SELECT count(*) FROM webhooks w WHERE {_BROKEN}) AS webhooks_disabled,
                  (SELECT count(*) FROM erasures WHERE finished_at IS NULL) AS erasures_open
                FROM (SELECT count(*) AS waiting, count(*) FILTER (WHERE deadline_at < now())
                          AS overdue, extract(epoch FROM now() - min(created_at)) AS oldest
                        FROM request_logs r WHERE {_WAITING}) w,
                     (SELECT count(*) AS outbox, extract(epoch FROM now() - min(created_at))
                          AS oldest FROM outbox) o"""
        )
        return DatabaseFacts(**dict(row.items()))

    async def audits(self, limit: int) -> list[tuple[datetime, AuditRecord]]:
        """When each ended, and what it found; the newest first."""
        rows = await self._pool.fetch(
            """SELECT finished_at, looked_at, since, everything_before, requests, records,
                 violations FROM audits ORDER BY id DESC LIMIT $1""",
            limit,
        )
        return [(row["finished_at"], AuditRecord(*list(row.values())[1:])) for row in rows]

    async def erasures(self, limit: int) -> list[ErasureRow]:
        """The newest first."""
        rows = await self._pool.fetch(
            """SELECT e.pseudonym, e.tenant_id, e.begun_at, e.finished_at, a.operator,
                 (SELECT s.outcome FROM operator_actions s WHERE s.action_id = a.action_id
                    AND s.step = 'failed' ORDER BY s.id DESC LIMIT 1) AS said
               FROM erasures e LEFT JOIN LATERAL (SELECT action_id, operator FROM operator_actions a
                 WHERE a.topic = e.pseudonym AND a.step = 'intended' LIMIT 1) a ON true
               ORDER BY e.begun_at DESC LIMIT $1""",
            limit,
        )
        return [ErasureRow(**dict(row.items())) for row in rows]
