"""What FastStream leaves open is closed: each trap that DESIGN 3 names, on real Kafka."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.outcomes import Done, Emit, Outcome
from runtime.application import Application
from runtime.batch_session import BatchSession
from runtime.consuming import Consuming
from runtime.declaration import Declaration
from runtime.kafka import client_options, new_producer
from runtime.named_clients import named_reader
from runtime.process import Process
from runtime.records import OutRecord, Work, outgoing
from runtime.sessions import HandlerFailed, run_sessions
from runtime.settings import KafkaSettings, ProcessSettings
from schemas.events import CreditRefund
from schemas.failures import FailureCode
from schemas.ids import new_request_id
from schemas.topics import CREDIT_REFUND, LOOK_QUARANTINE
from storage.acceptance import Acceptance
from tests.integration.accepting import accept
from tests.integration.conftest import running, until
from tests.integration.reading import records_of

HERE = TopicPartition(CREDIT_REFUND.name, 3)
Handle = Callable[[Sequence[Work]], Awaitable[None]]


def refund(request_id: str) -> OutRecord:
    event = CreditRefund(
        request_id=request_id,
        tenant_id="demo",
        amount=10,
        reason=FailureCode.INTERNAL,
        refunded_at=datetime.now(UTC),
    )
    return outgoing(Emit(event, (CREDIT_REFUND.name,)), "/test", datetime.now(UTC))


async def publish(producer: AIOKafkaProducer, *request_ids: str) -> list[int]:
    """Refunds, all in one partition; returns their offsets."""
    sent = []
    for out in map(refund, request_ids):
        sent.append(
            await producer.send_and_wait(
                out.topic, out.value, key=out.key, headers=list(out.headers), partition=3
            )
        )
    return [one.offset for one in sent]


class Group:
    """A consumer group of one test, which begins at the end of the topic."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.declared = Declaration(
            name=f"test_{new_request_id()}", topics=(CREDIT_REFUND,), about="a test", poll_records=1
        )
        self._kafka = kafka
        self.handled: list[str] = []

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[AIOKafkaConsumer]:
        names = self._kafka.names
        consumer = named_reader(
            AIOKafkaConsumer(
                **client_options(self._kafka),
                group_id=names.group(self.declared.group),
                enable_auto_commit=False,
            ),
            names,
        )
        await consumer.start()
        consumer.assign([TopicPartition(CREDIT_REFUND.name, n) for n in range(12)])
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def begin_at_the_end(self) -> None:
        async with self.asking() as consumer:
            await consumer.commit(await consumer.end_offsets(consumer.assignment()))

    async def committed(self) -> int:
        async with self.asking() as consumer:
            return int(await consumer.committed(HERE) or 0)

    async def end(self) -> int:
        async with self.asking() as consumer:
            return int((await consumer.end_offsets([HERE]))[HERE])

    def application(self, process: Process, handle: Handle | None = None) -> Application:
        made = Application(self.declared, process=process, kafka=self._kafka)
        made.sessions(BatchSession)

        @made.subscriber
        async def apply(works: list[Work]) -> list[Outcome]:
            self.handled.extend(work.request_id for work in works)
            if handle is not None:
                await handle(works)
            return [Done() for _ in works]

        return made


