"""Every advisory lock of Postgres that this system takes: what may be done by one at a time.

Nobody else writes a lock's number down: `number` is what Postgres is given.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any

HERE = "coalesce(hashtext(nullif(current_schema(), 'public')), 0)"
"""What every number is combined with (`#`) in a statement. Postgres keeps locks by database; where
two namespaces share one, each has its tables in a schema of its own, and so locks of its own.
"""
Connection = Any  # a pool's proxy or a bare connection: asyncpg's stubs give them no common type


class Lock(Enum):
    """Things of which there is one in a database; the number takes 8 bytes."""

    MIGRATION = 0x4C4F4F4B53
    ROLES = 0x4C4F4F4B54
    REBUILD = 0x4C4F4F4B5352  # a rewind too
    OPERATOR = 0x4C4F4F4B5344
    WEBHOOK_CLAIM = 0x4C574844
    AUDIT = 0x4C4F4F4B5341
    GROWTH = 0x4C4F4F4B5347


class LockClass(Enum):
    """Things of which there are many; each is told by a second number. Both take 4 bytes."""

    OUTBOX_SHARD = 0x4C4F
    IDEMPOTENCY_KEY = 0x4944
    TENANTS_ENDPOINTS = 0x4C57


def number(lock: Lock | LockClass) -> int:
    """What a statement is given for the lock, or the class of locks, beside `HERE`."""
    return int(lock.value)


async def hold(connection: Connection, lock: Lock) -> None:
    """Wait for the lock; it is held until the connection's transaction ends."""
    await connection.execute(f"SELECT pg_advisory_xact_lock($1::bigint # {HERE})", number(lock))


async def hold_one(connection: Connection, lock_class: LockClass, which: str) -> None:
    """Wait for one lock of a class; it is held until the connection's transaction ends."""
    await connection.execute(
        f"SELECT pg_advisory_xact_lock($1::int # {HERE}, hashtext($2))", number(lock_class), which
    )


async def try_some(
    connection: Connection, lock_class: LockClass, which: Sequence[int]
) -> list[int]:
    """Take those of a class that nobody else holds; they are held until the connection's
    transaction ends.
    """
    rows = await connection.fetch(
        f"""SELECT one FROM unnest($2::int[]) AS one
            WHERE pg_try_advisory_xact_lock($1::int # {HERE}, one)""",
        number(lock_class),
        which,
    )
    return [row["one"] for row in rows]


async def hold_until_closed(connection: Connection, lock: Lock) -> None:
    """Wait for the lock; it is held until `release`, or until the connection is closed."""
    await connection.execute(f"SELECT pg_advisory_lock($1::bigint # {HERE})", number(lock))


async def try_until_closed(connection: Connection, lock: Lock) -> bool:
    """Like `hold_until_closed`, but False at once where somebody else holds it."""
    got = await connection.fetchval(
        f"SELECT pg_try_advisory_lock($1::bigint # {HERE})", number(lock)
    )
    return bool(got)


async def is_held(connection: Connection, lock: Lock) -> bool:
    """Whether somebody holds it at this moment."""
    found = await connection.fetchval(
        f"""SELECT EXISTS (SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1 AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (classid::bigint << 32) | objid::bigint = $1::bigint # {HERE})""",
        number(lock),
    )
    return bool(found)


async def release(connection: Connection, lock: Lock) -> None:
    """Give back what `try_until_closed` or `hold_until_closed` took."""
    await connection.execute(f"SELECT pg_advisory_unlock($1::bigint # {HERE})", number(lock))
