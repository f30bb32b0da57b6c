"""A cancel, a repeat or another owner at every step that the lane's loop takes: events keep their
numbers and their end.

The compositor's own handler, lane and transactions run against a broker in memory, which keeps what
Kafka promises: a transaction is seen whole or not at all, and a fenced producer commits nothing.
Each step is one turn of the event loop, so no await is left out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import TypeAlias

import hypothesis.strategies as st
import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import ProducerFenced
from hypothesis import given, settings

from consumers.compositor.handler import Compositor
from consumers.compositor.results import NotRendered, Rendered
from domain.breaker import Breaker, BreakerLimit
from domain.composing import NOT_BEFORE_HEADER
from domain.history import PartitionHistory
from runtime.deciding import LanePorts
from runtime.fairness.slots import Slots
from runtime.kafka import read
from runtime.lane import Lane
from runtime.received import reading
from runtime.records import Work
from schemas.envelope import encode
from schemas.events import CancelLook, LookRequested, RequestEvent, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_PROGRESS, LOOK_REQUESTED, TOPIC_OF
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
AWAY = NotRendered(FailureReason(code=FailureCode.INTERNAL, message="S3 is away"), can_heal=True)
BAD = NotRendered(
    FailureReason(code=FailureCode.IMAGE_UNREADABLE, message="not a picture", item_index=0)
)
MADE = Rendered(IMAGE, (), "test", ())
RESULTS: dict[str, tuple[Rendered | NotRendered, ...]] = {
    "done": (MADE,),
    "rejected": (BAD,),
    "done at the second attempt": (AWAY, MADE),
    "never": (AWAY, AWAY, AWAY, AWAY),
}
OUTCOMES = {LOOK_COMPLETED.name, LOOK_DEAD_LETTER.name}
STEPS_MAX = 2_000
Record: TypeAlias = "ConsumerRecord[bytes, bytes]"


@dataclass
class Broker:
    """What is committed, in order."""

    log: list[Record] = field(default_factory=list)
    owner: int = 0

    def append(
        self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> None:
        self.log.append(
            a_record(topic, sum(one.topic == topic for one in self.log), value, key, headers)
        )


def a_record(
    topic: str, offset: int, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
) -> Record:
    return ConsumerRecord(
        topic,
        0,
        offset,
        int(NOW.timestamp() * 1000),
        1,
        key,
        value,
        None,
        len(key),
        len(value),
        headers,
    )


def told(event: RequestEvent, offset: int = 0) -> Record:
    encoded = encode(event, decoded(event).meta)
    return a_record(
        TOPIC_OF[type(event)].name, offset, encoded.value, encoded.key, [*encoded.headers]
    )


class Producer:
    """Of one owner; every answer takes turns of the loop, as a broker's does."""

    def __init__(self, broker: Broker) -> None:
        broker.owner += 1
        self.epoch = broker.owner
        self.broker = broker
        self.open: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]] = []

    async def _asked(self) -> None:
        await asyncio.sleep(0)
        if self.epoch != self.broker.owner:
            raise ProducerFenced

    async def begin_transaction(self) -> None:
        await self._asked()
        self.open = []

    async def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes,
        partition: int | None,
        headers: list[tuple[str, bytes]],
    ) -> "asyncio.Future[object]":
        await self._asked()
        self.open.append((topic, value, key, headers))
        return asyncio.ensure_future(self._acknowledge())

    async def _acknowledge(self) -> object:
        await asyncio.sleep(0)
        return SimpleNamespace(timestamp=0)

    async def send_offsets_to_transaction(self, offsets: object, group: str) -> None:
        await self._asked()

    async def commit_transaction(self) -> None:
        await self._asked()
        for one in self.open:
            self.broker.append(*one)
        await asyncio.sleep(0)  # seen by readers before the answer is
        await asyncio.sleep(0)

    async def abort_transaction(self) -> None:
        await self._asked()

    async def stop(self) -> None:
        """Nothing to do."""


class Renderer:
    """Takes some turns, then the next of its results."""

    def __init__(self, results: tuple[Rendered | NotRendered, ...]) -> None:
        self.results = results
        self.made = count()

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        for _ in range(6):
            await asyncio.sleep(0)
        return self.results[min(next(self.made), len(self.results) - 1)]


