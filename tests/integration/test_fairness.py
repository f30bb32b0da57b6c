"""One tenant's burst on real Kafka: another's single look is next, cancels and deadlines reach what waits, memory is flat."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from aiokafka import AIOKafkaProducer

from consumers.compositor.handler import TENANT_WINDOW, Compositor
from consumers.compositor.results import NotRendered, Rendered
from domain.outcomes import Emit
from runtime.kafka import new_producer, outgoing, partition_of, read
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.sessions import Session
from runtime.settings import KafkaSettings
from runtime.slots import Slots
from runtime.topic_facts import read_all
from schemas.envelope import Undecodable
from schemas.events import CancelLook, LookCompleted, LookDeadLettered, LookRequested, StoredImage
from schemas.failures import FailureCode
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER
from tests.integration.conftest import running, until

BURST = 10_000
PLACES = 4
NUMBER = 7
"""The partition that bears it all: the worst case."""
IMAGE = StoredImage(bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64)
MADE = Rendered(IMAGE, (), "test", ())


def now() -> datetime:
    return datetime.now(UTC)


def ids(number: int = NUMBER) -> Iterator[str]:
    """New request ids that all belong to one partition."""
    while True:
        request_id = new_request_id()
        if partition_of(request_id) == number:
            yield request_id


def a_look(request_id: str, tenant_id: str, deadline_s: float = 600) -> LookRequested:
    return LookRequested(
        request_id=request_id,
        tenant_id=tenant_id,
        items=(TrialItemInput(trial_image="users/abc/x.jpg", trial_item_category="top"),),
        credits_cost=10,
        requested_at=now(),
        deadline_at=now() + timedelta(seconds=deadline_s),
    )


class GatedRenderer:
    """Makes a look only when it is let; remembers who was made in which order."""

    def __init__(self) -> None:
        self.begun: list[LookRequested] = []
        self.made: list[str] = []
        self._permits = asyncio.Semaphore(0)

    def let(self, count: int) -> None:
        for _ in range(count):
            self._permits.release()

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        self.begun.append(request)
        await self._permits.acquire()
        self.made.append(request.tenant_id)
        return MADE


@pytest.fixture
async def producer(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    made = new_producer(kafka, "test")
    await made.start()
    yield made
    await made.stop()


async def publish(producer: AIOKafkaProducer, *events: LookRequested | CancelLook) -> None:
    sends = []
    for event in events:
        out = outgoing(Emit(event, (event.request_id,), 1), "/test", now())
        sends.append(await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers)))
    await asyncio.gather(*sends)


class Clock:
    """The compositor's clock, which can be put forward."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return now() + self.ahead


@asynccontextmanager
async def compositor(kafka: KafkaSettings, renderer: GatedRenderer, clock: Clock) -> AsyncIterator[LaneSession]:
    """A running compositor, and its session."""
    sessions: list[LaneSession] = []

    def begin(process: Process) -> Session:
        handler = Compositor(renderer, Slots(PLACES), clock, history_window_s=120)
        sessions.append(LaneSession(process, kafka, handler, clock))
        return sessions[-1]

    async with running("compositor", begin):
        try:
            yield sessions[0]
        finally:
            renderer.let(2 * BURST)  # a drain waits for what was begun
        assert len(sessions) == 1, "the session was thrown away"


async def until_waiting(session: LaneSession, *, deferred: int, in_flight: int) -> None:
    """Until so many records wait as places and so many are held."""
    try:
        async with asyncio.timeout(60):
            while (session.deferred, session.in_flight) != (deferred, in_flight):
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"{session.deferred} deferred and {session.in_flight} in flight, not {deferred} and {in_flight}")


async def outcomes(kafka: KafkaSettings, request_ids: list[str]) -> dict[str, list[object]]:
    """Every committed outcome of these requests."""
    found: dict[str, list[object]] = {request_id: [] for request_id in request_ids}

    def take(record: object) -> None:
        work = read(record)
        if not isinstance(work, Undecodable) and work.request_id in found:
            found[work.request_id].append(work.decoded.event)

    await read_all(kafka, (LOOK_COMPLETED, LOOK_DEAD_LETTER), take)
    return found


