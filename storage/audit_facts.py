"""What Postgres knows for an audit, read in one snapshot.

Order of moments: the snapshot first, then the topics to their ends. So whatever a row implies about
a topic (a removed outbox row, a SUCCESS, a refund) must be found there, while what a topic says
beyond the rows may be younger than the snapshot and is judged only with the time it may take to
travel, or by `projection_offsets` of the same snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import orjson

from domain.audit import RequestFacts
from storage.id_times import ids_from

BATCH = 1000

_REQUESTS = """
SELECT r.request_id, r.status, r.credits_cost, r.created_at, r.updated_at, r.deadline_at,
  r.result::text AS result,
  ARRAY(SELECT amount FROM ledger_entries l WHERE l.request_id = r.request_id
    AND l.kind = 'charge') AS charges,
  ARRAY(SELECT amount FROM ledger_entries l WHERE l.request_id = r.request_id
    AND l.kind = 'refund') AS refunds,
  ARRAY(SELECT amount FROM ledger_entries l WHERE l.request_id = r.request_id
    AND l.kind = 'goodwill') AS goodwill,
  o.since AS outbox_since, c.claimed_at,
  ARRAY(SELECT seq || ' ' || event_type FROM job_events e WHERE e.request_id = r.request_id
    ORDER BY seq) AS events,
  g.missing AS passed_over
FROM request_logs r
LEFT JOIN (SELECT key, min(created_at) AS since FROM outbox WHERE topic = 'look.requested'
  GROUP BY key) o
  ON o.key = r.request_id
