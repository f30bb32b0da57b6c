"""What stands for aiokafka in a simulated process: a producer, a reader, a member of a group, a
client that knows how many partitions there are. They speak to `chaos.simulation.broker` over the
process's wire.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaError

from chaos.simulation.broker import Broker, Message
from chaos.simulation.wire import SimulatedWire
from runtime.placing import partition_of

TRY_AGAIN_S = 0.02
HEARTBEATS = 3
"""In one session timeout."""


def lost() -> Exception:
    """What a caller hears whose answer did not come."""
    error: Exception = KafkaConnectionError("the wire is cut")
    return error


@lru_cache(maxsize=4096)
def _placed(key: bytes, count: int) -> int:
    return partition_of(key.decode(errors="replace"), count)


class SimulatedClient:
    """Knows the cluster."""

    def __init__(self, broker: Broker) -> None:
        """Of this broker."""
        self._broker = broker
        self.cluster = self

    def add_topic(self, topic: str) -> None:
        """It knows all of them."""

    async def bootstrap(self) -> None:
        """Connect."""

    async def force_metadata_update(self) -> None:
        """It is never out of date."""

    async def close(self) -> None:
        """Disconnect."""

    def partitions_for_topic(self, topic: str) -> set[int]:
        """The numbers of a topic's partitions."""
        return set(range(self._broker.partitions[topic]))


class SimulatedProducer:
    """Idempotent; with a transactional id, transactional."""

    def __init__(
        self, broker: Broker, wire: SimulatedWire, transactional_id: str | None, timeout_s: float
    ) -> None:
        """Not started."""
        self.client = SimulatedClient(broker)
        self._broker = broker
        self._wire = wire
        self._id = transactional_id
        self._timeout_s = timeout_s
        self._epoch = -1
        self._arrives_s: dict[TopicPartition, float] = {}
        self._within = False

    async def start(self) -> None:
        """Connect; fence whoever has the transactional id."""
        if self._id is not None:
            id_, timeout_s = self._id, self._timeout_s
            _, self._epoch = await self._wire.call(
                lambda: self._broker.begin_producer(id_, timeout_s), lost
            )

    async def stop(self) -> None:
        """Disconnect. What is open stays open."""

    async def begin_transaction(self) -> None:
        """Kafka hears of it with the first record."""
        self._within = True

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> "asyncio.Future[ConsumerRecord]":
        """Hand a record over; the answer comes when it is written. Records of one partition arrive
        in the order of their sending.
        """
        number = partition
        if number is None:
            number = _placed(key or b"", self._broker.declared[topic])
        message = Message(topic, number, key, value, tuple(headers or ()))
        place = TopicPartition(topic, number)
        wire = self._wire
        await asyncio.sleep(0)  # aiokafka's sender is a task of its own
        not_before_s = self._arrives_s.get(place, 0.0)
        self._arrives_s[place] = max(not_before_s, wire.scheduler.now_s) + wire.one_way_s()
        return wire.call(self._write(message), lost, not_before_s=self._arrives_s[place])

    async def send_and_wait(self, topic: str, value: bytes | None = None, **rest: Any) -> object:
        """The same, until it is written."""
        return await (await self.send(topic, value, **rest))

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        """Commit a group's offsets with the transaction."""
        id_, epoch, scheduler = self._id or "", self._epoch, self._wire.scheduler
        await self._wire.call(
            lambda: self._broker.write_offsets(id_, epoch, group_id, offsets, scheduler.now_s), lost
        )

    async def commit_transaction(self) -> None:
        """Have it decided."""
        await self._end(commit=True)

    async def abort_transaction(self) -> None:
        """Have it dropped."""
        await self._end(commit=False)

    async def _end(self, *, commit: bool) -> None:
        id_, epoch = self._id or "", self._epoch
        self._within = False
        await self._wire.call(lambda: self._broker.end_transaction(id_, epoch, commit=commit), lost)

    def _write(self, message: Message) -> Callable[[], ConsumerRecord]:
        if self._id is None or not self._within:
            return lambda: self._broker.append(message)
        id_, epoch, scheduler = self._id, self._epoch, self._wire.scheduler
        return lambda: self._broker.write(id_, epoch, message, scheduler.now_s)


