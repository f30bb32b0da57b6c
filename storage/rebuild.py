"""The projection's tables against their shadows: what differs, and the swap of exactly those rows.

Events of one request with one number get what the projection gives them
(`domain.projection.squeeze_in`): the first keeps it, the others follow, and the outcome is last.
`told_as` is the number that an event was published with.

What an erased tenant's rows say no more is not put back (`domain.erasure`).

Both happen in one transaction. A swap locks `projection_offsets` first, as every batch of the
projection does, so no batch is half seen and none comes in between; readers are not held up. A dry
run takes no lock: the offsets and the rows of its snapshot belong together, for a batch moves both
at once.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

SAMPLE = 20
"""Differences of each table that are shown in full."""

_EVENTS = """
CREATE TEMPORARY TABLE differing_events ON COMMIT DROP AS
WITH collided AS (SELECT DISTINCT request_id FROM shadow_job_events
  GROUP BY request_id, seq HAVING count(*) > 1),
ranked AS (
  SELECT s.*, row_number() OVER (PARTITION BY request_id, seq
    ORDER BY final, written_at, event_id) AS place
  FROM (SELECT *, event_type IN ('succeeded', 'failed') AS final FROM shadow_job_events
    JOIN collided USING (request_id)) s),
in_order AS (
  SELECT r.*, row_number() OVER (PARTITION BY request_id
    ORDER BY final, place > 1, seq, written_at, event_id) AS nth,
    max(seq) OVER (PARTITION BY request_id)
      - count(*) FILTER (WHERE place = 1) OVER (PARTITION BY request_id) AS beyond
  FROM ranked r),
numbers AS (
  SELECT request_id, seq AS number, row_number() OVER (PARTITION BY request_id ORDER BY seq) AS nth
  FROM ranked WHERE place = 1),
rebuilt AS (
  SELECT s.*, s.seq AS told_as FROM shadow_job_events s LEFT JOIN collided c USING (request_id)
    WHERE c.request_id IS NULL
  UNION ALL
  SELECT request_id, coalesce(n.number, o.nth + o.beyond)::int, event_id, event_type, stage,
    message, extra, created_at, written_at, o.seq
  FROM in_order o LEFT JOIN numbers n USING (request_id, nth))
SELECT request_id, seq, s.told_as, coalesce(s.event_id, l.event_id) AS event_id,
  CASE WHEN l.event_id IS NULL THEN 'missing' WHEN s.event_id IS NULL THEN 'extra' ELSE 'differs'
    END AS what,
  CASE WHEN l.event_id IS NULL OR s.event_id IS NULL THEN ARRAY['row'] ELSE array_remove(ARRAY[
    CASE WHEN l.event_id <> s.event_id THEN 'event_id' END,
    CASE WHEN l.event_type <> s.event_type THEN 'event_type' END,
    CASE WHEN l.stage IS DISTINCT FROM s.stage THEN 'stage' END,
    CASE WHEN l.message <> s.message THEN 'message' END,
    CASE WHEN l.extra <> s.extra THEN 'extra' END,
    CASE WHEN l.created_at <> s.created_at THEN 'created_at' END], NULL)
  END AS columns
FROM job_events l FULL JOIN rebuilt s USING (request_id, seq)
LEFT JOIN shadow_requests q USING (request_id) LEFT JOIN request_logs r USING (request_id)
-- Of a request whose other events the topics have forgotten, an event may have made room
-- for one of those: it is there.
WHERE (r.tenant_id LIKE 'erased-%') IS NOT TRUE
  AND (coalesce(q.whole, r.created_at >= $1, false) OR s.event_id IS NULL OR NOT EXISTS (
         SELECT FROM job_events e
         WHERE (e.request_id, e.event_id) = (s.request_id, s.event_id) AND e.seq <> s.seq
           AND e.seq <> s.told_as))
  AND CASE
  WHEN l.event_id IS NULL THEN true
  WHEN s.event_id IS NULL THEN coalesce(q.whole, r.created_at >= $1, false)
  ELSE (l.event_id, l.event_type, l.stage, l.message, l.extra, l.created_at)
         IS DISTINCT FROM (s.event_id, s.event_type, s.stage, s.message, s.extra, s.created_at)
  END"""

_REQUESTS = """
CREATE TEMPORARY TABLE differing_requests ON COMMIT DROP AS
WITH rebuilt AS (
  SELECT r.request_id, r.created_at, r.status AS live_status, s.at, q.started_at,
    coalesce(q.whole, r.created_at >= $1, false) AS whole,
    coalesce(s.status, CASE WHEN q.started_at IS NULL THEN 'NOT_STARTED' ELSE 'IN_PROGRESS' END)
      AS status,
    s.error_code, s.error_message, s.error_item_index, s.result
  FROM request_logs r LEFT JOIN shadow_requests q USING (request_id)
    LEFT JOIN shadow_outcomes s USING (request_id)
  WHERE NOT coalesce(q.two_outcomes, false) AND r.tenant_id NOT LIKE 'erased-%'),
