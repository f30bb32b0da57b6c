"""Connections to Postgres, set up in one place: bounded in time, and only to a server that can be
written.

After a failover the old primary may go on as a read-only server, and its connections with it. So
every connection is asked for at a server that takes writes (`target_session_attrs`), one that
turned read-only is given up when it is returned, and `watched` finds those that lie idle.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from runtime import logs, metrics
from runtime.process import Process
from runtime.settings import DatabaseSettings
from storage.tables import until_there

log = logs.get(__name__)

ACQUIRE_TIMEOUT_S = 5.0
WATCH_EVERY_S = 2.0
WRITABLE = SessionAttribute.read_write
"""What `target_session_attrs` asks for; of several hosts in the URL it finds the one."""
LACK = "a database that can be written"

DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # what asyncpg says when the connection is cut in the middle of its protocol, and when no host
    # can be written
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # a failover: what was the primary, or what does not know us yet
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # the transaction was ended for another's sake, or for its age
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    # a pooler gave us a session that knows nothing of us
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
)
"""What says nothing about the statement: the same one can succeed on another connection, later."""
TRANSIENT = (*DATABASE_AWAY, asyncpg.PostgresError)
"""What is raised when the database is away, begins anew or refuses what another try may do."""


@asynccontextmanager
async def open_pool(
    settings: DatabaseSettings, process: Process | None = None, *, wait: bool = False
) -> AsyncIterator[asyncpg.Pool]:
    """A pool of connections whose statements are bounded in time.

    With `process`, that one is not ready while the database can't be written, nor before its
    tables are there: both are waited for here, or with `wait` beside what follows. So a process may
    start before its database, or while that is away. Without one, raises one of DATABASE_AWAY or
    asyncpg's PostgresError when the database is out of reach.
    """
    pool = asyncpg.create_pool(
        settings.pool_dsn,
        init_size=0 if wait or process is not None else 1,
        target_session_attrs=WRITABLE,
        reset=_kept if settings.pooled else _returned,
        **_options(settings),
    )
    async with pool:
        if process is None:
            yield pool
        else:
            async with watched(pool, process), _awaited(pool, process) as tables:
                if not wait:
                    await tables
                yield pool


@asynccontextmanager
async def open_reader(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Pool | None]:
    """A pool of connections to replicas, which are connected to when they are first asked; None:
    there are none.
    """
    if settings.reader_dsn is None:
        yield None
        return
    pool = asyncpg.create_pool(
        settings.reader_dsn,
        init_size=0,
        target_session_attrs=SessionAttribute.prefer_standby,
        reset=_kept if settings.pooled else None,
        **_options(settings),
    )
    async with pool:
        yield pool


def _options(settings: DatabaseSettings) -> dict[str, Any]:
    """What all pools have in common.

    A pooler gives each transaction any session: it passes none of our settings on, so the server's
    roles have to bound statements, and every statement has a name. An unnamed one is parsed in one
    transaction and run in the next, where it may be another client's.
    """
    bounded = {
        "statement_timeout": str(int(settings.statement_timeout_s * 1000)),
        "idle_in_transaction_session_timeout": str(int(settings.statement_timeout_s * 2000)),
    }
    options: dict[str, Any] = {
        "min_size": 0,
        "max_size": settings.pool_max,
        "timeout": ACQUIRE_TIMEOUT_S,
        "command_timeout": settings.statement_timeout_s,
        "server_settings": {"application_name": "looks"} | ({} if settings.pooled else bounded),
    }
    if settings.pooled:
        options["max_cacheable_statement_size"] = 0  # 0: of any size
    if settings.password_file is not None:
        options["password"] = settings.password_now
    return options


async def connect(settings: DatabaseSettings, name: str) -> asyncpg.Connection:
    """One connection past any pooler, whose statements may take as long as they need; `name` is
    what Postgres shows of it.

    Raises one of DATABASE_AWAY or asyncpg's PostgresError when the database is out of reach.
    """
    return await asyncpg.connect(
        settings.dsn,
        timeout=ACQUIRE_TIMEOUT_S,
        target_session_attrs=WRITABLE,
        server_settings={"application_name": name},
    )


async def is_read_only(connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> bool:
    """Ask the server whether it takes writes. Raises one of DATABASE_AWAY."""
    said = await connection.fetchval("SHOW transaction_read_only", timeout=ACQUIRE_TIMEOUT_S)
    return bool(said == "on")


async def _kept(connection: asyncpg.Connection) -> None:
    """A pooler's connection comes back: it has no session to make as new."""


async def _returned(connection: asyncpg.Connection) -> None:
    """A connection comes back to its pool: it is made as new, or given up when its server says that
    it only reads. Postgres 14 and later tell that unasked, with the answer to this.
    """
    await connection.execute(connection.get_reset_query())
    told = connection.get_settings()
    if "on" in (
        getattr(told, "in_hot_standby", "off"),
        getattr(told, "default_transaction_read_only", "off"),
    ):
        log.warning("a connection to a server that only reads is given up")
        connection.terminate()


@asynccontextmanager
async def watched(
    pool: asyncpg.Pool, process: Process, every_s: float = WATCH_EVERY_S
) -> AsyncIterator[None]:
    """Ask, as long as the block lasts, whether the database can be written."""
    idle, used = (metrics.DATABASE_CONNECTIONS.labels(state) for state in ("idle", "used"))
    idle.set_function(pool.get_idle_size)
    used.set_function(lambda: pool.get_size() - pool.get_idle_size())
    watching = asyncio.create_task(_watch(pool, process, every_s))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        process.lacks.discard(LACK)


@asynccontextmanager
async def _awaited(pool: asyncpg.Pool, process: Process) -> AsyncIterator["asyncio.Task[None]"]:
    tables = asyncio.create_task(until_there(pool, process, TRANSIENT))
    try:
        yield tables
    finally:
        tables.cancel()
        with suppress(asyncio.CancelledError):
            await tables


async def _watch(pool: asyncpg.Pool, process: Process, every_s: float) -> None:
    while True:
        why = await _unwritable(pool)
        if bool(why) != (LACK in process.lacks):
            if why:
                log.error("the database can't be written: not ready", why=why)
                process.lacks.add(LACK)
            else:
                log.info("the database can be written again")
                process.lacks.discard(LACK)
            metrics.DATABASE_NOT_WRITABLE.set(1 if why else 0)
        if why:
            await _renew(pool)
        await asyncio.sleep(every_s)


async def _unwritable(pool: asyncpg.Pool) -> str | None:
    """Why the database can't be written; None when it can, or when all connections are at work:
    then they find out.
    """
    if not pool.get_idle_size() and pool.get_size() >= pool.get_max_size():
        return None
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            return "it only reads" if await is_read_only(connection) else None
    except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
        return type(error).__name__


async def _renew(pool: asyncpg.Pool) -> None:
    """Give up what lies idle, and connect anew where that can be done."""

    async def renew() -> None:
        with suppress(*DATABASE_AWAY, asyncpg.PostgresError):
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S):
                pass

    await pool.expire_connections()
    # All at the same time: one after another would be given the same place again and again.
    await asyncio.gather(*(renew() for _ in range(pool.get_idle_size())))
