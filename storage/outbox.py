"""The outbox: rows that became true with a request and are on their way to Kafka."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import randrange

import asyncpg
import orjson

from storage.advisory import LockClass, number

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
    headers: tuple[tuple[str, bytes], ...]


class OutboxStore:
    """Reads and removes rows of `outbox`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def relay(
        self, publish: Callable[[Sequence[OutboxRow]], Awaitable[None]], limit: int
    ) -> int:
        """Publish up to `limit` rows of free shards in order and remove them; returns how many.

        `publish` returns once all are acknowledged. A crash after that and before the removal
        publishes them again.
        """
        first = randrange(SHARDS)
        wanted = [(first + step) % SHARDS for step in range(SHARDS_AT_ONCE)]
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                """WITH mine AS MATERIALIZED (SELECT s FROM unnest($1::int[]) AS s
                WHERE pg_try_advisory_xact_lock($2, s))
                   SELECT id, topic, key, value, headers::text AS headers FROM outbox
                   WHERE shard IN (SELECT s FROM mine) ORDER BY id LIMIT $3""",
                wanted,
                number(LockClass.OUTBOX_SHARD),
                limit,
            )
            if rows:
                await publish([row_of(row) for row in rows])
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


def row_of(row: asyncpg.Record) -> OutboxRow:
    """A row as it is published; its headers were selected as text."""
    headers = tuple((name, text.encode()) for name, text in orjson.loads(row["headers"]))
    return OutboxRow(row["id"], row["topic"], row["key"].encode(), row["value"], headers)
