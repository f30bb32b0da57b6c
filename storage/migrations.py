"""Schema changes: the files of `migrations/`, each applied once, in the order of their names."""

import hashlib
from pathlib import Path

import asyncpg

from storage import advisory
from storage.advisory import Lock
from storage.database import WRITABLE

FOLDER = Path(__file__).resolve().parent.parent / "migrations"

_HISTORY = """CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"""


class MigrationChanged(Exception):
    """A file that was applied has been changed since: write a new one instead."""


async def migrate(database_url: str, folder: Path = FOLDER) -> list[str]:
    """Apply what was not applied yet, each file in a transaction; returns their names. Safe to call
    side by side.
    """
    scripts = _scripts(folder)
    connection = await asyncpg.connect(database_url, target_session_attrs=WRITABLE)
    try:
        await advisory.hold_until_closed(connection, Lock.MIGRATION)
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
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", name, digest
                )
            fresh.append(name)
        return fresh
    finally:
        await connection.close()


def _scripts(folder: Path) -> list[tuple[str, str]]:
    return [(path.name, path.read_text()) for path in sorted(folder.glob("*.sql"))]
