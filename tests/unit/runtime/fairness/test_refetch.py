"""The reader of deferred records, with a topic in memory."""

import asyncio
from collections.abc import Callable
from typing import cast

from aiokafka import ConsumerRecord, TopicPartition

import runtime.lane
from runtime.fairness.refetch import Gone, Refetch
from runtime.fairness.windows import DeferredOffset, Windows

TOPIC = "look.requested"


class Reader:
    """Reads what the topic holds, three records at a time. `before`: done whenever records are
    about to be given.
    """

    before: Callable[[], None] | None = None

    def __init__(self, offsets: list[int]) -> None:
        self.offsets = offsets
        self.reads: list[tuple[int, int]] = []
        self.stopped = False

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        self.stopped = True

    def assign(self, partitions: list[TopicPartition]) -> None:
        (self._partition,) = partitions

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition == self._partition
        self._offset = offset
        self.reads.append((partition.partition, offset))

    async def getmany(self, **_: int) -> "dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]":
        await asyncio.sleep(0)
        if self.before is not None:
            self.before()
        found = [offset for offset in self.offsets if offset >= self._offset][:3]
        return {self._partition: [record(offset) for offset in found]}


def record(offset: int) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(TOPIC, 0, offset, 0, 0, None, None, None, 0, 0, [])


class Lane:
    """A lane that finishes nothing by itself."""

    def __init__(self, number: int, queued: int) -> None:
        self.number = number
        self.windows = Windows(2)
        self.taken: list[int] = []
        for offset in range(queued):
            self.windows.arrive(DeferredOffset(TOPIC, offset), "big", offset)

    def wanted(self) -> DeferredOffset | None:
        return self.windows.wanted()

    def take_again(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        if self.windows.claim(DeferredOffset(record.topic, record.offset)) is not None:
            self.taken.append(record.offset)

    def finish_two(self) -> None:
        for _ in range(2):
            self.windows.leave(TOPIC, "big")


class World:
    def __init__(self, reader: Reader, *lanes: Lane) -> None:
        self.lanes = {lane.number: lane for lane in lanes}
        self.failed: list[BaseException] = []
        self.refetch = Refetch(
            lambda: reader,
            lambda: cast(dict[int, runtime.lane.Lane], self.lanes),  # as far as it uses a lane
            may=lambda: True,
            failed=self.failed.append,
        )
        self.refetch.start()

    async def settle(self) -> None:
        self.refetch.room()
        for _ in range(50):
            await asyncio.sleep(0)


async def test_lanes_are_read_for_in_turn_and_get_what_their_windows_hold() -> None:
    reader = Reader([*range(10)])
    one, two = Lane(1, 10), Lane(2, 10)
    world = World(reader, one, two)
    for _ in range(2):
        one.finish_two()
        two.finish_two()
        await world.settle()
    await world.refetch.stop()
    assert one.taken == two.taken == [2, 3, 4, 5]
    assert reader.reads == [(1, 2), (2, 2), (1, 4), (2, 4)]
    assert reader.stopped
    assert world.failed == []


async def test_a_deferred_record_that_the_topic_lost_ends_the_session() -> None:
    lane = Lane(1, 10)
    world = World(Reader([5, 6, 7]), lane)
    lane.finish_two()
    await world.settle()
    await world.refetch.stop()
    assert [type(error) for error in world.failed] == [Gone]
    assert lane.taken == []


async def test_what_was_read_for_a_lane_that_went_to_somebody_else_is_not_handed_in() -> None:
    lane = Lane(1, 10)
    reader = Reader([*range(10)])
    world = World(reader, lane)
    reader.before = world.lanes.clear
    lane.finish_two()
    await world.settle()
    await world.refetch.stop()
    assert lane.taken == []
    assert world.failed == []
