"""What the outbox takes up, and giving back what it does not need."""

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """Rows that wait, rows that vacuum has yet to clear, and bytes with indexes."""

    rows: int
    dead: int
    bytes: int


async def vacuumed(connection: asyncpg.Connection) -> tuple[OutboxSize, OutboxSize]:
    """Clear it; before and after. Where its end is empty the file is made shorter, unless somebody
    waits for the table. As its owner.
    """
    before = await _now(connection)
    await connection.execute("VACUUM outbox")
    return before, await _now(connection)


async def _now(connection: asyncpg.Connection) -> OutboxSize:
    (row,) = await connection.fetch(
        """SELECT (SELECT count(*) FROM outbox), coalesce(n_dead_tup, 0),
             pg_total_relation_size('outbox')
           FROM pg_stat_user_tables WHERE relname = 'outbox'"""
    )
    return OutboxSize(*row)
