"""One session of a consumer that gathers records and makes many of them durable at once, with
their offsets: a table's commit costs too much for every batch.

Quarantine comes first here: what makes rows durable moves the offsets past what could not be read
(DESIGN 3.9).
"""

import time
from dataclasses import dataclass
from typing import Protocol

from runtime import faults, metrics
from runtime.batch_session import BatchSession
from runtime.consuming import Host
from runtime.declaration import OwnOffsets, Spans
from runtime.guard import Next
from runtime.kafka import AIOKafkaProducer, TopicPartition
from runtime.received import Received
from runtime.records import OutRecord


class Gathering(Protocol):
    """What a handler gathers, and where it is kept; it says by itself where reading goes on."""

    @property
    def size_bytes(self) -> int:
        """Of all that is gathered; 0: nothing is."""

    async def keep(self, positions: Spans) -> None:
        """Make durable what is gathered, with these positions, and hold nothing any more."""


@dataclass(frozen=True, slots=True)
class GatheringLimits:
    """How long records may wait for one another, and how many bytes of them."""

    every_s: float
    max_bytes: int


class GatheringSession(BatchSession):
    """Its handler depends on `gathering`, and adds to it."""

    def __init__(
        self,
        host: Host,
        own: OwnOffsets,
        gathering: Gathering,
        limits: GatheringLimits,
        *,
        producer: AIOKafkaProducer | None = None,
    ) -> None:
        """`own`: where reading begins. Of this session alone: `gathering`."""
        super().__init__(host, own, producer=producer)
        self._gathering = gathering
        self._limits = limits
        self._waiting: list[OutRecord] = []
        self._taken: dict[tuple[str, int], tuple[int, int]] = {}
        self._since_s: float | None = None

    async def consume(self, call_next: Next, message: Received) -> object:
        """Gather; keep when it is time to."""
        moved = await self._moved(message.raw_message)
        with self._host.context.scope("gathering", self._gathering):
            outcomes = await call_next(message)
        self._waiting += self._kept(message, outcomes)
        self._take(moved)
        if self._due():
            await self._keep_all()
        return outcomes

    async def pass_over(self) -> None:
        """Positions that moved without records wait as records do; and it may be time. While the
        group is shared anew the consumer still shows what was kept and is another's by now.
        """
        if self._between:
            return
        if not self._in_hand:
            async with self._applying:
                moved = await self._moved(())
                if not self._may_not_say():
                    self._take(moved)
                    if self._due():
                        await self._keep_all()
        if self._untold:
            async with self._applying:
                await self._tell()

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """What was gathered is kept; the next owner begins after it."""
        async with self._applying:
            try:
                await self._keep_all()
            except Exception as error:
                self.fail(error)
            await self._tell()
            self._forget()
            self._between = True

    async def _drain(self) -> None:
        self._leaving = True  # a poll that comes to its end now has moved positions: not ours
        async with self._applying:
            await self._keep_all()
            await self._tell()

    def _take(self, moved: Spans) -> None:
        for place, (first, after) in moved.items():
            self._taken[place] = (self._taken.get(place, (first, after))[0], after)
            self._positions[place] = after
        if self._since_s is None and self._holds():
            self._since_s = time.monotonic()

    def _holds(self) -> bool:
        return bool(self._gathering.size_bytes or self._waiting)

    def _due(self) -> bool:
        """Positions alone are told at once: they cost no commit of a table."""
        if self._since_s is None:
            return bool(self._taken)
        waited_s = time.monotonic() - self._since_s
        too_much = self._gathering.size_bytes >= self._limits.max_bytes
        return too_much or waited_s >= self._limits.every_s

    async def _keep_all(self) -> None:
        if self._failure.done() or not self._taken:
            return
        begun_s = time.monotonic()
        await self._send(await self._quarantine.fresh(self._waiting))
        if held := self._holds():
            await self._gathering.keep(self._taken)
            await faults.at(self._declared.name, faults.FaultPoint.AFTER_APPLY)
        await self._commit(self._taken)
        self._waiting, self._taken, self._since_s = [], {}, None
        if held:
            metrics.COMMIT_SECONDS.labels(self._declared.name).observe(time.monotonic() - begun_s)
