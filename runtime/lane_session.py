"""One session of a transactional consumer: from joining its group until it drains, fails or loses
its breaker.

FastStream delivers batches, which are handed to lanes record by record; a lane's transactions alone
move offsets. A partition number comes as a whole: requests, retries and cancels of one key to one
owner. A number that some topic lacks is not worked on (`runtime.copartitions`).
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from math import inf
from typing import Any

from domain.breaker import Breaker
from runtime import logs, metrics
from runtime.consuming import Consuming, Host
from runtime.copartitions import Copartitions
from runtime.deciding import LanePorts
from runtime.declaration import LaneHandler
from runtime.fairness.refetch import Refetch, reader
from runtime.guard import Next
from runtime.in_quarantine import InQuarantine
from runtime.kafka import TopicPartition, close_client, new_client, unbroken
from runtime.lag import watch_lag
from runtime.lane import Lane
from runtime.lane_opening import LaneOpener, is_slowness, to_the_end
from runtime.received import Reading, Received

log = logs.get(__name__)

HOLD_BACK_EVERY_S = 0.1
"""FastStream calls nobody while every partition is paused: when a lane has room, it is looked this
often at most whether there is enough.
"""
LOOK_ANYWAY_S = 1.0
"""Without being told of room: for metrics, which say how many lanes are not open too."""
REOPEN_AFTER_S = 30.0
"""A lane that failed because its broker was slow is opened again, and the others go on. If it fails
again within this time, the session ends.
"""


class LaneSession(Consuming):
    """Owns its lanes; its application's handler hands it what is read (`take`)."""

    def __init__(
        self, host: Host, handler: LaneHandler[Any], clock: Callable[[], datetime]
    ) -> None:
        """Connect to nothing yet."""
        super().__init__(host)
        settings = self._settings = host.kafka
        self._handler = handler
        self._clock = clock
        self._breaker = Breaker(self._declared.breaker)
        self._unreadable = Breaker(self._declared.unreadable)
        self._lanes: dict[int, Lane] = {}
        self._polled_for: dict[int, Lane] = {}
        self._numbers: set[int] = set()  # that are ours to work on, open or not
        self._opener = LaneOpener(settings, handler, clock, self._ports)
        self._opening: set[asyncio.Task[None]] = set()
        self._reopened_s: dict[int, float] = {}
        self._quarantine = InQuarantine(settings, self._declared.name)
        client_id = f"{self._declared.name}-{self._process.settings.instance}"
        self._client = new_client(settings, client_id)
        self._copartitions = Copartitions(
            self._process, self._declared, self._client, settings.names, more=self._open_more
        )
        self._left_out: set[TopicPartition] = set()  # ours, of numbers that some topic lacks
        self._watching: list[asyncio.Task[None]] = []
        self._paused = False
        self._roomier = asyncio.Event()
        # With each batch, and up to ten times a second: not looked up by their labels each time
        self._gauges = [
            gauge.labels(self._declared.name)
            for gauge in (metrics.IN_FLIGHT, metrics.DEFERRED, metrics.LANES_NOT_OPEN)
        ]
        for topic in self._declared.topics:
            # There as 0: an alert sees the first
            metrics.RECORDS.labels(self._declared.name, topic.name, "unhandled")
        self._refetch = Refetch(
            lambda: reader(settings), lambda: self._lanes, may=self._may_refetch, failed=self.fail
        )

    @property
    def in_flight(self) -> int:
        """Records held in memory, of all lanes."""
        return sum(lane.in_flight for lane in self._lanes.values())

    @property
    def deferred(self) -> int:
        """Records that wait as places only, of all lanes."""
        return sum(lane.deferred for lane in self._lanes.values())

    @property
    def _full(self) -> bool:
        return self.in_flight >= self._declared.max_in_flight

    def _may_refetch(self) -> bool:
        return not self._full and not self._process.stopping.is_set()

    async def receive(self) -> None:
        """A batch came, for the lanes that are open now: nothing has run since it was polled."""
        await super().receive()
        self._polled_for = {**self._lanes}

    def take(self, readings: Sequence[Reading]) -> None:
        """Hand each record to the lane of its number. One whose lane is not open, or was opened
        since it was polled, is read again: the lane begins where the group committed.
        """
        for record, reading in readings:
            lane = self._lanes.get(record.partition)
            if lane is not None and lane is self._polled_for.get(record.partition):
                lane.take(record, reading)

    async def consume(self, call_next: Next, message: Received) -> object:
        """Have a batch taken; its lanes make what they decide durable."""
        taken = await call_next(message)
        self._hold_back()
        # what is buffered is given without waiting: heartbeats and work need their turn
        await asyncio.sleep(0)
        return taken

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """Close every lane: what it has not committed is read again by the next owner."""
        self._left_out = set()
        await self._close_lanes()

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Open lanes in the background, so that the group's heartbeat goes on; nothing is fetched
        until they are open.
        """
        self._paused = False
        if not partitions:
            return
        self._consumer.pause(*partitions)
        self._numbers = {partition.partition for partition in partitions}
        self._open_later(self._open_usable(partitions))

    async def _open(self) -> None:
        await unbroken(self._client.bootstrap())

    async def _joined(self) -> None:
        self._refetch.start()
        await self._copartitions.start()  # ready from here on, if it may be
        self._watching = [
            asyncio.create_task(watch_lag(self._declared.name, self._consumer, self._owned)),
            asyncio.create_task(self._keep_holding_back()),
        ]

    async def _drain(self) -> None:
        self._handler.drain()
        for lane in [*self._lanes.values()]:
            await lane.drain()

    async def _leave(self) -> None:
        self._copartitions.stop()
        for task in self._watching:
            task.cancel()
        await self._refetch.stop()
        await self._close_lanes()

    async def _close(self) -> None:
        await close_client(self._client)
        metrics.LANES_NOT_OPEN.labels(self._declared.name).set(0)

    def _owned(self) -> list[TopicPartition]:
        """Partitions whose lane is open: the others have no position yet."""
        return [
            TopicPartition(topic.name, number)
            for topic in self._declared.topics
            for number in self._lanes
        ]

    async def _keep_holding_back(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_ANYWAY_S):
                    await self._roomier.wait()
            self._roomier.clear()
            try:
                self._hold_back()
            except Exception as error:
                self.fail(error)
                return
            await asyncio.sleep(HOLD_BACK_EVERY_S)

    def _room(self) -> None:
        self._roomier.set()
        self._refetch.room()

    def _hold_back(self) -> None:
        """Stop taking requests at the limit; commands are always taken."""
        deferred = self.deferred
        in_flight, waiting, not_open = self._gauges
        in_flight.set(self.in_flight)
        waiting.set(deferred)
        not_open.set(len(self._numbers - self._lanes.keys()))
        full = self._full or (
            self._declared.window is not None and deferred >= self._declared.window.deferred_max
        )
        if full == self._paused:
            return
        commands = self._declared.interrupts[0] if self._declared.interrupts else None
        partitions = [
            TopicPartition(topic.name, number)
            for topic in self._declared.topics
            if topic.event is not commands
            for number in self._lanes
        ]
        (self._consumer.pause if full else self._consumer.resume)(*partitions)
        self._paused = full

    def _open_later(self, opening: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(opening)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _lane_failed(self, number: int, error: BaseException) -> None:
        """A slow broker costs one lane: the group is not disturbed, and what other lanes work on
        goes on. A lane that is being given up anyway costs nothing: opened again, it would fence
        whoever has its number next.
        """
        if number not in self._numbers:
            return
        now_s = asyncio.get_running_loop().time()
        again = now_s - self._reopened_s.get(number, -inf) < REOPEN_AFTER_S
        if (
            again
            or not is_slowness(error)
            or number not in self._lanes
            or self._process.stopping.is_set()
        ):
            self.fail(error)
            return
        self._reopened_s[number] = now_s
        metrics.LANES_REOPENED.labels(self._declared.name).inc()
        log.warning(
            "a lane begins anew", partition=number, error=f"{type(error).__name__}: {error}"[:500]
        )
        self._open_later(self._reopen(number, self._lanes.pop(number)))

    async def _reopen(self, number: int, lane: Lane) -> None:
        partitions = [TopicPartition(topic.name, number) for topic in self._declared.topics]
        self._consumer.pause(*partitions)
        await to_the_end(lane.close())
        await self._open_usable(partitions)

    async def _open_usable(self, assigned: Collection[TopicPartition]) -> None:
        """Open the numbers that every topic has, each by itself; the others are not worked on."""
        try:
            await self._copartitions.look()
        except Exception as error:
            self.fail(error)
            return
        numbers = {partition.partition for partition in assigned}
        usable = self._copartitions.usable(numbers)
        self._numbers -= numbers.difference(usable)
        self._left_out |= {one for one in assigned if one.partition not in usable}
        for number in usable:
            self._open_later(
                self._open_lane(number, sorted(one for one in assigned if one.partition == number))
            )

    def _open_more(self) -> None:
        """A topic got what it lacked, as one after another does while they grow."""
        mine, self._left_out = self._left_out, set()
        if mine:
            self._numbers |= {one.partition for one in mine}
            self._open_later(self._open_usable(mine))

    async def _open_lane(self, number: int, partitions: list[TopicPartition]) -> None:
        try:
            self._lanes[number] = await self._opener.open(self._consumer, number, partitions)
            self._consumer.resume(*partitions)
            self._paused = False
        except Exception as error:
            self.fail(error)

    def _ports(self, number: int) -> LanePorts:
        return LanePorts(
            handler=self._handler,
            source=self._process.source,
            transaction_timeout_s=self._settings.transaction_timeout_s,
            clock=self._clock,
            breaker=self._breaker,
            unreadable=self._unreadable,
            failed=lambda error: self._lane_failed(number, error),
            room=self._room,
            fresh=self._quarantine.fresh,
        )

    async def _close_lanes(self) -> None:
        self._numbers = set()
        if opening := {*self._opening}:
            for task in opening:
                task.cancel()
            await asyncio.wait(opening)
        lanes, self._lanes = self._lanes, {}
        await asyncio.gather(*(lane.close() for lane in lanes.values()))
