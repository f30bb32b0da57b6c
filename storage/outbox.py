"""The outbox: rows that became true with a request and are on their way to Kafka."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import randrange

import asyncpg
import orjson

from runtime.records import OutRecord
from schemas.envelope import Headers
from schemas.layout import PartitionGrowth
from storage import advisory
from storage.advisory import Connection, LockClass
from storage.growths import growths

SHARDS = 16
"""Rows of one key are in one shard, and one relay at a time reads a shard: order is kept per
request.
"""
SHARDS_AT_ONCE = 8
"""A relay takes half of the shards at a time, so that several relays share the work."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One record to publish."""

    id: int
    topic: str
    key: bytes
    value: bytes
    headers: Headers


Publish = Callable[[Sequence[OutboxRow], Sequence[PartitionGrowth]], Awaitable[None]]
"""Is told what is recorded of growths too: which partition a key is put into."""


class OutboxStore:
    """Reads and removes rows of `outbox`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def relay(self, publish: Publish, limit: int) -> int:
        """Publish up to `limit` rows of free shards in order and remove them; returns how many. 0:
        there was none in any shard that is not another relay's just now.

        `publish` returns once all are acknowledged. A crash after that and before the removal
        publishes them again.
        """
        first = randrange(SHARDS)
        return await self._relay(first, publish, limit) or await self._relay(
            first + SHARDS_AT_ONCE, publish, limit
        )

    async def _relay(self, first: int, publish: Publish, limit: int) -> int:
        wanted = [(first + step) % SHARDS for step in range(SHARDS_AT_ONCE)]
        async with self._pool.acquire() as connection, connection.transaction():
            # Read by a statement of its own: one sees what was there when it began, so that which
            # takes the locks may see rows that whoever had them has since published and removed
            mine = await advisory.try_some(connection, LockClass.OUTBOX_SHARD, wanted)
            rows = await connection.fetch(
                """SELECT id, topic, key, value, headers::text AS headers FROM outbox
                   WHERE shard = ANY($1::int[]) ORDER BY id LIMIT $2""",
                mine,
                limit,
            )
            if rows:
                # Asked after the rows were read: then what holds for them is there
                # (`storage.growths`)
                await publish([row_of(row) for row in rows], await growths(connection))
                await connection.execute(
                    "DELETE FROM outbox WHERE id = ANY($1::bigint[])", [row["id"] for row in rows]
                )
        return len(rows)

    async def oldest_age_s(self) -> float:
        """Age of the oldest row; 0 when there is none."""
        age = await self._pool.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8 FROM outbox"
        )
        return float(age or 0.0)


async def add(connection: Connection, record: OutRecord) -> None:
    """Have a record sent once the connection's transaction is committed. It has a key and a
    value.
    """
    await connection.execute(
        "INSERT INTO outbox (topic, key, value, headers) VALUES ($1, $2, $3, $4::jsonb)",
        record.topic,
        (record.key or b"").decode(),
        record.value,
        headers_text(record.headers),
    )


def headers_text(headers: Headers) -> str:
    """Headers as the table keeps them, JSON."""
    return orjson.dumps([(name, raw.decode()) for name, raw in headers]).decode()


def headers_of(text: str) -> Headers:
    """The same, read back."""
    return tuple([(name, raw.encode()) for name, raw in orjson.loads(text)])


def row_of(row: asyncpg.Record) -> OutboxRow:
    """A row as it is published; its headers were selected as text."""
    headers = headers_of(row["headers"])
    return OutboxRow(row["id"], row["topic"], row["key"].encode(), row["value"], headers)