class SimulatedReader:
    """A consumer: with a group it is given partitions, without one it is told."""

    def __init__(self, broker: Broker, wire: SimulatedWire, *, committed_only: bool = True) -> None:
        """Reads nothing yet."""
        self._broker = broker
        self._wire = wire
        self._committed_only = committed_only
        self._assigned: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()
        self._positions: dict[TopicPartition, int] = {}
        self._waiting: asyncio.Future[None] | None = None
        broker.readers[self] = None

    async def start(self) -> None:
        """Connect."""
        await self._wire.call(lambda: None, lost)

    async def stop(self) -> None:
        """Disconnect."""
        self._assigned = set()
        self._broker.readers.pop(self, None)

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these from now on."""
        self._assigned, self._paused, self._positions = {*partitions}, set(), {}

    def assignment(self) -> set[TopicPartition]:
        """What it reads."""
        return {*self._assigned}

    def paused(self) -> set[TopicPartition]:
        """What it fetches nothing of."""
        return {*self._paused}

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch nothing of these."""
        self._paused |= {*partitions} & self._assigned

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetch them again."""
        self._paused -= {*partitions}
        self.look()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._positions[partition] = offset
        self.look()

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        """Read on from the first records."""
        await self._wire.call(lambda: None, lost)
        for partition in partitions:
            self.seek(partition, 0)

    async def position(self, partition: TopicPartition) -> int:
        """What it gives next."""
        return self._positions[partition]

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Nothing is ever forgotten."""
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends of what it may read."""
        asked = [*partitions]

        def ends() -> dict[TopicPartition, int]:
            logs = ((one, self._broker.logs[one]) for one in asked)
            return {one: log.stable if self._committed_only else log.end for one, log in logs}

        return await self._wire.call(ends, lost)

    async def offsets_for_times(
        self, times_ms: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Any]:
        """The first records written at or after these times."""

        def found() -> dict[TopicPartition, Any]:
            return {
                one: next(
                    (
                        stored.record
                        for stored in self._broker.logs[one].stored
                        if stored.record is not None and stored.record.timestamp >= at_ms
                    ),
                    None,
                )
                for one, at_ms in times_ms.items()
            }

        return await self._wire.call(found, lost)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What can be read, once there is something, or nothing when the time is up. Positions move
        with what is given, in one step.
        """
        scheduler = self._wire.scheduler
        until_s = scheduler.now_s + timeout_ms / 1000
        while True:
            found = self._take(partitions, max_records or 500)
            if found or scheduler.now_s >= until_s:
                return found
            await self._something(partitions, until_s)

    def look(self) -> None:
        """Something may have become readable."""
        waiting = self._waiting
        if waiting is not None and self._any(self._assigned):
            self._waiting = None
            self._wire.scheduler.after(self._wire.one_way_s(), lambda: _set(waiting))

    def highwater(self, partition: TopicPartition) -> int | None:
        """Not told."""
        return None

    last_stable_offset = last_poll_timestamp = highwater

    def _any(self, partitions: Iterable[TopicPartition]) -> bool:
        logs, positions = self._broker.logs, self._positions
        return any(
            (logs[one].stable if self._committed_only else logs[one].end) > positions[one]
            for one in partitions
            if one in positions and one not in self._paused
        )

    async def _something(self, partitions: Sequence[TopicPartition], until_s: float) -> None:
        self._waiting = waiting = self._wire.loop.create_future()
        self._wire.scheduler.at(until_s, lambda: _set(waiting))
        self.look()
        await waiting

    def _take(
        self, partitions: Sequence[TopicPartition], most: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        for one in sorted(partitions or self._assigned):
            if one in self._paused or one not in self._assigned or one not in self._positions:
                continue
            records, self._positions[one] = self._broker.readable(
                one, self._positions[one], committed_only=self._committed_only, most=most
            )
            if records:
                found[one] = records
                most -= len(records)
            if most <= 0:
                break
        return found


def _set(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


class SimulatedMember(SimulatedReader):
    """Of a group."""

    def __init__(
        self,
        broker: Broker,
        wire: SimulatedWire,
        group: str,
        topics: tuple[str, ...],
        **options: Any,
    ) -> None:
        """Not joined. `options`: listener, name, session_timeout_s, failed."""
        super().__init__(broker, wire)
        self._group = broker.group(group)
        self._topics = topics
        self._listener = options["listener"]
        self._name: str = options["name"]
        self._heartbeat_s: float = options["session_timeout_s"] / HEARTBEATS
        self._failed: Callable[[BaseException], None] = options["failed"]
        self._generation = -1
        self._joined = asyncio.Event()
        self._found = asyncio.Event()
        self._coordination: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join; returns with the first assignment."""
        await super().start()
        self._coordination = asyncio.create_task(self._coordinate())
        waiting = asyncio.create_task(self._joined.wait())
        await asyncio.wait({waiting, self._coordination}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def stop(self) -> None:
        """Leave."""
        if self._coordination is not None:
            self._coordination.cancel()
            await asyncio.wait({self._coordination})
        name, scheduler = self._name, self._wire.scheduler
        await self._wire.call(lambda: self._group.leave(name, scheduler.now_s), lost)
        await super().stop()

    async def committed(self, partition: TopicPartition) -> int | None:
        """What its group committed."""
        return await self._wire.call(lambda: self._group.committed.get(partition), lost)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """For its group."""
        if not offsets.keys() <= self._assigned:
            raise IllegalStateError("a partition is not assigned")  # as aiokafka does
        name, generation, scheduler = self._name, self._generation, self._wire.scheduler
        moved = dict(offsets)
        await self._wire.call(
            lambda: self._group.commit(name, generation, moved, scheduler.now_s), lost
        )

    async def _coordinate(self) -> None:
        try:
            while True:
                await self._listener.revoked(self.assignment())
                await self._join()
                await self._listener.assigned(self.assignment())
                await self._find_positions()
                self._joined.set()
                await self._live()
        except Exception as error:
            self._failed(error)

    async def _join(self) -> None:
        shared: asyncio.Future[tuple[int, frozenset[TopicPartition]]]
        shared = self._wire.loop.create_future()
        scheduler, wire = self._wire.scheduler, self._wire

        def joined(generation: int, mine: frozenset[TopicPartition]) -> None:
            scheduler.after(wire.one_way_s(), lambda: _tell(shared, (generation, mine)))

        while True:
            try:
                await wire.call(
                    lambda: self._group.join(self._name, self._topics, scheduler.now_s, joined),
                    lost,
                )
                break
            except KafkaError:
                await asyncio.sleep(TRY_AGAIN_S)
        self._generation, mine = await shared
        self.assign(mine)

    async def _find_positions(self) -> None:
        self._found.clear()
        unknown = sorted(self._assigned - self._positions.keys() - self._paused)
        for one in unknown:
            while one not in self._positions and one in self._assigned:
                try:
                    found = await self.committed(one)
                except KafkaError:
                    await asyncio.sleep(TRY_AGAIN_S)
                    continue
                if one not in self._positions:
                    self.seek(one, found or 0)
        self._found.set()

    async def position(self, partition: TopicPartition) -> int:
        """What it gives next, once that is known."""
        await self._found.wait()
        return self._positions[partition]

    async def _live(self) -> None:
        """Until the group is to be shared anew, or has forgotten us."""
        scheduler = self._wire.scheduler
        while True:
            await asyncio.sleep(self._heartbeat_s)
            try:
                await self._wire.call(
                    lambda: self._group.heartbeat(self._name, self._generation, scheduler.now_s),
                    lost,
                )
            except KafkaConnectionError:
                continue
            except KafkaError:
                return


def _tell(
    shared: "asyncio.Future[tuple[int, frozenset[TopicPartition]]]",
    told: tuple[int, frozenset[TopicPartition]],
) -> None:
    if not shared.done():
        shared.set_result(told)
