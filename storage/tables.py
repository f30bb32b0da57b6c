"""Whether the tables are there that this release works with.

A process that is newer than the tables is not ready, says which migrations it waits for, and does
its work once `looks db migrate` has run: so a release's tables and processes may come in either
order.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg

from runtime import logs
from runtime.process import Process

log = logs.get(__name__)

MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"
LACK: Final = "the tables of this release"
ASK_EVERY_S: Final = 2.0
_APPLIED = "SELECT name FROM schema_migrations"
_OLDER = (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError)
"""Tables that are not there yet, or are of before every login might see which they are."""


async def missing(pool: asyncpg.Pool) -> list[str]:
    """The migrations of this release that were not applied. Raises one of DATABASE_AWAY."""
    try:
        applied = {row["name"] for row in await pool.fetch(_APPLIED)}
    except _OLDER:
        applied = set()
    return sorted({path.name for path in MIGRATIONS.glob("*.sql")} - applied)


async def until_there(
    pool: asyncpg.Pool,
    process: Process,
    away: tuple[type[BaseException], ...],
    *,
    every_s: float = ASK_EVERY_S,
) -> None:
    """Wait for the tables of this release, or until the process is asked to stop; it is not ready
    meanwhile. `away`: what says that the database is, which is no answer.
    """
    process.lacks.add(LACK)
    told = False
    while not process.stopping.is_set():
        try:
            absent = await missing(pool)
        except away:
            absent = None
        if absent == []:
            break
        if absent and not told:
            log.error("tables are older than this process: not ready", migrations=absent)
            told = True
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await process.stopping.wait()
    else:
        return
    process.lacks.discard(LACK)
    if told:
        log.info("the tables of this release are there")
