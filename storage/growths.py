"""What is recorded of growths: who places a key looks here, at each batch, in the database that the
key came from.

A growth is committed well before the first id that it is for can be made (`domain.growing`). So
whoever has read a request's row, and looks here after, is told what holds for it.
"""

from collections.abc import Sequence
from typing import cast

import asyncpg

from schemas.ids import made_ms
from schemas.layout import PartitionGrowth
from storage.advisory import Connection

_KNOWN = "SELECT since_ms, before, count FROM partition_growths ORDER BY since_ms NULLS LAST, count"


async def growths(connection: Connection) -> tuple[PartitionGrowth, ...]:
    """All, in order; one that is prepared comes last."""
    return tuple(PartitionGrowth(**row) for row in await connection.fetch(_KNOWN))


async def begin(connection: asyncpg.Connection, growth: PartitionGrowth) -> None:
    """Record that one is prepared. Safe to repeat. Raises asyncpg.UniqueViolationError while
    another is.
    """
    await connection.execute(
        "INSERT INTO partition_growths (count, before, since_ms) VALUES ($1, $2, $3) "
        "ON CONFLICT (count) DO NOTHING",
        growth.count,
        growth.before,
        growth.since_ms,
    )


async def set_moment(
    connection: asyncpg.Connection, count: int, since_ms: int, within_s: float
) -> None:
    """Say from which id on it holds; one that is said stays. Raises TimeoutError when that takes
    longer than `within_s`.
    """
    await connection.execute(
        "UPDATE partition_growths SET since_ms = $2 WHERE count = $1 AND since_ms IS NULL",
        count,
        since_ms,
        timeout=within_s,
    )


async def clocks_ms(connection: asyncpg.Connection) -> tuple[int, int]:
    """The database's clock, and when by an API's clock the newest request's id was made; 0: there
    is none.
    """
    now_ms = await connection.fetchval(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    )
    ids: Sequence[str | None] = [
        await connection.fetchval("SELECT max(request_id) FROM request_logs"),
        await connection.fetchval('SELECT max(key COLLATE "C") FROM outbox'),
    ]
    return cast(int, now_ms), max((made_ms(one) for one in ids if one), default=0)
