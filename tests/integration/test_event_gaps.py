"""Events that will never come: what was deleted before it was read is said, and a finished job
shows its last event all the same.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated

import asyncpg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as At
from confluent_kafka.admin import AdminClient, NewTopic

from consumers import event_gaps
from consumers.event_gaps import EventGaps
from consumers.status_projection import DECLARATION, ProjectionOffsets
from devstack.stack import Stack
from domain.outcomes import Done, Emit, Outcome
from domain.projection import Changes
from domain.read_positions import PartitionName, ReadPosition, WrittenTo
from runtime import metrics, offset_jumps
from runtime.application import Application
from runtime.batch_session import BatchSession
from runtime.declaration import Declaration, Spans
from runtime.injected import Injected
from runtime.kafka import AIOKafkaProducer, TopicPartition, new_reader, stop_client
from runtime.process import Process
from runtime.projected import Projected
from runtime.reading import high_watermarks, written_to
from runtime.records import Work
from runtime.sessions import Session
from runtime.settings import KafkaSettings, ProcessSettings
from schemas.events import LookProgress, Stage
from schemas.ids import new_request_id
from schemas.topics import LOOK_FAILED, LOOK_PROGRESS
from storage.acceptance import Acceptance
from storage.audit_facts import snapshot
from storage.event_gaps import EventGapStore
from storage.jobs import JobStore
from storage.projection import ProjectionStore
from tests.integration.accepting import accept
from tests.integration.applications import projection
from tests.integration.conftest import running, until
from tests.integration.test_following import completed, project, row
from tests.integration.test_processes import now, publish


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_gaps, "EVERY_S", 0.1)
    monkeypatch.setattr(event_gaps, "LATE_S", 0.1)
    monkeypatch.setattr(event_gaps, "CATCH_UP_S", 0.5)


def closing(kafka: KafkaSettings, pool: asyncpg.Pool):  # type: ignore[no-untyped-def]  # a closure that makes sessions
    def begin(process: Process) -> Session:
        process.ready = True
        return EventGaps(
            process,
            kafka,
            DECLARATION.topics,
            EventGapStore(pool),
            Projected(process, kafka, ProjectionStore(pool), timedelta()),
        )

    return begin


async def shown(pool: asyncpg.Pool, request_id: str) -> list[int]:
    return [event.seq for event in await JobStore(pool).events(request_id, 0)]


async def finished(pool: asyncpg.Pool) -> str:
    """A job that succeeded; its events 2 and 3 are not there."""
    (request_id,) = await accept(Acceptance(pool, batch_max=8, queue_max=8))
    await project(pool, [row(request_id, 1, "queued")])
    await project(pool, [row(request_id, 4, "succeeded")], completed(request_id))
    assert await shown(pool, request_id) == [1], "the others may be on their way"
    return request_id


async def test_a_finished_job_shows_its_last_event_when_what_is_missing_will_not_come(
    kafka: KafkaSettings, pool: asyncpg.Pool, services: Stack
) -> None:
    request_id = await finished(pool)
    lost = metrics.EVENTS_LOST._value.get()
    async with (
        running("projection", projection(kafka, pool)),
        running("gaps", closing(kafka, pool)),
    ):

        async def closed() -> bool:
            return await shown(pool, request_id) == [1, 4]

        await until(closed)
    assert metrics.EVENTS_LOST._value.get() >= lost + 2
    async with snapshot(services.env["LOOKS_DATABASE_URL"]) as view:  # the audit is told
        facts = (await view.requests_of([request_id]))[request_id]
    assert facts.passed_over == {2, 3}
    (job,) = (await JobStore(pool).news({request_id: 1})).values()
    assert [event.event_type for event in job.events] == ["succeeded"]
    assert job.job.latest_event is not None
    assert job.job.latest_event.seq == 4
    await project(pool, [row(request_id, 3, "stage")])
    assert await shown(pool, request_id) == [1, 3, 4], "redriven from quarantine, say"


async def test_what_is_only_late_is_waited_for(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    request_id = await finished(pool)
    for seq, stage in ((2, Stage.RETRYING), (3, Stage.COMPOSING)):
        event = LookProgress(
            request_id=request_id, tenant_id="demo", stage=stage, attempt=1, at=now()
        )
        await publish(producer, Emit(event, (LOOK_PROGRESS.name, stage.value), seq))
    async with running("gaps", closing(kafka, pool)):
        await asyncio.sleep(1.5)  # three times what it waits for the projection
        assert await shown(pool, request_id) == [1]
        async with running("projection", projection(kafka, pool)):

            async def there() -> bool:
                return await shown(pool, request_id) == [1, 2, 3, 4]

            await until(there)

            async def forgotten() -> bool:
                return not await pool.fetchval(
                    "SELECT count(*) FROM job_event_gaps WHERE request_id = $1", request_id
                )

            await until(forgotten)


async def test_a_place_that_is_not_in_its_partition_any_more_is_said(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    topic = f"jump-{new_request_id()}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    for _ in range(5):
        await producer.send_and_wait(topic, b"x")
    admin.delete_records([At(topic, 0, 3)])[At(topic, 0, 3)].result(30)
    offset_jumps.watch("test")
    reader, place = new_reader(kafka), TopicPartition(topic, 0)
    await reader.start()
    try:
        reader.assign([place])
        reader.seek(place, 1)

        async def read() -> list[int]:
            polled = await reader.getmany(timeout_ms=500)
            return [record.offset for record in polled.get(place, [])]

        await until(read)
    finally:
        await stop_client(reader)
        source = logging.getLogger(offset_jumps.SOURCE)
        source.filters.clear()
    assert metrics.OFFSET_JUMPS.labels("test", topic)._value.get() == 1


async def test_a_partition_that_was_made_anew_is_read_from_its_beginning(
    kafka: KafkaSettings, pool: asyncpg.Pool
) -> None:
    store, topic = ProjectionStore(pool), f"anew-{new_request_id()}"
    for number in range(2):
        await pool.execute("INSERT INTO projection_offsets VALUES ($1, $2, 57)", topic, number)

    async def there(_: Sequence[PartitionName]) -> Mapping[PartitionName, WrittenTo]:
        return {(topic, 0): WrittenTo(3), (topic, 1): WrittenTo(57)}

    places = [(topic, 0), (topic, 1), (topic, 2)]
    assert await ProjectionOffsets(store, there, timedelta()).start(places) == {(topic, 1): 57}
    kept = await store.positions(places)
    assert kept == {(topic, 0): ReadPosition(0), (topic, 1): ReadPosition(57)}


async def test_so_is_one_whose_topic_was_made_anew_and_ends_where_the_former_one_did(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    store, topic = ProjectionStore(pool), replace(LOOK_FAILED, name=f"again-{new_request_id()}")
    name, place = topic.name, (topic.name, 0)
    projected = Projected(Process("test", ProcessSettings()), kafka, store, timedelta())
    own = ProjectionOffsets(store, partial(written_to, kafka), timedelta())
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})

    async def are_read() -> set[int]:
        return await projected.numbers((topic,), (0,), 0.3)

    async def created() -> bool:
        try:
            admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
        except KafkaException:  # the former one is still being deleted
            return False
        return True

    async def empty() -> bool:
        """The broker that has it may still know of the former one alone."""
        return await written_to(kafka, [place]) == {place: WrittenTo(0)}

    await until(created)
    await until(empty)
    await producer.send_and_wait(topic.name, b"x")
    await store.apply(Changes(), {place: (0, 1)})
    assert await are_read() == {0}
    assert await own.start([place]) == {place: 1}

    admin.delete_topics([name])[name].result(30)
    await until(created)
    await until(empty)
    await producer.send_and_wait(topic.name, b"y")
    assert await are_read() == set(), "nobody is told that all is read before it is"
    assert await own.start([place]) == {}
    assert (await store.positions([place]))[place].next_offset == 0
    await store.apply(Changes(), {place: (0, 1)})
    assert await are_read() == {0}


class SlowStart:
    """A consumer that takes its time to find out where it had read to."""

    def __init__(self, starts: Mapping[tuple[str, int], int]) -> None:
        self.starts = starts
        self.spans: dict[tuple[str, int], int] = {}

    async def start(self, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        await asyncio.sleep(1)
        return self.starts

    async def moved(self, positions: Spans) -> None:
        for place, (begun, _) in positions.items():
            self.spans.setdefault(place, begun)


async def test_nothing_is_read_before_a_consumer_knows_where_it_had_read_to(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    places = [TopicPartition(LOOK_FAILED.name, number) for number in range(LOOK_FAILED.partitions)]
    for place in places:
        await producer.send_and_wait(place.topic, b"no event", partition=place.partition)
    ends = await high_watermarks(kafka, places)
    own = SlowStart({(tp.topic, tp.partition): end for tp, end in ends.items()})

    async def take(works: list[Work], positions: Annotated[Spans, Injected()]) -> Sequence[Outcome]:
        await own.moved(positions)
        return [Done() for _ in works]

    def begin(process: Process) -> Session:
        declared = Declaration(name="slow_start", topics=(LOOK_FAILED,), about="a test")
        application = Application(declared, process=process, kafka=kafka)
        application.sessions(lambda one: BatchSession(one, own))
        application.subscriber(take)
        return application.begin()

    async with running("slow", begin):

        async def all_begun() -> bool:
            return len(own.spans) == len(places)

        await until(all_begun)
    assert own.spans == own.starts