found AS (
  SELECT b.*, greatest(b.created_at, b.started_at, b.at) AS updated_at, array_remove(ARRAY[
    CASE WHEN r.status <> b.status THEN 'status' END,
    CASE WHEN r.updated_at NOT IN (greatest(b.created_at, b.started_at, b.at),
                                   greatest(b.created_at, coalesce(b.at, b.started_at)))
      THEN 'updated_at' END,
    CASE WHEN r.error_code IS DISTINCT FROM b.error_code THEN 'error_code' END,
    CASE WHEN r.error_message IS DISTINCT FROM b.error_message THEN 'error_message' END,
    CASE WHEN r.error_item_index IS DISTINCT FROM b.error_item_index THEN 'error_item_index' END,
    CASE WHEN r.result IS DISTINCT FROM b.result THEN 'result' END], NULL) AS columns
  FROM rebuilt b JOIN request_logs r USING (request_id)
  WHERE b.whole OR b.status IN ('SUCCESS', 'FAILURE')
    OR (b.status = 'IN_PROGRESS' AND r.status = 'NOT_STARTED'))
SELECT request_id, status, updated_at, error_code, error_message, error_item_index, result, columns
FROM found WHERE cardinality(columns) > 0"""

_COUNTS = """
SELECT 'job_events' AS tab, what || ' ' || name AS word, count(*) AS count
FROM differing_events, unnest(columns) AS name GROUP BY 2
UNION ALL SELECT 'request_logs', name, count(*) FROM differing_requests, unnest(columns) AS name
  GROUP BY 2 ORDER BY 1, 2"""

_EVENT_SAMPLE = """
SELECT 'job_events' AS tab, d.request_id, d.seq, d.what, d.columns, to_jsonb(l) AS live,
  to_jsonb(s) AS rebuilt
FROM (SELECT * FROM differing_events ORDER BY request_id, seq LIMIT $1) d
LEFT JOIN job_events l ON (l.request_id, l.seq) = (d.request_id, d.seq)
LEFT JOIN shadow_job_events s ON d.what <> 'extra'
  AND (s.request_id, s.seq, s.event_id) = (d.request_id, d.told_as, d.event_id)
ORDER BY d.request_id, d.seq"""
_REQUEST_SAMPLE = """
SELECT 'request_logs' AS tab, request_id, NULL::int AS seq, 'differs' AS what, d.columns,
  to_jsonb(r) AS live, to_jsonb(d) AS rebuilt
FROM (SELECT * FROM differing_requests ORDER BY request_id LIMIT $1) d
  JOIN request_logs r USING (request_id)
ORDER BY request_id"""

_KEPT = """
SELECT (SELECT count(*) FROM request_logs r LEFT JOIN shadow_requests q USING (request_id)
        WHERE NOT coalesce(q.whole, r.created_at >= $1, false)
          AND NOT coalesce(q.two_outcomes, false)) AS kept,
       (SELECT count(*) FROM shadow_requests WHERE two_outcomes) AS two_outcomes"""

_SWAP = """
DELETE FROM job_events l USING differing_events d WHERE (l.request_id, l.seq) = (d.request_id,
  d.seq) AND d.what <> 'missing';
