"""Telling processes, over Postgres, that something happened: NOTIFY in the transaction that makes
it true. API processes are told of requests, the relay of
rows of the outbox, webhooks' senders of deliveries.

A wake-up carries nothing but ids: whoever waits reads the rows. So a repeated one is harmless, and
one that was missed while the connection was away is made good by waking everybody when it is back.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import asyncpg

from runtime import logs, metrics
from runtime.settings import DatabaseSettings
from storage.database import connect, is_read_only

log = logs.get(__name__)

CHANNEL = "looks_job_events"
OUTBOX_CHANNEL = "looks_outbox"
"""A trigger of `outbox` tells of new rows."""
DELIVERIES_CHANNEL = "looks_webhook_deliveries"
"""Deliveries became due."""
IDS_PER_NOTE = 250
"""Of 27 bytes each: a note of Postgres may have 7,999 bytes."""

RECONNECT_S = 0.5
ALIVE_S = 5.0
"""How often a silent connection is asked whether it is still there, and how long it may take to
answer.
"""


async def announce(
    connection: asyncpg.pool.PoolConnectionProxy, request_ids: Sequence[str]
) -> None:
    """Wake whoever waits for these requests, when and if the caller's transaction commits."""
    if request_ids:
        await connection.execute(
            "SELECT pg_notify($1, note) FROM unnest($2::text[]) AS note",
            CHANNEL,
            list(notes(request_ids)),
        )


async def tell_senders(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Wake the senders of webhooks, when and if the caller's transaction commits."""
    await connection.execute("SELECT pg_notify($1, '')", DELIVERIES_CHANNEL)


def notes(request_ids: Iterable[str]) -> Iterator[str]:
    """The ids, each once, in as few notes as hold them."""
    ids = sorted(set(request_ids))
    for start in range(0, len(ids), IDS_PER_NOTE):
        yield " ".join(ids[start : start + IDS_PER_NOTE])


class WakeupListener(Protocol):
    """Who listens."""

    listening: bool

    def wake(self, request_ids: Iterable[str] | None) -> None:
        """Something happened to these requests; None: to any, nobody knows."""


class Signal:
    """Wakes those who wait. What is told while one looks for work is not lost on it: it asks for
    the event before it looks, and waits for that one after.
    """

    def __init__(self) -> None:
        """Nothing was told."""
        self.listening = False
        self._next = asyncio.Event()

    def wake(self, request_ids: Iterable[str] | None) -> None:
        """Something is to be done."""
        self._next.set()
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set by what is told next."""
        return self._next

    async def wake_after(self, event: asyncio.Event) -> None:
        """Wake them when this is set, as when the process is to stop."""
        await event.wait()
        self.wake(None)


async def listen(settings: DatabaseSettings, ears: WakeupListener, channel: str = CHANNEL) -> None:
    """Hear wake-ups until cancelled, on a connection of its own and past any pooler; connects anew
    when it is lost.
    """
    while True:
        try:
            await _session(settings, ears, channel)
        except (
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            log.warning("not listening", error=type(error).__name__)
        finally:
            ears.listening = False
        metrics.LISTENER_RECONNECTS.inc()
        await asyncio.sleep(RECONNECT_S)


async def _session(settings: DatabaseSettings, ears: WakeupListener, channel: str) -> None:
    connection = await connect(settings, "looks-listener")
    lost = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(channel, lambda *heard: ears.wake(str(heard[-1]).split()))
        ears.listening = True
        ears.wake(None)
        while not lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(ALIVE_S):
                    await lost.wait()
            if not lost.is_set() and await is_read_only(connection):
                return  # news is written elsewhere now
    finally:
        connection.terminate()
