"""Requests that were refused, in Postgres: found by the id that their answers say to quote."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import asyncpg

from storage.rows import affected

KEPT_DAYS = 7


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused request. `path`: without its query."""

    exchange_id: str
    tenant_id: str
    environment: str
    key_id: str
    method: str
    path: str
    status: int
    code: str
    message: str
    created_at: datetime


class RefusedRequestStore:
    """Rows of `refused_requests`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use these connections."""
        self._pool = pool

    async def add(self, rows: Sequence[RefusedRow]) -> None:
        """Keep these, in one statement."""
        await self._pool.execute(
            """INSERT INTO refused_requests (exchange_id, tenant_id, environment, key_id, method,
                 path, status, code, message, created_at)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                 $6::text[], $7::int[], $8::text[], $9::text[], $10::timestamptz[])
               ON CONFLICT DO NOTHING""",
            *(list(column) for column in zip(*map(astuple, rows), strict=True)),
        )

    async def refused(
        self,
        tenant_id: str,
        environment: str,
        limit: int,
        *,
        before: str | None = None,
        only: str | None = None,
    ) -> list[RefusedRow]:
        """The tenant's refused requests, newest first: those before an id, or the one of an id."""
        rows = await self._pool.fetch(
            """SELECT exchange_id, tenant_id, environment, key_id, method, path, status, code,
                 message, created_at FROM refused_requests
               WHERE tenant_id = $1 AND environment = $2
                 AND ($3::text IS NULL OR exchange_id < $3)
                 AND ($4::text IS NULL OR exchange_id = $4)
                 AND created_at > now() - make_interval(days => $6)
               ORDER BY exchange_id DESC LIMIT $5""",
            tenant_id,
            environment,
            before,
            only,
            limit,
            KEPT_DAYS,
        )
        return [RefusedRow(*row.values()) for row in rows]

    async def purge(self, limit: int) -> int:
        """Remove at most `limit` that are too old; returns how many. Several may do so at once."""
        done = await self._pool.execute(
            """DELETE FROM refused_requests WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM refused_requests
                 WHERE created_at < now() - make_interval(days => $1)
                 LIMIT $2 FOR UPDATE SKIP LOCKED))""",
            KEPT_DAYS,
            limit,
        )
        return affected(done)
