"""Jobs as their tenant sees them, from `request_logs`, `job_events` and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

_COLUMNS = """r.request_id, r.job_type, r.status, r.credits_cost, r.created_at, r.updated_at, r.deadline_at, r.error_code,
  r.error_message, r.error_item_index, r.result::text AS result,
  EXISTS (SELECT 1 FROM ledger_entries l WHERE l.request_id = r.request_id AND l.kind = 'refund') AS refunded"""

_GAPLESS = """SELECT e.*, row_number() OVER (PARTITION BY e.request_id ORDER BY e.seq) AS place FROM job_events e
  WHERE e.request_id = ANY($1::text[])"""
"""Events arrive from several topics in any order; a reader is shown them only up to the first one that is missing."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a job."""

    request_id: str
    seq: int
    event_type: str
    stage: str | None
    message: str
    extra: dict[str, object]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. `result` is the body of its `look.completed`."""

    request_id: str
    job_type: str
    status: str
    credits_cost: int
    refunded: bool
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    error: tuple[str, str, int | None] | None
    result: dict[str, object] | None
    latest_event: EventRow | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a page shows. `before`: only requests with a smaller id, which is older."""

    job_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    before: str | None = None


class JobStore:
    """Reads jobs; every read names its tenant and environment."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def job(self, tenant_id: str, environment: str, request_id: str) -> JobRow | None:
        """One job of this tenant; None for an unknown or another tenant's id."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM request_logs r WHERE r.request_id = $1 AND r.tenant_id = $2 AND r.environment = $3",
            request_id,
            tenant_id,
            environment,
        )
        if row is None:
            return None
        latest = await self._latest([request_id])
        return _job(row, latest.get(request_id))

    async def jobs(self, tenant_id: str, environment: str, chosen: JobFilter, limit: int) -> list[JobRow]:
        """Jobs of this tenant, newest first."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM request_logs r
                WHERE r.tenant_id = $1 AND r.environment = $2
                  AND ($3::text IS NULL OR r.request_id < $3)
                  AND (cardinality($4::text[]) = 0 OR r.job_type = ANY($4))
                  AND (cardinality($5::text[]) = 0 OR r.status = ANY($5))
                  AND ($6::timestamptz IS NULL OR r.created_at >= $6)
                  AND ($7::timestamptz IS NULL OR r.created_at < $7)
                ORDER BY r.request_id DESC LIMIT $8""",
            tenant_id,
            environment,
            chosen.before,
            list(chosen.job_types),
            list(chosen.statuses),
            chosen.created_after,
            chosen.created_before,
            limit,
        )
        latest = await self._latest([row["request_id"] for row in rows])
        return [_job(row, latest.get(row["request_id"])) for row in rows]

    async def events(self, request_id: str, since: int) -> list[EventRow]:
        """Events with a larger seq than `since`, ascending, without gaps from 1 on."""
        rows = await self._pool.fetch(
            f"SELECT * FROM ({_GAPLESS}) g WHERE seq = place AND seq > $2 ORDER BY seq", [request_id], since
        )
        return [_event(row) for row in rows]

    async def _latest(self, request_ids: Sequence[str]) -> dict[str, EventRow]:
        rows = await self._pool.fetch(
            f"SELECT DISTINCT ON (request_id) * FROM ({_GAPLESS}) g WHERE seq = place ORDER BY request_id, seq DESC",
            list(request_ids),
        )
        return {row["request_id"]: _event(row) for row in rows}


def _event(row: asyncpg.Record) -> EventRow:
    return EventRow(
        row["request_id"],
        row["seq"],
        row["event_type"],
        row["stage"],
        row["message"],
        orjson.loads(row["extra"]),
        row["created_at"],
    )


def _job(row: asyncpg.Record, latest: EventRow | None) -> JobRow:
    error = (row["error_code"], row["error_message"], row["error_item_index"]) if row["error_code"] else None
    return JobRow(
        request_id=row["request_id"],
        job_type=row["job_type"],
        status=row["status"],
        credits_cost=row["credits_cost"],
        refunded=row["refunded"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deadline_at=row["deadline_at"],
        error=error,
        result=orjson.loads(row["result"]) if row["result"] else None,
        latest_event=latest,
    )
