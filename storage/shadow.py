"""Shadow tables: what the projection's tables should hold, read from the topics anew. Unlogged,
made for one rebuild.

A rebuild that was killed leaves them behind; the next one drops them. Statements here have no time
limit.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import orjson

from domain.projection import JobEventRow, StatusChange
from domain.rebuilding import RequestRow
from runtime.settings import DatabaseSettings
from storage import advisory
from storage.advisory import Lock
from storage.database import ACQUIRE_TIMEOUT_S, connect

TABLES = ("shadow_job_events", "shadow_outcomes", "shadow_requests")

_CREATE = """
CREATE UNLOGGED TABLE shadow_job_events (
  LIKE job_events INCLUDING DEFAULTS, written_at timestamptz NOT NULL);
CREATE UNLOGGED TABLE shadow_outcomes (
  request_id text NOT NULL, status text NOT NULL, at timestamptz NOT NULL,
  error_code text, error_message text, error_item_index int, result jsonb);
CREATE UNLOGGED TABLE shadow_requests (
  request_id text NOT NULL, whole boolean NOT NULL, started_at timestamptz,
  two_outcomes boolean NOT NULL);
"""
_INDEX = """
ALTER TABLE shadow_job_events ADD PRIMARY KEY (request_id, seq, event_id);
ALTER TABLE shadow_outcomes ADD PRIMARY KEY (request_id);
ALTER TABLE shadow_requests ADD PRIMARY KEY (request_id);
ANALYZE shadow_job_events; ANALYZE shadow_outcomes; ANALYZE shadow_requests;
"""
_SORT_OUT = """
DELETE FROM shadow_job_events a USING (
  SELECT ctid, row_number() OVER (PARTITION BY request_id, seq, event_id
    ORDER BY written_at) AS place FROM shadow_job_events) b
  WHERE a.ctid = b.ctid AND b.place > 1;
DELETE FROM shadow_outcomes a USING (
  SELECT ctid, row_number() OVER (PARTITION BY request_id ORDER BY at) AS place
    FROM shadow_outcomes) b
  WHERE a.ctid = b.ctid AND b.place > 1;
CREATE TEMPORARY TABLE fresh_requests ON COMMIT DROP AS
  SELECT request_id, bool_or(whole) AS whole, min(started_at) AS started_at,
    bool_or(two_outcomes) AS two_outcomes
  FROM shadow_requests GROUP BY request_id;
TRUNCATE shadow_requests;
INSERT INTO shadow_requests SELECT * FROM fresh_requests;
"""
_MERGE = """
INSERT INTO shadow_job_events SELECT * FROM fresh_job_events ON CONFLICT DO NOTHING;
INSERT INTO shadow_outcomes SELECT * FROM fresh_outcomes ON CONFLICT DO NOTHING;
INSERT INTO shadow_requests AS s SELECT * FROM fresh_requests
  ON CONFLICT (request_id) DO UPDATE SET whole = s.whole OR EXCLUDED.whole,
    started_at = coalesce(s.started_at, EXCLUDED.started_at), two_outcomes = s.two_outcomes
      OR EXCLUDED.two_outcomes;
DROP TABLE fresh_job_events, fresh_outcomes, fresh_requests;
"""


class RebuildBusy(Exception):
    """Another rebuild or rewind is at work."""


@asynccontextmanager
async def alone(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection without time limits that holds the lock of rebuilds. Raises RebuildBusy,
    OSError, PostgresError.
    """
    connection = await connect(settings, "looks-rebuild")
    try:
        if not await advisory.try_until_closed(connection, Lock.REBUILD):
            raise RebuildBusy
        yield connection
    finally:
        await connection.close(timeout=ACQUIRE_TIMEOUT_S)


class ShadowTables:
    """Filled in two steps: the bulk without indexes, then what came meanwhile, merged."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Use this connection, one statement at a time."""
        self._connection = connection
        self._into = "shadow"

    async def create(self) -> None:
        """Empty tables; those of an earlier rebuild go."""
        await self.drop()
        await self._connection.execute(_CREATE)

    async def drop(self) -> None:
        """Remove them."""
        await self._connection.execute(f"DROP TABLE IF EXISTS {', '.join(TABLES)}")

    async def tenants(self, request_ids: Iterable[str]) -> dict[str, str]:
        """Whose the known ones among these requests are."""
        rows = await self._connection.fetch(
            "SELECT request_id, tenant_id FROM request_logs WHERE request_id = ANY($1::text[])",
            list(request_ids),
        )
        return {row["request_id"]: row["tenant_id"] for row in rows}

    async def add_events(self, events: Sequence[tuple[JobEventRow, int]]) -> None:
        """Event rows, each with the broker's time of its record in ms."""
        await self._copy(
            "job_events",
            [
                (
                    row.request_id,
                    row.seq,
                    row.event_id,
                    row.event_type,
                    row.stage,
                    row.message,
                    orjson.dumps(row.extra).decode(),
                    row.created_at,
                    datetime.fromtimestamp(written_ms / 1000, UTC),
                )
                for row, written_ms in events
            ],
        )

    async def add_outcomes(self, changes: Sequence[StatusChange]) -> None:
        """How requests ended."""
        await self._copy(
            "outcomes",
            [
                (
                    change.request_id,
                    change.status.value,
                    change.at,
                    change.error.code.value if change.error else None,
                    change.error.message if change.error else None,
                    change.error.item_index if change.error else None,
                    change.result.model_dump_json() if change.result else None,
                )
                for change in changes
            ],
        )

    async def add_requests(self, rows: Iterable[RequestRow]) -> None:
        """Requests of the history."""
        await self._copy(
            "requests",
            [(row.request_id, row.whole, row.started_at, row.two_outcomes) for row in rows],
        )

    async def index(self) -> None:
        """The bulk is in. Records of a request on more than one partition number give rows twice:
        these are sorted out.
        """
        try:
            async with self._connection.transaction():
                await self._connection.execute(_INDEX)
        except asyncpg.UniqueViolationError:
            async with self._connection.transaction():
                await self._connection.execute(_SORT_OUT + _INDEX)

    @asynccontextmanager
    async def merging(self) -> AsyncIterator[None]:
        """What is added inside the block goes beside the tables, and into them at its end."""
        for table in TABLES:
            fresh = table.replace("shadow", "fresh")
            await self._connection.execute(f"CREATE TEMPORARY TABLE {fresh} (LIKE {table})")
        self._into = "fresh"
        try:
            yield
        finally:
            self._into = "shadow"
        await self._connection.execute(_MERGE)

    async def _copy(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            await self._connection.copy_records_to_table(f"{self._into}_{table}", records=rows)
