"""One session of a consumer, from joining its group until it drains or fails: what sessions of
batches and of lanes have in common.
"""

import asyncio
from collections.abc import Coroutine
from typing import Protocol

from aiokafka.errors import KafkaError
from faststream import ContextRepo

from runtime import faults
from runtime.declaration import Declaration
from runtime.guard import Next
from runtime.kafka import AIOKafkaConsumer, TopicPartition, stop_client, unbroken
from runtime.process import Process
from runtime.received import Received
from runtime.sessions import HandlerFailed
from runtime.settings import KafkaSettings
from runtime.transactions import BreakerTripped

HEALS = (KafkaError, OSError, BreakerTripped, faults.Planted)
"""What a handler may raise for a reason that passes: the next session does better."""


class Host(Protocol):
    """The application that a session is of."""

    declared: Declaration
    process: Process
    kafka: KafkaSettings
    heals: tuple[type[Exception], ...]

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The consumer of the subscription, from its start on."""

    @property
    def context(self) -> ContextRepo:
        """What handlers depend on."""

    async def start(self) -> None:
        """Connect, join the group, deliver batches."""

    async def stop(self) -> None:
        """Leave the group and disconnect."""

    def hold(self) -> None:
        """Deliver no more batches."""


class Consuming:
    """Thrown away after `run` returns or raises."""

    def __init__(self, host: Host) -> None:
        """Connect to nothing yet."""
        self._host = host
        self._process = host.process
        self._declared = host.declared
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Consume until the process is asked to stop. Raises what went wrong; nothing half done is
        left committed.
        """
        try:
            await self._open()
            await unbroken(self._host.start())
            await self._joined()
            await self._unless_failed(self._stopped())
            self._host.hold()
            await self._unless_failed(self._drain())
        finally:
            self._host.hold()
            await self._leave()
            await self._stop()
            await self._close()
            if not self._failure.cancel() and not self._failure.cancelled():
                self._failure.exception()  # nobody else asks for it

    def fail(self, error: BaseException) -> None:
        """End the session with this error; the first one counts."""
        if not self._failure.done():
            self._failure.set_exception(error)
            self._host.hold()

    async def receive(self) -> None:
        """A batch came. Raises what ended the session: nothing is done after it."""
        self._raise_failure()

    async def consume(self, call_next: Next, message: Received) -> object:
        """Have a batch handled, and make that durable."""
        raise NotImplementedError

    def received(self, error: BaseException | None) -> None:
        """A batch is done, or what went wrong with it."""
        if isinstance(error, Exception):
            self.fail(error if isinstance(error, HEALS + self._host.heals) else _unhealing(error))

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """Partitions go to somebody else once this returns."""

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Partitions are ours; nothing was fetched of them yet."""

    async def _open(self) -> None:
        """Connect what is beside the subscription."""

    async def _joined(self) -> None:
        """The group is joined: batches come."""

    async def _drain(self) -> None:
        """Return once what had begun is durable."""

    async def _leave(self) -> None:
        """Not ready any more; before the group is left."""

    async def _close(self) -> None:
        """Disconnect what is beside the subscription."""

    async def _stop(self) -> None:
        try:
            await stop_client(self._host)
        except* KafkaError:
            pass  # what the broker did not take from us it takes back itself

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._host.consumer
        if consumer is None:
            raise RuntimeError("the session has not begun or is over")
        return consumer

    async def _stopped(self) -> None:
        await self._process.stopping.wait()

    async def _unless_failed(self, until: Coroutine[None, None, None]) -> None:
        waiting = asyncio.create_task(until)
        try:
            await asyncio.wait({waiting, self._failure}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure.done():
            self._failure.result()


def _unhealing(error: Exception) -> HandlerFailed:
    failed = HandlerFailed(f"{type(error).__name__}: {error}")
    failed.__cause__ = error
    return failed