LEFT JOIN failure_claims c ON c.request_id = r.request_id
LEFT JOIN job_event_gaps g ON g.request_id = r.request_id
"""


class Snapshot:
    """One repeatable-read view of the database."""

    def __init__(self, connection: asyncpg.Connection, now: datetime) -> None:
        """Made by `snapshot`."""
        self._connection = connection
        self.now = now

    async def projected(self) -> dict[tuple[str, int], int]:
        """How far the projection had read."""
        rows = await self._connection.fetch(
            "SELECT topic, partition, next_offset FROM projection_offsets"
        )
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def requests(
        self, since: datetime | None = None
    ) -> AsyncIterator[tuple[RequestFacts, dict[str, object] | None]]:
        """Every request by id, or those that were created since then and some before, with the
        result of the successful ones. Streams: memory for two batches, of which Postgres makes one
        while the other is used; nothing else may be asked meanwhile.
        """
        first = "" if since is None else ids_from(since)
        query = f"{_REQUESTS} WHERE r.request_id >= $1 ORDER BY r.request_id"
        cursor = await self._connection.cursor(query, first)
        batch = await cursor.fetch(BATCH)
        while batch:
            coming = asyncio.ensure_future(cursor.fetch(BATCH))
            await asyncio.sleep(0)  # so that it is asked for before this batch is used
            try:
                for row in batch:
                    # An erased tenant's says nothing any more.
                    image = orjson.loads(row["result"]).get("image") if row["result"] else None
                    yield _facts(row), image
            finally:
                batch = await coming

    async def requests_of(self, request_ids: Sequence[str]) -> dict[str, RequestFacts]:
        """Those of these that there are."""
        rows = await self._connection.fetch(
            f"{_REQUESTS} WHERE r.request_id = ANY($1::text[])", list(request_ids)
        )
        return {row["request_id"]: _facts(row) for row in rows}

    async def accounts(self) -> list[tuple[str, int, int]]:
        """Each account's name, balance and sum of entries."""
        rows = await self._connection.fetch(
            """SELECT a.tenant_id || '/' || a.environment AS name, a.balance,
                 coalesce((SELECT sum(amount) FROM ledger_entries l
                           WHERE (l.tenant_id, l.environment) = (a.tenant_id, a.environment)),
                             0)::bigint AS entries
               FROM credit_accounts a ORDER BY 1"""
        )
        return [(row["name"], row["balance"], row["entries"]) for row in rows]

    async def erased(self) -> set[bytes]:
        """Requests of erased tenants. Memory: some 90 bytes for each."""
        rows = await self._connection.fetch(
            """SELECT request_id FROM request_logs
               WHERE tenant_id IN (SELECT pseudonym FROM erasures)"""
        )
        return {row["request_id"].encode() for row in rows}

    async def erased_among(self, request_ids: Sequence[str]) -> set[str]:
        """Those of these requests whose tenant is erased."""
        rows = await self._connection.fetch(
            """SELECT request_id FROM request_logs WHERE request_id = ANY($1::text[])
               AND tenant_id IN (SELECT pseudonym FROM erasures)""",
            list(request_ids),
        )
        return {row["request_id"] for row in rows}

    async def charges_without_request(self) -> list[str]:
        """Requests that were charged and have no row, though retention has not taken it."""
        rows = await self._connection.fetch(
            """SELECT l.request_id FROM ledger_entries l LEFT JOIN request_logs r USING (request_id)
               WHERE l.kind = 'charge' AND r.request_id IS NULL
                 AND l.request_id >= coalesce((SELECT max(before_id) FROM retired_ranges
                   WHERE table_name = 'request_logs'), '') ORDER BY 1 LIMIT 1000"""
        )
        return [row["request_id"] for row in rows]

    async def retired(self) -> dict[str, str]:
        """Table -> below which request id its rows are gone."""
        rows = await self._connection.fetch(
            "SELECT table_name, max(before_id) AS before_id FROM retired_ranges GROUP BY 1"
        )
        return {row["table_name"]: row["before_id"] for row in rows}

    async def closings_not_carried(self) -> list[str]:
        """Closed ranges of accounts that no entry, or another one than was noted, carries on."""
        rows = await self._connection.fetch(
            """SELECT c.tenant_id || '/' || c.environment || ' before ' || c.before_id AS name
               FROM ledger_closings c WHERE c.amount IS DISTINCT FROM (
                 SELECT sum(l.amount) FROM ledger_entries l WHERE l.kind = 'carried'
                   AND (l.tenant_id, l.environment) = (c.tenant_id, c.environment)
                   AND l.reference = 'before ' || c.before_id)
               ORDER BY 1 LIMIT 1000"""
        )
        return [row["name"] for row in rows]

    async def dealt_with(self, topic: str) -> dict[tuple[int, int], str]:
        """What operators did about records of a topic, by (partition, offset): `send` or
        `discard`.
        """
        rows = await self._connection.fetch(
            """SELECT partition, "offset", verb FROM operator_actions WHERE topic = $1
            AND step = 'done'""",
            topic,
        )
        return {(row["partition"], row["offset"]): row["verb"] for row in rows}

    async def ledger_is_append_only(self) -> bool:
        """Whether the triggers that forbid changing the ledger are in place and enabled."""
        count = await self._connection.fetchval(
            """SELECT count(*) FROM pg_trigger WHERE tgrelid = 'ledger_entries'::regclass
            AND tgenabled IN ('O', 'A')
               AND tgname IN ('ledger_append_only', 'ledger_no_truncate')"""
        )
        return int(count) == 2


@asynccontextmanager
async def snapshot(database_url: str) -> AsyncIterator[Snapshot]:
    """Open a snapshot; it lasts as long as the block."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection, await connection.fetchval("SELECT now()"))
    finally:
        await connection.close()


def _facts(row: asyncpg.Record) -> RequestFacts:
    events = (text.split(" ", 1) for text in row["events"])
    return RequestFacts(
        request_id=row["request_id"],
        status=row["status"],
        credits_cost=row["credits_cost"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deadline_at=row["deadline_at"],
        charges=tuple(row["charges"]),
        refunds=tuple(row["refunds"]),
        goodwill=tuple(row["goodwill"]),
        in_outbox=row["outbox_since"] is not None,
        outbox_since=row["outbox_since"],
        events=tuple((int(seq), kind) for seq, kind in events),
        claimed_at=row["claimed_at"],
        passed_over=frozenset(row["passed_over"] or ()),
    )