async def test_a_single_look_is_next_though_ten_thousand_of_another_tenant_wait(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    request_ids = list(islice(ids(), BURST + 1))
    await publish(producer, *(a_look(request_id, "big") for request_id in request_ids[:BURST]))
    renderer, clock = GatedRenderer(), Clock()
    async with compositor(kafka, renderer, clock) as session:
        await until_waiting(session, deferred=BURST - TENANT_WINDOW, in_flight=TENANT_WINDOW)
        await publish(producer, a_look(request_ids[-1], "small"))
        await until_waiting(session, deferred=BURST - TENANT_WINDOW, in_flight=TENANT_WINDOW + 1)

        async def made() -> bool:
            renderer.let(1)
            return "small" in renderer.made

        await until(made)
        assert renderer.made.index("small") <= 2 * PLACES

        async def decided() -> bool:
            return bool((await outcomes(kafka, [request_ids[-1]]))[request_ids[-1]])

        await until(decided)
        clock.ahead = timedelta(hours=1)  # what waits is past its deadline now: the sweeper's to decide
        renderer.let(BURST)
        await until_waiting(session, deferred=0, in_flight=0)
    assert renderer.made.count("big") < 100
    found = await outcomes(kafka, request_ids)
    assert [type(event) for event in found[request_ids[-1]]] == [LookCompleted]
    assert sum(len(events) for events in found.values()) <= 100
    assert await begun_by_a_successor(kafka) == []


async def begun_by_a_successor(kafka: KafkaSettings) -> list[str]:
    """What a new owner composes: nothing when every offset was committed."""
    renderer = GatedRenderer()
    marker = next(ids())
    async with compositor(kafka, renderer, Clock()):
        made = new_producer(kafka, "marker")
        await made.start()
        await publish(made, a_look(marker, "marker"))
        await made.stop()
        renderer.let(BURST)

        async def met() -> bool:
            return any(request.request_id == marker for request in renderer.begun)

        await until(met)
    return [request.tenant_id for request in renderer.begun if request.request_id != marker]


async def test_what_is_deferred_is_cancelled_at_once_and_the_rest_is_made_once_by_whoever_comes_next(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    request_ids = list(islice(ids(), 10 * TENANT_WINDOW))
    looks = [a_look(request_id, "big") for request_id in request_ids]
    await publish(producer, *looks, *looks)  # the relay delivers at least once
    cancelled = looks[-TENANT_WINDOW]
    first, second = GatedRenderer(), GatedRenderer()
    async with compositor(kafka, first, Clock()) as session:
        # The second copies of what is at work are passed over at once; all others wait.
        await until_waiting(session, deferred=2 * (len(looks) - TENANT_WINDOW), in_flight=TENANT_WINDOW)
        command = CancelLook(
            request_id=cancelled.request_id, tenant_id="big", requested_at=now(), deadline_at=cancelled.deadline_at
        )
        await publish(producer, command)

        async def decided() -> bool:
            return bool((await outcomes(kafka, [cancelled.request_id]))[cancelled.request_id])

        await until(decided)
        assert first.made == [], "nothing was made before it, and it was not waited for"
        first.let(BURST)

        async def some_made() -> bool:
            return len(first.made) > 2 * TENANT_WINDOW

        await until(some_made)
    async with compositor(kafka, second, Clock()) as session:
        second.let(BURST)

        async def all_made() -> bool:
            return len(first.made) + len(second.made) >= len(looks) - 1

        await until(all_made)
        await until_waiting(session, deferred=0, in_flight=0)
    assert first.begun
    assert {request.request_id for request in first.begun}.isdisjoint(request.request_id for request in second.begun)
    found = await outcomes(kafka, request_ids)
    assert {len(events) for events in found.values()} == {1}
    (letter,) = found.pop(cancelled.request_id)
    assert isinstance(letter, LookDeadLettered)
    assert letter.reason.code is FailureCode.CANCELLED
    assert all(isinstance(event, LookCompleted) for events in found.values() for event in events)