class World:
    """One request, its partition's owners, and what may happen to them."""

    def __init__(self, name: str) -> None:
        self.request = a_request(deadline_s=600)
        self.now: datetime = NOW
        self.broker = Broker()
        self.renderer = Renderer(RESULTS[name])
        self.failures: list[BaseException] = []
        self.lanes: list[Lane] = []
        self.repeats = 0
        self.cancels = 0
        self.taken = 0
        self.takeover()

    def _ports(self, handler: Compositor) -> LanePorts:
        return LanePorts(
            handler=handler,
            source="/test",
            transaction_timeout_s=5,
            clock=lambda: self.now,
            breaker=Breaker(BreakerLimit()),
            unreadable=Breaker(BreakerLimit()),
            failed=self.failures.append,
            room=lambda: None,
        )

    def takeover(self) -> None:
        """Another owner fences the last one, which does not know it yet, and restores what was
        committed.
        """
        handler = Compositor(self.renderer, Slots(1), lambda: self.now, history_window_s=600)
        producer, history = Producer(self.broker), PartitionHistory()
        cancels = [told(self.cancel_command(), offset) for offset in range(self.cancels)]
        remembered = {one.name for one in handler.declaration.history}
        for record in [one for one in self.broker.log if one.topic in remembered] + cancels:
            work = read(record)
            assert isinstance(work, Work)
            handler.remember(history, work, self.now + timedelta(seconds=600))
        self.lanes.append(Lane(0, producer, history, self._ports(handler)))
        self.taken = 0
        self.repeats = 0
        self.lanes[-1].take(*reading(told(self.request)))

    def cancel_command(self) -> CancelLook:
        request = self.request
        return CancelLook(
            request_id=REQUEST_ID,
            tenant_id=TENANT,
            requested_at=NOW,
            deadline_at=request.deadline_at,
        )

    def cancel(self) -> None:
        self.lanes[-1].take(*reading(told(self.cancel_command(), self.cancels)))
        self.cancels += 1

    def repeat(self) -> None:
        self.repeats += 1
        self.lanes[-1].take(*reading(told(self.request, self.repeats)))

    def deliver_retries(self) -> None:
        """What was put on retry topics, at the moment when it is due."""
        retries = [
            one for one in self.broker.log if one.topic.startswith(f"{LOOK_REQUESTED.name}.retry")
        ]
        for record in retries[self.taken :]:
            self.taken += 1
            due_ms = int(dict(record.headers)[NOT_BEFORE_HEADER])
            self.now = max(self.now, datetime.fromtimestamp(due_ms / 1000 + 1, NOW.tzinfo))
            self.lanes[-1].take(*reading(record))

    def outcomes(self) -> list[str]:
        return [record.topic for record in self.broker.log if record.topic in OUTCOMES]

    async def run(self, happenings: dict[int, list[Callable[[], None]]]) -> int:
        """Turn by turn to the end; returns how many turns it took until there was an outcome."""
        decided_at = 0
        for step in range(STEPS_MAX):
            for happen in happenings.get(step, ()):
                happen()
            self.deliver_retries()
            await asyncio.sleep(0)
            if not decided_at and self.outcomes():
                decided_at = step
            if decided_at and step > max(happenings, default=0) and not self.lanes[-1].in_flight:
                break
        for lane in self.lanes:
            await lane.close()
        return decided_at

    def check(self) -> None:
        """DESIGN 3.8 and 3.5: one number for each event, none left out, the one outcome last."""
        assert len(self.outcomes()) == 1
        public: dict[bytes, tuple[int, str]] = {}
        for record in self.broker.log:
            if record.topic in {LOOK_PROGRESS.name, *OUTCOMES}:
                headers = dict(record.headers)
                public.setdefault(headers["ce_id"], (int(headers["ce_sequence"]), record.topic))
        numbers = sorted(public.values())
        assert [number for number, _ in numbers] == list(range(2, 2 + len(numbers)))
        assert numbers[-1][1] in OUTCOMES
        assert all(isinstance(failure, ProducerFenced) for failure in self.failures)


@pytest.mark.parametrize("name", sorted(RESULTS))
@pytest.mark.parametrize("happening", ["cancel", "repeat", "takeover"])
async def test_whatever_turn_it_comes_at_every_event_has_a_number_of_its_own(
    name: str, happening: str
) -> None:
    step, last = 0, 1
    while step <= last:
        world = World(name)
        last = max(last, await world.run({step: [getattr(world, happening)]}) + 3)
        world.check()
        step += 1
    assert last > 20, "the steps reach past the outcome"


HAPPENINGS = st.dictionaries(
    st.integers(0, 60),
    st.lists(st.sampled_from(["cancel", "repeat", "takeover"]), min_size=1, max_size=2),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(RESULTS)), plan=HAPPENINGS)
def test_several_of_them_at_any_turns(name: str, plan: dict[int, list[str]]) -> None:
    async def one() -> None:
        world = World(name)
        await world.run(
            {step: [getattr(world, one) for one in names] for step, names in plan.items()}
        )
        world.check()

    asyncio.run(one())
