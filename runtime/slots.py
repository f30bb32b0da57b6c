"""A bounded number of places to work in, given fairly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.turns import Turns
from runtime.declaration import Draining


class Slots:
    """Places for `count` at a time; who waits gets one by tenant in turn."""

    def __init__(self, count: int) -> None:
        """All free."""
        self._free = count
        self._turns: Turns[asyncio.Future[None]] = Turns()
        self.draining = asyncio.Event()

    @asynccontextmanager
    async def place(self, tenant_id: str) -> AsyncIterator[None]:
        """Hold a place. Raises Draining when none was got before `drain`."""
        if self.draining.is_set():
            raise Draining
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(tenant_id)
        try:
            yield
        finally:
            self._release()

    def drain(self) -> None:
        """Nobody gets a place any more; who waits is sent away."""
        self.draining.set()
        for waiter in self._turns.clear():
            if not waiter.done():
                waiter.set_exception(Draining())

    async def _wait(self, tenant_id: str) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.join(tenant_id, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release()  # the place was given in the moment of cancellation: pass it on
            raise

    def _release(self) -> None:
        while (waiter := self._turns.next()) is not None:
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
