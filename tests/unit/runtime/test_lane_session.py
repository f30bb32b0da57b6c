"""Which lane a polled record is for, when the group is shared anew before it is handed on."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaTimeoutError

from consumers import dead_letter
from consumers.dead_letter import DeadLetters
from runtime import lane_session
from runtime.kafka import TopicPartition
from runtime.lane_session import LaneSession
from runtime.received import Reading, reading
from schemas.topics import LOOK_DEAD_LETTER
from tests.unit.consumers.test_dead_letter import NoClaims


class Lane:
    """Keeps what it is handed."""

    in_flight = deferred = 0

    def __init__(self) -> None:
        self.taken: list[int] = []

    def take(self, record: "ConsumerRecord[bytes, bytes]", _: object) -> None:
        self.taken.append(record.offset)

    async def close(self) -> None:
        """Nothing is under way."""


class Consumer:
    """Fetches nothing."""

    def __init__(self) -> None:
        self.resumed = asyncio.Event()

    def pause(self, *_: TopicPartition) -> None:
        """It is so already."""

    def resume(self, *_: TopicPartition) -> None:
        self.resumed.set()


def polled(offset: int) -> list[Reading]:
    """One record that can't be read, which lanes take too."""
    return [
        reading(
            ConsumerRecord(
                LOOK_DEAD_LETTER.name, 3, offset, 0, 1, b"k", b"\xff", None, 1, 1, tuple()
            )
        )
    ]


async def test_a_record_polled_for_a_lane_is_not_for_the_one_that_follows_it() -> None:
    handler = DeadLetters(NoClaims())
    session = LaneSession(dead_letter.app(), handler, lambda: datetime.now(UTC))
    before, after = Lane(), Lane()
    session._lanes = {3: before}  # type: ignore[dict-item]  # a lane of tests
    await session.receive()
    session.take(polled(7))
    await session.receive()
    session._lanes = {3: after}  # type: ignore[dict-item]  # opened anew: it begins further back
    session.take(polled(8))
    await session.receive()
    session.take(polled(4))
    assert (before.taken, after.taken) == ([7], [4])


async def test_a_lane_that_is_slow_while_it_is_given_up_is_not_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would fence the next owner of its number."""
    session = LaneSession(dead_letter.app(), DeadLetters(NoClaims()), lambda: datetime.now(UTC))
    opened = list[int]()

    async def open_usable(partitions: Collection[TopicPartition]) -> None:
        opened.extend(one.partition for one in partitions)

    async def opening() -> None:
        try:
            await asyncio.Event().wait()
        finally:  # cancelled, and waited for
            session._lane_failed(3, KafkaTimeoutError())

    monkeypatch.setattr(session, "_open_usable", open_usable)
    monkeypatch.setattr(LaneSession, "_consumer", Consumer())
    session._numbers = {3, 4}
    session._lanes = {3: Lane()}  # type: ignore[dict-item]  # a lane of tests
    session._open_later(opening())
    await asyncio.sleep(0)
    await session.revoked(set())
    await asyncio.sleep(0.01)
    assert opened == []
    assert session._failure.cancel(), "nor does it end the session"


async def test_one_that_is_full_reads_on_when_a_lane_says_that_it_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_session, "LOOK_ANYWAY_S", 3600.0)
    session = LaneSession(dead_letter.app(), DeadLetters(NoClaims()), lambda: datetime.now(UTC))
    consumer, lane = Consumer(), Lane()
    monkeypatch.setattr(LaneSession, "_consumer", consumer)
    session._lanes = {3: lane}  # type: ignore[dict-item]  # a lane of tests
    lane.in_flight = dead_letter.DECLARATION.max_in_flight
    watching = asyncio.create_task(session._keep_holding_back())
    session._hold_back()
    assert session._paused
    lane.in_flight = 0
    session._ports(3).room()
    await asyncio.wait_for(consumer.resumed.wait(), 60)
    assert not session._paused
    watching.cancel()
    assert session._failure.cancel()