async def test_a_handler_that_raises_ends_the_process_and_nothing_after_it_is_committed(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    group, ids = Group(kafka), [new_request_id() for _ in range(4)]

    async def handle(works: Sequence[Work]) -> None:
        if works[0].request_id == ids[1]:
            raise ValueError("a bug of ours")

    await group.begin_at_the_end()
    offsets = await publish(producer, *ids)
    process = Process("test", ProcessSettings(instance="test"))
    application = group.application(process, handle)
    with pytest.raises(HandlerFailed, match="ValueError: a bug of ours"):
        await run_sessions(process, group.declared.name, application.begin)
    assert group.handled == ids[:2]
    assert await group.committed() == offsets[1]
    async with running("test", lambda process: group.application(process).begin()):

        async def rest() -> bool:
            return await group.committed() == offsets[3] + 1

        await until(rest)
    assert group.handled == [*ids[:2], *ids[1:]]


async def test_what_heals_begins_anew_in_the_same_process_with_the_batch_that_failed(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    group, ids, away = Group(kafka), [new_request_id() for _ in range(3)], [True]
    applications: list[Application] = []

    async def handle(works: Sequence[Work]) -> None:
        if works[0].request_id == ids[1] and away:
            away.clear()
            raise ConnectionRefusedError("the database is away")

    await group.begin_at_the_end()

    def begin(process: Process) -> Consuming:
        if not applications:
            applications.append(group.application(process, handle))
        return applications[0].begin()

    async with running("test", begin):
        offsets = await publish(producer, *ids)

        async def rest() -> bool:
            return await group.committed() == offsets[2] + 1

        await until(rest)
    assert group.handled == [ids[0], ids[1], ids[1], ids[2]]


async def test_a_batch_in_hand_when_the_group_is_shared_anew_is_done_once(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    group, request_id, free = Group(kafka), new_request_id(), asyncio.Event()

    async def handle(works: Sequence[Work]) -> None:
        await free.wait()

    await group.begin_at_the_end()
    async with running("a", lambda process: group.application(process, handle).begin()):
        (offset,) = await publish(producer, request_id)

        async def in_hand() -> bool:
            return group.handled == [request_id]

        await until(in_hand)
        other = asyncio.create_task(_joined(group))
        await asyncio.sleep(1.5)  # the group waits for whoever has a batch in hand
        assert not other.done()
        free.set()
        await other

        async def committed() -> bool:
            return await group.committed() == offset + 1

        await until(committed)
    assert group.handled == [request_id]


async def _joined(group: Group) -> None:
    """A second member, until it has been given partitions."""
    async with running("b", lambda process: group.application(process).begin()):
        pass


@pytest.mark.hostile(row=7)
async def test_bytes_that_can_not_be_read_are_kept_whole_and_hold_nobody_up(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    group, poison, good = Group(kafka), new_request_id(), new_request_id()
    headers = [("odd", b"\xff\xfe"), ("odd", b"twice"), ("ce_id", b"\xff")]
    await group.begin_at_the_end()
    async with running("test", lambda process: group.application(process).begin()):
        for value in (b"\xff not json", None):
            await producer.send_and_wait(
                CREDIT_REFUND.name, value, key=poison.encode(), headers=headers, partition=3
            )
        (offset,) = await publish(producer, good)

        async def past() -> bool:
            return await group.committed() == offset + 1

        await until(past)
    kept = await records_of(kafka, LOOK_QUARANTINE, poison)
    assert [record.value for record in kept] == [b"\xff not json", None]
    assert all(list(record.headers)[: len(headers)] == headers for record in kept)
    assert group.handled == [good]


@pytest.mark.parametrize("ending", ["commit", "abort"])
async def test_positions_that_move_without_records_are_committed_too(
    kafka: KafkaSettings, producer: AIOKafkaProducer, ending: str
) -> None:
    group, before, within = Group(kafka), new_request_id(), new_request_id()
    await group.begin_at_the_end()
    transactional = new_producer(kafka, "test-tx", transactional_id=group.declared.name)
    await transactional.start()
    async with running("test", lambda process: group.application(process).begin()):
        await publish(producer, before)
        await transactional.begin_transaction()
        await publish(transactional, within)
        await getattr(transactional, f"{ending}_transaction")()

        async def at_the_end() -> bool:
            return await group.committed() == await group.end()

        await until(at_the_end)
    await transactional.stop()
    assert group.handled == [before, *([within] if ending == "commit" else [])]


FASTSTREAM = str(Path(sys.executable).with_name("faststream"))


def command(how: str, name: str) -> list[str]:
    """What starts a consumer."""
    if how == "python":
        return [sys.executable, "-m", f"consumers.{name}"]
    return [FASTSTREAM, "run", "--factory", f"consumers.{name}:app"]


@asynccontextmanager
async def started(
    services: Stack, words: list[str], port: int, faults: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A consumer as a process of its own."""
    settings = {
        "LOOKS_HEALTH_PORT": str(port),
        "LOOKS_FAULTS_DIR": str(faults),
        "LOOKS_KAFKA_SESSION_TIMEOUT_S": "6",
    }
    process = await asyncio.create_subprocess_exec(
        *words, cwd=CHECKOUT, env={**os.environ, **services.env, **settings}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready(port: int) -> bool:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            return (await client.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


async def refunds_of(pool: asyncpg.Pool, request_id: str) -> int:
    return int(
        await pool.fetchval(
            "SELECT count(*) FROM ledger_entries WHERE request_id = $1 AND kind = 'refund'",
            request_id,
        )
    )


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("python", "credit_ledger"),
        ("faststream", "credit_ledger"),
        ("faststream", "webhooks"),
        ("faststream", "compositor"),
    ],
)
async def test_both_ways_of_starting_serve_health_and_drain(
    services: Stack, unused_tcp_port: int, tmp_path: Path, how: str, name: str
) -> None:
    async with started(services, command(how, name), unused_tcp_port, tmp_path) as process:
        await until(lambda: ready(unused_tcp_port))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
            assert (await client.get("/health/live")).json() == {"ok": True}
            shown = (await client.get("/metrics")).text
        assert "faststream_received_messages_total" in shown
        assert "looks_records_total" in shown
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.mark.hostile(row=25)
async def test_a_kill_between_effect_and_commit_repeats_harmlessly(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    unused_tcp_port: int,
    tmp_path: Path,
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1))
    (tmp_path / "credit_ledger.after-apply").write_text("kill")
    ledger = Group(kafka)
    ledger.declared = Declaration(name="credit_ledger", topics=(CREDIT_REFUND,), about="the real")
    await ledger.begin_at_the_end()
    (offset,) = await publish(producer, request_id)
    words = command("python", "credit_ledger")
    async with started(services, words, unused_tcp_port, tmp_path) as process:
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    assert await refunds_of(pool, request_id) == 1
    assert await ledger.committed() == offset
    async with started(services, words, unused_tcp_port, tmp_path):

        async def committed() -> bool:
            return await ledger.committed() == offset + 1

        await until(committed)
    assert await refunds_of(pool, request_id) == 1
