"""Reading up to an end, from a topic in memory: all of it, nothing after it, and no waiting without
end.
"""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from runtime import reading
from runtime.settings import KafkaSettings

TOPIC = "look.completed"
HERE, THERE = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def record(tp: TopicPartition, offset: int) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(tp.topic, tp.partition, offset, 0, 0, None, None, None, 0, 0, [])


class Reader:
    """Gives two records at a time; then it jumps to `last`, as over transaction markers, or stays
    where it is.
    """

    def __init__(
        self, offsets: dict[TopicPartition, list[int]], last: dict[TopicPartition, int]
    ) -> None:
        self._offsets, self._last = offsets, last
        self._at: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self.stopped = False

    async def start(self) -> None:
        """Nothing to do."""

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: max(self._offsets[tp], default=-1) + 1 for tp in partitions}

    async def stop(self) -> None:
        self.stopped = True

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._at = dict.fromkeys(partitions, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._at[tp] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused |= {*partitions}

    async def position(self, tp: TopicPartition) -> int:
        return self._at[tp]

    async def getmany(
        self, *partitions: TopicPartition, **_: int
    ) -> dict[TopicPartition, list[object]]:
        await asyncio.sleep(0.001)
        found: dict[TopicPartition, list[object]] = {}
        for tp in partitions:
            assert tp not in self._paused
            given = [offset for offset in self._offsets[tp] if offset >= self._at[tp]][:2]
            self._at[tp] = given[-1] + 1 if given else max(self._at[tp], self._last.get(tp, 0))
            if given:
                found[tp] = [record(tp, offset) for offset in given]
        return found


async def read(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, within: reading.PartitionSpans
) -> list[tuple[int, int]]:
    monkeypatch.setattr(reading, "new_reader", lambda *_, **__: reader)
    return [(one.partition, one.offset) async for one in reading.between(KafkaSettings(), within)]


async def test_all_of_each_span_is_read_and_nothing_beyond_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader({HERE: [0, 1, 2, 3, 4], THERE: [0, 1, 2]}, {})
    found = await read(monkeypatch, reader, {HERE: (1, 4), THERE: (0, 1)})
    assert sorted(found) == [(0, 1), (0, 2), (0, 3), (1, 0)]
    assert reader.stopped


async def test_an_end_behind_transaction_markers_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader({HERE: [0, 2]}, {HERE: 5})
    assert await read(monkeypatch, reader, {HERE: (0, 5)}) == [(0, 0), (0, 2)]


async def test_an_end_that_never_comes_is_given_up_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "STALLED_AFTER_S", 0.05)
    reader = Reader({HERE: [0, 1]}, {})
    with pytest.raises(TimeoutError, match=r"no end of look\.completed\[0\]@2"):
        await read(monkeypatch, reader, {HERE: (0, 9)})
    assert reader.stopped


async def test_an_empty_span_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await read(monkeypatch, Reader({HERE: [0]}, {}), {HERE: (3, 3)}) == []


async def test_of_each_span_the_first_record_is_found_and_no_more_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader({HERE: [0, 1, *range(4, 99)], THERE: [0, 2]}, {HERE: 99, THERE: 9})
    monkeypatch.setattr(reading, "new_reader", lambda *_, **__: reader)
    within = {HERE: (2, 99), THERE: (3, 9)}
    found = await reading.first_records(KafkaSettings(), within)
    assert {tp: one.offset for tp, one in found.items()} == {HERE: 4}
    assert await reader.position(HERE) < 10
    assert reader.stopped
