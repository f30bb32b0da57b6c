"""Requests without an outcome whose time is up."""

from datetime import datetime

import asyncpg
import orjson

from domain.deadline import OpenRequest
from schemas.events import LookRequested
from schemas.layout import PartitionGrowth
from storage.growths import growths

_OPEN_REQUESTS = """
SELECT request_id, tenant_id, environment, user_category, items::text AS items,
       runtime_config::text AS runtime_config, credits_cost, created_at, deadline_at,
       reference, metadata::text AS metadata,
       coalesce((SELECT max(seq) FROM job_events e
         WHERE e.request_id = r.request_id), 1) AS last_sequence
FROM request_logs r
WHERE status IN ('NOT_STARTED', 'IN_PROGRESS')"""


class OverdueStore:
    """Reads `request_logs` for the deadline sweeper."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def now(self) -> datetime:
        """The database's clock: the one that dated the deadlines."""
        now: datetime = await self._pool.fetchval("SELECT clock_timestamp()")
        return now

    async def overdue(self, before: datetime, limit: int) -> list[OpenRequest]:
        """Requests not terminal whose deadline is earlier than `before`, the oldest first."""
        rows = await self._pool.fetch(
            f"{_OPEN_REQUESTS} AND deadline_at < $1 ORDER BY deadline_at LIMIT $2", before, limit
        )
        return [_open_request(row) for row in rows]

    async def still_open(self, request_ids: list[str]) -> list[OpenRequest]:
        """Those of these requests that have no outcome even now."""
        rows = await self._pool.fetch(
            f"{_OPEN_REQUESTS} AND request_id = ANY($1::text[])", request_ids
        )
        return [_open_request(row) for row in rows]

    async def growths(self) -> tuple[PartitionGrowth, ...]:
        """What is recorded of growths. Asked after requests were: then what holds for them is
        there.
        """
        return await growths(self._pool)


def _open_request(row: asyncpg.Record) -> OpenRequest:
    request = LookRequested(
        request_id=row["request_id"],
        tenant_id=row["tenant_id"],
        user_category=row["user_category"],
        items=orjson.loads(row["items"]),
        runtime_config=orjson.loads(row["runtime_config"]) if row["runtime_config"] else None,
        credits_cost=row["credits_cost"],
        requested_at=row["created_at"],
        deadline_at=row["deadline_at"],
        environment=row["environment"],
        reference=row["reference"],
        metadata=orjson.loads(row["metadata"]) if row["metadata"] else None,
    )
    return OpenRequest(request, row["last_sequence"])
