"""One tenant's burst on real Kafka: another's single look is next, cancels and deadlines reach what
waits, memory is flat.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from consumers.compositor.handler import TENANT_WINDOW, Compositor
from consumers.compositor.results import NotRendered, Rendered
from domain.outcomes import Emit
from runtime.fairness.slots import Slots
from runtime.kafka import partition_of, read
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.reading import read_all
from runtime.records import outgoing
from runtime.sessions import Session
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable
from schemas.events import CancelLook, LookCompleted, LookDeadLettered, LookRequested, StoredImage
from schemas.failures import FailureCode
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, PARTITIONS
from storage.acceptance import Acceptance
from storage.submissions import Accepted
from tests.conftest import fresh_services
from tests.integration.accepting import submission
from tests.integration.applications import compositor_session
from tests.integration.conftest import running, until

services = fresh_services
BURST = 10_000
TOGETHER = 500
PLACES = 4
BIG, SMALL = "demo", "other"
NUMBER = 7
"""The partition that bears it all: the worst case."""
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
MADE = Rendered(IMAGE, (), "test", ())


def now() -> datetime:
    return datetime.now(UTC)


def ids(number: int = NUMBER) -> Iterator[str]:
    """New request ids that all belong to one partition."""
    while True:
        request_id = new_request_id()
        if partition_of(request_id, PARTITIONS) == number:
            yield request_id


async def accepted(pool: asyncpg.Pool, tenant_id: str, count: int = 1) -> list[LookRequested]:
    """Requests accepted and taken out of the outbox: the test publishes them itself."""
    acceptance = Acceptance(pool, batch_max=256, queue_max=TOGETHER)
    wanted = ids()
    requests: list[LookRequested] = []
    while len(requests) < count:
        request_ids = list(islice(wanted, min(TOGETHER, count - len(requests))))
        asked = [
            submission(request_id, tenant=tenant_id, deadline_s=600, cost=1)
            for request_id in request_ids
        ]
        verdicts = await asyncio.gather(*(acceptance.accept(one) for one in asked))
        assert all(isinstance(verdict, Accepted) for verdict in verdicts)
        rows = await pool.fetch(
            "DELETE FROM outbox WHERE key = ANY($1::text[]) RETURNING value", request_ids
        )
        requests += [LookRequested.model_validate_json(row["value"]) for row in rows]
    return requests


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


async def publish(producer: AIOKafkaProducer, *events: LookRequested | CancelLook) -> None:
    sends = []
    for event in events:
        out = outgoing(Emit(event, (event.request_id,), 1), "/test", now())
        sends.append(
            await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers))
        )
    await asyncio.gather(*sends)


class Clock:
    """The compositor's clock, which can be put forward."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return now() + self.ahead


@asynccontextmanager
async def compositor(
    kafka: KafkaSettings, renderer: GatedRenderer, clock: Clock
) -> AsyncIterator[LaneSession]:
    """A running compositor, and its session."""
    sessions: list[LaneSession] = []

    def begin(process: Process) -> Session:
        handler = Compositor(renderer, Slots(PLACES), clock, history_window_s=120)
        sessions.append(compositor_session(process, kafka, handler, clock))
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
        pytest.fail(
            f"{session.deferred} deferred and {session.in_flight} in flight, not {deferred} and "
            f"{in_flight}"
        )


async def outcomes(kafka: KafkaSettings, requests: list[LookRequested]) -> dict[str, list[object]]:
    """Every committed outcome of these requests."""
    found: dict[str, list[object]] = {request.request_id: [] for request in requests}

    def take(record: object) -> None:
        work = read(record)
        if not isinstance(work, Undecodable) and work.request_id in found:
            found[work.request_id].append(work.decoded.event)

    await read_all(kafka, (LOOK_COMPLETED, LOOK_DEAD_LETTER), take)
    return found


async def test_a_single_look_is_next_though_ten_thousand_of_another_tenant_wait(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    burst = await accepted(pool, BIG, BURST)
    (single,) = await accepted(pool, SMALL)
    await publish(producer, *burst)
    renderer, clock = GatedRenderer(), Clock()
    async with compositor(kafka, renderer, clock) as session:
        await until_waiting(session, deferred=BURST - TENANT_WINDOW, in_flight=TENANT_WINDOW)
        await publish(producer, single)
        await until_waiting(session, deferred=BURST - TENANT_WINDOW, in_flight=TENANT_WINDOW + 1)

        async def made() -> bool:
            renderer.let(1)
            return SMALL in renderer.made

        await until(made)
        assert renderer.made.index(SMALL) <= 2 * PLACES

        async def decided() -> bool:
            return bool((await outcomes(kafka, [single]))[single.request_id])

        await until(decided)
        # What waits is past its deadline now: the sweeper's to decide
        clock.ahead = timedelta(hours=1)
        renderer.let(BURST)
        await until_waiting(session, deferred=0, in_flight=0)
    assert renderer.made.count(BIG) < 100
    found = await outcomes(kafka, [*burst, single])
    assert [type(event) for event in found[single.request_id]] == [LookCompleted]
    assert sum(len(events) for events in found.values()) <= 100
    assert await begun_by_a_successor(kafka, pool, producer) == []


async def begun_by_a_successor(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> list[str]:
    """What a new owner composes beside a new request: nothing when every offset was committed."""
    renderer = GatedRenderer()
    (marker,) = await accepted(pool, BIG)
    await publish(producer, marker)
    async with compositor(kafka, renderer, Clock()):
        renderer.let(BURST)

        async def met() -> bool:
            return any(request.request_id == marker.request_id for request in renderer.begun)

        await until(met)
    return [
        request.request_id for request in renderer.begun if request.request_id != marker.request_id
    ]


async def test_what_is_deferred_is_cancelled_at_once_and_the_rest_is_made_once_by_the_next(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    looks = await accepted(pool, BIG, 10 * TENANT_WINDOW)
    await publish(producer, *looks, *looks)  # the relay delivers at least once
    cancelled = looks[-TENANT_WINDOW]
    first, second = GatedRenderer(), GatedRenderer()
    async with compositor(kafka, first, Clock()) as session:
        # The second copies of what is at work are passed over at once; all others wait.
        await until_waiting(
            session, deferred=2 * (len(looks) - TENANT_WINDOW), in_flight=TENANT_WINDOW
        )
        command = CancelLook(
            request_id=cancelled.request_id,
            tenant_id=BIG,
            requested_at=now(),
            deadline_at=cancelled.deadline_at,
        )
        await publish(producer, command)

        async def decided() -> bool:
            return bool((await outcomes(kafka, [cancelled]))[cancelled.request_id])

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
    assert {request.request_id for request in first.begun}.isdisjoint(
        request.request_id for request in second.begun
    )
    found = await outcomes(kafka, looks)
    assert {len(events) for events in found.values()} == {1}
    (letter,) = found.pop(cancelled.request_id)
    assert isinstance(letter, LookDeadLettered)
    assert letter.reason.code is FailureCode.CANCELLED
    assert all(isinstance(event, LookCompleted) for events in found.values() for event in events)
