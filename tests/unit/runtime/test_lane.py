"""A lane with a producer that keeps records in memory: what it takes, what it defers, what it
commits.
"""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import NoReturn

from aiokafka import ConsumerRecord

from consumers.compositor.handler import TENANT_WINDOW, Compositor, LookCommand
from consumers.compositor.results import NotRendered, Rendered
from domain.breaker import Breaker, BreakerLimit
from domain.composing import Attempt
from domain.history import PartitionHistory
from domain.outcomes import Done, Emit, Outcome
from runtime.deciding import LanePorts
from runtime.declaration import Begin, Decided
from runtime.fairness.slots import Slots
from runtime.lane import Lane
from runtime.received import reading
from schemas.envelope import encode
from schemas.events import CancelLook, LookRequested, RequestEvent, StoredImage
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_QUARANTINE, TOPIC_OF
from tests.making import NOW, a_request, decoded

IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)


class Producer:
    """Keeps what is committed."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.partitions: set[int | None] = set()
        self.position: dict[str, int] = {}

    async def begin_transaction(self) -> None:
        """Nothing to do."""

    async def send(
        self, topic: str, value: bytes | None, *, partition: int | None, **_: object
    ) -> "asyncio.Future[SimpleNamespace]":
        self.topics.append(topic)
        self.partitions.add(partition)
        done = asyncio.get_running_loop().create_future()
        done.set_result(SimpleNamespace(timestamp=int(NOW.timestamp() * 1000)))
        return done

    async def send_offsets_to_transaction(
        self, offsets: dict[SimpleNamespace, int], group: str
    ) -> None:
        self.position.update({partition.topic: offset for partition, offset in offsets.items()})

    async def commit_transaction(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""


class Renderer:
    """Makes a look when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun = 0
        self.made: list[str] = []
        self.image = IMAGE

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        self.begun += 1
        await self.open.wait()
        self.made.append(request.request_id)
        return Rendered(self.image, (), "test", ())


class Cancelled(asyncio.Event):
    """What waits for it is cancelled, as by a pool of workers that goes."""

    async def wait(self) -> NoReturn:
        raise asyncio.CancelledError


class Stubborn(Compositor):
    """Decides, and says nothing when its result is not taken: as the dead-letter process does."""

    async def handle(self, asked: LookCommand, history: PartitionHistory, begin: Begin) -> Outcome:
        assert isinstance(asked, Attempt)
        event = a_request(asked.request.request_id).model_copy(update={"credits_cost": -1})
        return Done((Emit(event, ("look.requested",)),))

    def decide(
        self,
        asked: LookCommand,
        outcome: Outcome,
        history: PartitionHistory,
        now: datetime,
        *,
        chance: float,
    ) -> Decided:
        return Decided(outcome, outcome.emits if isinstance(outcome, Done) else ())


class World:
    """A lane, what it writes, and how often it said that there is room."""

    def __init__(self, consumer: type[Compositor] = Compositor) -> None:
        self.consumer = consumer
        self.producer = Producer()
        self.renderer = Renderer()
        self.slots = Slots(2)
        self.failures: list[BaseException] = []
        self.now = NOW
        self.lane = Lane(0, self.producer, PartitionHistory(), self._ports())

    def _ports(self) -> LanePorts:
        return LanePorts(
            handler=self.consumer(self.renderer, self.slots, lambda: self.now, history_window_s=60),
            source="/test",
            transaction_timeout_s=5,
            clock=lambda: self.now,
            breaker=Breaker(BreakerLimit()),
            unreadable=Breaker(BreakerLimit()),
            failed=self.failures.append,
            room=lambda: None,
        )

    def read_again(self, records: "list[ConsumerRecord[bytes, bytes]]") -> None:
        """Hand in what the lane wants, as the reader of deferred records does."""
        while (place := self.lane.wanted()) is not None:
            for record in records[place.offset : place.offset + 50]:
                self.lane.take_again(record)

    async def until(self, position: int, records: "list[ConsumerRecord[bytes, bytes]]") -> None:
        async with asyncio.timeout(30):
            while self.producer.position.get("look.requested") != position:
                self.read_again(records)
                await asyncio.sleep(0)
        assert self.failures == []


@asynccontextmanager
async def a_world(consumer: type[Compositor] = Compositor) -> AsyncIterator[World]:
    world = World(consumer)
    yield world
    await world.lane.close()


def record(event: RequestEvent, offset: int) -> "ConsumerRecord[bytes, bytes]":
    """The event as it is read from its topic."""
    encoded = encode(event, decoded(event).meta)
    milliseconds = int(NOW.timestamp() * 1000)
    topic = TOPIC_OF[type(event)].name
    headers = [*encoded.headers]
    return ConsumerRecord(
        topic,
        0,
        offset,
        milliseconds,
        1,
        encoded.key,
        encoded.value,
        None,
        len(encoded.key),
        len(encoded.value),
        headers,
    )


def a_burst(count: int) -> "list[ConsumerRecord[bytes, bytes]]":
    return [record(a_request(new_request_id()), offset) for offset in range(count)]


