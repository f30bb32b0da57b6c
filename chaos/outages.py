"""What happens to Kafka and Postgres themselves while everybody works: a group's offsets are
forgotten, records are deleted before they were read, a stranger leaves a transaction open or takes
an owner's transactional id, leaders move, a failover leaves a server that can only be read.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from chaos.stranger import OPEN
from devstack.folder import CHECKOUT
from storage.database import TRANSIENT

WAIT_S = 15.0
HEALED_WITHIN_S = 300.0
ENDS_WITHIN_S = 60.0
"""A stranger's process, after what it waits for by itself."""


class Outages:
    """Strikes the services of one cluster. What Kafka refuses is `False`: it did not strike."""

    def __init__(self, bootstrap: str, database_url: str) -> None:
        """Addresses that nobody breaks."""
        self._bootstrap = bootstrap
        self._database_url = database_url

    async def forget_group(self, group: str, within_s: float) -> bool:
        """Delete a group with its offsets, once it is empty: whoever was in it stands still."""
        return await self._done("forget", group, str(within_s), within_s=within_s + ENDS_WITHIN_S)

    async def delete_records(self, topic: str) -> bool:
        """All that a topic has now, as retention or an operator would."""
        return await self._done("records", topic)

    async def elect(self) -> bool:
        """Every partition back to its preferred leader; False when all of them were there."""
        return await self._done("elect")

    async def fence(self, transactional_id: str) -> bool:
        """Take a transactional id, as its next owner would: whoever has it can commit no more."""
        return await self._done("fence", transactional_id)

    @asynccontextmanager
    async def hanging(self, topic: str) -> AsyncIterator[bool]:
        """A stranger's transaction is open on each partition of a topic as long as this lasts;
        whether one is.
        """
        stranger = await self._stranger("hang", topic)
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                said = await stranger.stdout.readline() if stranger.stdout else b""
            yield said.strip() == OPEN.encode()
        finally:
            await _ended(stranger, ENDS_WITHIN_S)

    async def _done(self, *words: str, within_s: float = ENDS_WITHIN_S) -> bool:
        return await _ended(await self._stranger(*words), within_s) == 0

    async def _stranger(self, *words: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chaos.stranger", *words),
            env={**os.environ, "LOOKS_KAFKA_BOOTSTRAP": self._bootstrap},
            cwd=CHECKOUT,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        """Postgres is what a failover leaves of a primary: it answers, and can only be read."""
        await self._alter("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            await self.writable()

    async def writable(self) -> None:
        """Postgres can be written again, also where it was killed or its disk full meanwhile.
        Raises TimeoutError.
        """
        async with asyncio.timeout(HEALED_WITHIN_S):
            while True:
                with contextlib.suppress(*TRANSIENT):
                    return await self._alter("RESET default_transaction_read_only")
                await asyncio.sleep(1)

    async def _alter(self, words: str) -> None:
        connection = await asyncpg.connect(self._database_url, timeout=WAIT_S)
        try:
            await connection.execute("SET default_transaction_read_only = off")
            await connection.execute(f"ALTER SYSTEM {words}")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()


async def _ended(stranger: Process, within_s: float) -> int | None:
    """Its exit code; None: it did not end, and was killed."""
    try:
        async with asyncio.timeout(within_s):
            await stranger.communicate()
    except TimeoutError:
        stranger.kill()
        await stranger.communicate()
        return None
    return stranger.returncode


def of_group(parts: Sequence[str], process: str) -> list[str]:
    """The instances of a process among parts."""
    return [part for part in parts if part == process or part.startswith(f"{process}-")]
