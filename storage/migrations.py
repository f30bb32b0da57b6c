"""Schema changes: the files of `migrations/`, each applied once, in the order of their names,
while the table is read and written."""

import asyncio
import hashlib
import re
from pathlib import Path

import asyncpg

from storage import advisory
from storage.advisory import Lock
from storage.database import WRITABLE
from storage.tables import MIGRATIONS

_HISTORY = """CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"""

OUTSIDE = "-- looks: outside a transaction\n"
"""First line of a file whose statements can't share a transaction, as CREATE INDEX CONCURRENTLY,
which lets the table be written meanwhile. Each of them must be safe to repeat.
"""
_HALF_BUILT = """SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = current_schema()"""
_INDEX = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?P<name>\w+)\s+ON (?P<table>\w+)"
    r"\s+(?P<rest>.*)",
    re.DOTALL,
)
_PARTITIONS = """SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = to_regclass($1::text) AND c.relispartition ORDER BY 1"""
ASK_EVERY_S = 0.1
LOCK_TIMEOUT_S, LOCK_TRIES = 1, 30
"""A change that waits for its lock lets nobody else to the table: it soon gives way, and tries
again.
"""


class MigrationChanged(Exception):
    """A file that was applied has been changed since: write a new one instead."""


async def migrate(database_url: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what was not applied yet, each file in a transaction unless it says otherwise; returns
    their names. Safe to call side by side, and again after it was interrupted.

    Raises MigrationChanged, and asyncpg.LockNotAvailableError where a table stayed locked.
    """
    scripts = _scripts(folder)
    connection = await asyncpg.connect(database_url, target_session_attrs=WRITABLE)
    try:
        await _alone(connection)
        await connection.execute(_HISTORY)
        applied = {
            row["name"]: row["sha256"]
            for row in await connection.fetch("SELECT name, sha256 FROM schema_migrations")
        }
        fresh: list[str] = []
        for name, text in scripts:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in applied:
                if applied[name] != digest:
                    raise MigrationChanged(name)
                continue
            if text.startswith(OUTSIDE):
                await _outside(connection, text)
                await _note(connection, name, digest)
            else:
                await _inside(connection, name, text, digest)
            fresh.append(name)
        return fresh
    finally:
        await connection.close()


async def _alone(connection: asyncpg.Connection) -> None:
    """Asked for again and again: a statement that waits for the lock would hold a snapshot, and
    CREATE INDEX CONCURRENTLY of whoever has the lock waits for all snapshots to be gone.
    """
    while not await advisory.try_until_closed(connection, Lock.MIGRATION):  # noqa: ASYNC110 (another process holds it)
        await asyncio.sleep(ASK_EVERY_S)


async def _inside(connection: asyncpg.Connection, name: str, text: str, digest: str) -> None:
    for left in reversed(range(LOCK_TRIES)):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
                await connection.execute(text)
                await _note(connection, name, digest)
        except asyncpg.LockNotAvailableError:
            if not left:
                raise
            await asyncio.sleep(LOCK_TIMEOUT_S)
        else:
            return


async def _outside(connection: asyncpg.Connection, text: str) -> None:
    """One statement after the other. An index that an interrupted run left half built is made anew:
    `IF NOT EXISTS` would take it for a whole one.
    """
    for row in await connection.fetch(_HALF_BUILT):
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {row['name']}")
    for statement in text.split(";\n"):
        if statement.strip():
            for one in await _by_partition(connection, statement):
                await connection.execute(one)


async def _by_partition(connection: asyncpg.Connection, statement: str) -> list[str]:
    """A statement, or where it builds an index on a partitioned table, which Postgres does not do
    beside writers: one that builds it on each partition, then those that join them.
    """
    built = _INDEX.search(statement)
    rows = [] if built is None else await connection.fetch(_PARTITIONS, built["table"])
    if built is None or not rows:
        return [statement]
    unique, name, table, rest = built.groups("")
    parts = {row["name"]: f"{row['name']}_{name}"[:63] for row in rows}
    return [
        *(
            f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {own} ON {part} {rest}"
            for part, own in parts.items()
        ),
        f"CREATE {unique}INDEX IF NOT EXISTS {name} ON ONLY {table} {rest}",
        *(f"ALTER INDEX {name} ATTACH PARTITION {own}" for own in parts.values()),
    ]


async def _note(connection: asyncpg.Connection, name: str, digest: str) -> None:
    await connection.execute(
        "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", name, digest
    )


def _scripts(folder: Path) -> list[tuple[str, str]]:
    return [(path.name, path.read_text()) for path in sorted(folder.glob("*.sql"))]