async def test_a_burst_is_taken_up_to_the_window_and_made_whole_in_order() -> None:
    records = a_burst(500)
    async with a_world() as world:
        for one in records:
            world.lane.take(*reading(one))
        assert world.lane.in_flight == TENANT_WINDOW
        assert world.lane.deferred == len(records) - TENANT_WINDOW
        world.renderer.open.set()
        await world.until(len(records), records)
        assert world.renderer.made == [one.key.decode() for one in records if one.key is not None]
        assert world.producer.topics.count(LOOK_COMPLETED.name) == len(records)
        # Whatever their keys would be placed on: they came here
        assert world.producer.partitions == {world.lane.number}


async def test_a_deferred_record_holds_the_committed_offset_back() -> None:
    records = a_burst(3 * TENANT_WINDOW)
    async with a_world() as world:
        for one in records:
            world.lane.take(*reading(one))
        world.renderer.open.set()
        async with asyncio.timeout(10):
            while world.lane.in_flight:
                await asyncio.sleep(0)
        assert world.producer.position["look.requested"] == TENANT_WINDOW


async def test_a_cancel_of_a_deferred_request_is_decided_while_the_window_is_full() -> None:
    records = a_burst(3 * TENANT_WINDOW)
    waiting = a_request(new_request_id())
    records.append(record(waiting, len(records)))
    async with a_world() as world:
        for one in records:
            world.lane.take(*reading(one))
        cancel = CancelLook(
            request_id=waiting.request_id,
            tenant_id=waiting.tenant_id,
            requested_at=NOW,
            deadline_at=waiting.deadline_at,
        )
        world.lane.take(*reading(record(cancel, 0)))
        world.read_again(records)
        async with asyncio.timeout(10):
            while LOOK_DEAD_LETTER.name not in world.producer.topics:
                await asyncio.sleep(0)
        assert world.renderer.made == []


async def test_a_cancel_read_together_with_its_request_is_decided_before_the_work_begins() -> None:
    async with a_world() as world:
        request = a_request(new_request_id())
        cancel = CancelLook(
            request_id=request.request_id,
            tenant_id=request.tenant_id,
            requested_at=NOW,
            deadline_at=request.deadline_at,
        )
        records = [record(request, 0)]
        world.lane.take(*reading(records[0]))
        world.lane.take(*reading(record(cancel, 0)))
        await world.until(1, records)
        assert LOOK_DEAD_LETTER.name in world.producer.topics
        assert world.renderer.begun == 0


async def test_what_waited_past_its_deadline_is_passed_over_and_left_to_the_sweeper() -> None:
    records = a_burst(500)
    async with a_world() as world:
        for one in records:
            world.lane.take(*reading(one))
        world.now += timedelta(hours=1)
        world.renderer.open.set()
        await world.until(len(records), records)
        assert len(world.renderer.made) <= 2
        assert set(world.producer.topics) == set()


async def test_a_drain_leaves_what_is_deferred_to_the_next_owner() -> None:
    records = a_burst(100)
    async with a_world() as world:
        for one in records:
            world.lane.take(*reading(one))
        async with asyncio.timeout(10):
            while world.renderer.begun < 2:
                await asyncio.sleep(0)
        world.slots.drain()
        world.renderer.open.set()
        async with asyncio.timeout(10):
            await world.lane.drain()
        assert world.producer.position["look.requested"] == len(world.renderer.made) == 2
        assert world.lane.deferred == len(records) - TENANT_WINDOW


async def test_a_result_that_nobody_could_read_becomes_a_failure_of_ours() -> None:
    async with a_world() as world:
        world.renderer.image = IMAGE.model_copy(update={"sha256": "not a hash"})
        world.renderer.open.set()
        records = a_burst(1)
        world.lane.take(*reading(records[0]))
        await world.until(1, records)
        assert LOOK_DEAD_LETTER.name in world.producer.topics
        assert LOOK_COMPLETED.name not in world.producer.topics


async def test_where_even_the_failure_can_not_be_told_the_record_is_kept_whole() -> None:
    async with a_world(Stubborn) as world:
        records = a_burst(1)
        world.lane.take(*reading(records[0]))
        await world.until(1, records)
        assert world.producer.topics == [LOOK_QUARANTINE.name]


async def test_work_that_somebody_else_cancels_ends_its_lane_rather_than_hold_its_offset() -> None:
    async with a_world() as world:
        world.renderer.open = Cancelled()
        world.lane.take(*reading(a_burst(1)[0]))
        async with asyncio.timeout(10):
            while not world.failures:
                await asyncio.sleep(0)
        assert str(world.failures[0]) == "work was cancelled, and not by its lane"


async def test_a_deferred_record_costs_less_than_32_bytes() -> None:
    records = a_burst(4_000)
    async with a_world() as world:
        for one in records[:1_000]:
            world.lane.take(*reading(one))
        tracemalloc.start()
        try:
            for one in records[1_000:]:
                world.lane.take(*reading(one))
            snapshot = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()  # pydantic's cache of strings is left out: it is bounded, at 16,384
        assert world.lane.deferred == len(records) - TENANT_WINDOW
        grown = snapshot.filter_traces(
            [tracemalloc.Filter(inclusive=False, filename_pattern="*pydantic*")]
        )
        assert sum(found.size for found in grown.statistics("filename")) < 32 * 3_000