INSERT INTO job_events
  SELECT s.request_id, d.seq, s.event_id, s.event_type, s.stage, s.message, s.extra, s.created_at
  FROM differing_events d JOIN shadow_job_events s ON (s.request_id, s.seq, s.event_id) =
    (d.request_id, d.told_as, d.event_id)
  WHERE d.what <> 'extra';
UPDATE request_logs r
  SET status = d.status, updated_at = d.updated_at, error_code = d.error_code, error_message =
    d.error_message,
      error_item_index = d.error_item_index, result = d.result
  FROM differing_requests d WHERE r.request_id = d.request_id;
"""

Offsets = dict[tuple[str, int], int]
"""(topic, partition) -> next offset to read."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not what the topics say. Values are by column; None: there is no such row."""

    table: str
    request_id: str
    seq: int | None
    what: str
    live: dict[str, object] | None
    rebuilt: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Compared:
    """All differences, counted by (table, word), some of them in full, and what is not judged.

    `kept`: requests of which records are gone: only what the topics still say of them counts.
    `two_outcomes`: requests that the
    topics say both succeeded and failed: their status stays.
    """

    counts: dict[tuple[str, str], int]
    events: int
    requests: int
    sample: list[Difference]
    kept: int
    two_outcomes: int


class Comparison:
    """One transaction over the live and the shadow tables."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Made by `comparing`."""
        self._connection = connection

    async def projected(self) -> Offsets:
        """How far the projection has read, as of this transaction."""
        return await projected(self._connection)

    async def compare(self, complete_since: datetime | None) -> Compared:
        """Row for row. `complete_since`: records of requests accepted before it may be missing;
        None: none is.
        """
        since = complete_since or datetime.min
        await self._connection.execute(_literal(_EVENTS, since))
        await self._connection.execute(_literal(_REQUESTS, since))
        await self._connection.execute("ANALYZE differing_events; ANALYZE differing_requests")
        counts = {
            (row["tab"], row["word"]): row["count"] for row in await self._connection.fetch(_COUNTS)
        }
        samples = [
            await self._connection.fetch(query, SAMPLE)
            for query in (_EVENT_SAMPLE, _REQUEST_SAMPLE)
        ]
        kept, two_outcomes = (await self._connection.fetch(_literal(_KEPT, since)))[0]
        return Compared(
            counts,
            await self._connection.fetchval("SELECT count(*) FROM differing_events"),
            await self._connection.fetchval("SELECT count(*) FROM differing_requests"),
            [_difference(row) for rows in samples for row in rows],
            kept,
            two_outcomes,
        )

    async def swap(self) -> None:
        """Put the rebuilt rows in the place of those that differ; counts when the transaction
        ends.
        """
        await self._connection.execute(_SWAP)


@asynccontextmanager
async def comparing(connection: asyncpg.Connection, *, to_swap: bool) -> AsyncIterator[Comparison]:
    """Committed at the block's end. With `to_swap` the projection waits until then."""
    async with connection.transaction(isolation=None if to_swap else "repeatable_read"):
        if to_swap:
            await connection.execute("LOCK TABLE projection_offsets IN EXCLUSIVE MODE")
        yield Comparison(connection)


async def projected(connection: asyncpg.Connection) -> Offsets:
    """How far the projection has read."""
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM projection_offsets")
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


def _literal(statement: str, since: datetime) -> str:
    """CREATE TABLE AS takes no arguments."""
    text = (
        "-infinity"
        if since == datetime.min
        else "infinity"
        if since.year == datetime.max.year
        else since.isoformat()
    )
    return statement.replace("$1", f"timestamptz '{text}'")


def _difference(row: asyncpg.Record) -> Difference:
    names = row["columns"] if row["what"] == "differs" else ("event_type", "event_id")
    live, rebuilt = (_named(row[side], names) for side in ("live", "rebuilt"))
    return Difference(row["tab"], row["request_id"], row["seq"], row["what"], live, rebuilt)


def _named(row: str | None, names: Sequence[str]) -> dict[str, object] | None:
    whole = orjson.loads(row) if row else None
    return None if whole is None else {name: whole[name] for name in names}
