"""Somebody gives a topic one partition more on a living system, on topics of its own: not ready,
and no look is lost.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from consumers.compositor.handler import Compositor
from domain.outcomes import Emit
from runtime import broker, copartitions, metrics
from runtime import kafka as kafka_clients
from runtime.fairness.slots import Slots
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.reading import read_all
from runtime.sessions import run_sessions
from runtime.settings import KafkaSettings, ProcessSettings
from schemas.events import CancelLook, LookCompleted, LookDeadLettered, LookRequested
from schemas.failures import FailureCode
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_REQUESTED, PARTITIONS
from tests.conftest import fresh_services
from tests.integration.applications import compositor_session
from tests.integration.conftest import until
from tests.integration.test_processes import Renderer, publish
from tests.making import a_request

services = fresh_services
LOOKS = 40


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients see new partitions within a second."""
    for module in (kafka_clients, broker):
        monkeypatch.setattr(module, "METADATA_MAX_AGE_MS", 500)
    monkeypatch.setattr(copartitions, "EVERY_S", 0.5)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def compositor(
    kafka: KafkaSettings, renderer: Renderer, instance: str
) -> AsyncIterator[Process]:
    """One instance, until the block ends; whether it is ever ready is the test's affair."""
    process = Process("compositor", ProcessSettings(instance=instance))

    def begin() -> LaneSession:
        handler = Compositor(renderer, Slots(4), now, history_window_s=120)
        return compositor_session(process, kafka, handler)

    task = asyncio.create_task(run_sessions(process, "compositor", begin))
    try:
        yield process
    finally:
        renderer.free.set()
        process.stopping.set()
        await asyncio.wait_for(task, 30)


async def outcomes(kafka: KafkaSettings, requests: list[LookRequested]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {request.request_id: [] for request in requests}

    def take(record: ConsumerRecord) -> None:
        if (key := (record.key or b"").decode()) in found:
            found[key].append(read(record).decoded.event)  # type: ignore[union-attr]  # it was written by us

    await read_all(kafka, (LOOK_COMPLETED, LOOK_DEAD_LETTER), take)
    return found


async def test_work_goes_on_and_nobody_is_ready_and_a_cancel_reaches_its_owner(
    kafka: KafkaSettings,
) -> None:
    requests = [
        a_request(new_request_id()).model_copy(
            update={"deadline_at": now() + timedelta(seconds=600)}
        )
        for _ in range(LOOKS)
    ]
    stuck = requests[-1]
    renderer = Renderer(stuck_on=stuck.request_id)
    restarts = sum(
        sample.value for metric in metrics.SESSION_RESTARTS.collect() for sample in metric.samples
    )
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(compositor(kafka, renderer, name))
            for name in ("a", "b")
        ]
        producer = new_producer(kafka, "test")
        await producer.start()
        stack.push_async_callback(producer.stop)

        async def all_ready() -> bool:
            return all(process.ready for process in both)

        await until(all_ready)
        await publish(producer, Emit(requests[0], ("1",), 1))
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        there = kafka.names.topic(LOOK_REQUESTED.name)
        asked = admin.create_partitions([NewPartitions(there, PARTITIONS + 1)])
        await asyncio.to_thread(asked[there].result)

        async def none_ready() -> bool:
            return not any(process.ready for process in both)

        await until(none_ready)
        assert metrics.PARTITIONS_DIFFER.labels("compositor", LOOK_REQUESTED.name)._value.get() == 1
        # A third one joins: the numbers are shared out anew, with the partition more in sight.
        third = await stack.enter_async_context(compositor(kafka, renderer, "c"))
        for request in requests[1:]:
            await publish(producer, Emit(request, ("1",), 1))

        async def begun() -> bool:
            return stuck.request_id in renderer.made

        await until(begun)
        command = CancelLook(
            request_id=stuck.request_id,
            tenant_id=stuck.tenant_id,
            requested_at=now(),
            deadline_at=stuck.deadline_at,
        )
        await publish(producer, Emit(command, ("cancel",), 1))

        async def all_decided() -> bool:
            return all((await outcomes(kafka, requests)).values())

        await until(all_decided)
        assert not third.ready
    found = await outcomes(kafka, requests)
    (letter,) = found.pop(stuck.request_id)
    assert isinstance(letter, LookDeadLettered)
    assert letter.reason.code is FailureCode.CANCELLED
    assert {type(event) for events in found.values() for event in events} == {LookCompleted}
    assert {len(events) for events in found.values()} == {1}
    after = sum(
        sample.value for metric in metrics.SESSION_RESTARTS.collect() for sample in metric.samples
    )
    assert after == restarts, "no session was thrown away over it"
