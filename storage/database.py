"""Connections to Postgres, set up in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from runtime.settings import DatabaseSettings

ACQUIRE_TIMEOUT_S = 5.0
TRANSIENT = (asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is raised when the database is away, begins anew or refuses what another try may do."""


@asynccontextmanager
async def open_pool(
    settings: DatabaseSettings, *, wait: bool = False
) -> AsyncIterator[asyncpg.Pool]:
    """A pool of connections whose statements are bounded in time.

    With `wait`, connecting is put off until the first use, so a process can start before its
    database. Raises OSError or asyncpg's PostgresError when the database is out of reach.
    """
    pool = asyncpg.create_pool(
        settings.dsn,
        min_size=0 if wait else 1,
        max_size=settings.pool_max,
        timeout=ACQUIRE_TIMEOUT_S,
        command_timeout=settings.statement_timeout_s,
        server_settings={
            "application_name": "looks",
            "statement_timeout": str(int(settings.statement_timeout_s * 1000)),
            "idle_in_transaction_session_timeout": str(int(settings.statement_timeout_s * 2000)),
        },
    )
    async with pool:
        yield pool


async def connect_unbounded(settings: DatabaseSettings, name: str) -> asyncpg.Connection:
    """One connection whose statements may take as long as they need; `name` is what Postgres shows
    of it.

    Raises OSError or asyncpg's PostgresError when the database is out of reach.
    """
    return await asyncpg.connect(
        settings.dsn, timeout=ACQUIRE_TIMEOUT_S, server_settings={"application_name": name}
    )
