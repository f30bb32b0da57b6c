"""Safeguards switched off one at a time in running processes, and the fault that each is there for:
the audit names the broken promise. The same fault with the safeguard in place breaks nothing.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chaos.sabotage import Bug
from devstack.demo import object_store
from devstack.stack import Stack
from devstack.wardrobe import draw
from domain.outcomes import Emit
from runtime.kafka import new_producer
from runtime.reading import partitions_of
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.events import CreditRefund, LookRequested
from schemas.failures import FailureCode
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED, LOOK_REQUESTED, Topic
from storage.acceptance import Acceptance
from storage.database import open_pool
from tests.chaos.conftest import system, until
from tests.e2e.auditing import audit
from tests.integration.accepting import accept
from tests.integration.reading import records_of, requested
from tests.integration.test_processes import publish

PHOTO = "users/abc/x.jpg"  # what accepted requests of tests name


@pytest.fixture
async def pool(own_services: Stack) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(
        DatabaseSettings.model_validate({"url": own_services.env["LOOKS_DATABASE_URL"]})
    ) as made:
        yield made


@pytest.fixture
def kafka(own_services: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap=own_services.env["LOOKS_KAFKA_BOOTSTRAP"])


@pytest.fixture
async def producer(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    made = new_producer(kafka, "test")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
async def nothing_left_to_read(own_services: Stack, kafka: KafkaSettings) -> AsyncIterator[None]:
    """A careless compositor leaves its request unfinished: the next test's compositors must not
    work on it again.

    Real ones would know it as decided. These tests let a request live for longer than the settings
    say, and so for longer than its decision is remembered.
    """
    yield
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id="looks.compositor", enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = await partitions_of(kafka, [LOOK_REQUESTED])
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def ask(pool: asyncpg.Pool, producer: AIOKafkaProducer, deadline_s: float) -> LookRequested:
    """Accept a request, and publish it as the relay does."""
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1), deadline_s=deadline_s)
    event = await requested(pool, request_id)
    await publish(producer, Emit(event, ("look.requested",), 1))
    await pool.execute("DELETE FROM outbox WHERE key = $1", request_id)
    return event


async def count(kafka: KafkaSettings, topic: Topic, event: LookRequested, at_least: int) -> bool:
    """Whether a topic has so many records about a request."""
    return len(await records_of(kafka, topic, event.request_id)) >= at_least


def violations(services: Stack, request_id: str) -> list[str]:
    """What the audit says of a request, without its id."""
    _, output = audit(services, "--settle-s", "2")
    return [
        line.replace(f" {request_id}", "") for line in output.splitlines() if request_id in line
    ]


WITH_AND_WITHOUT = pytest.mark.parametrize("planted", [True, False], ids=["planted", "sound"])


@WITH_AND_WITHOUT
async def test_a_row_marked_as_sent_before_it_is(
    own_services: Stack, pool: asyncpg.Pool, tmp_path: Path, planted: bool
) -> None:
    bug = Bug.OUTBOX_MARK if planted else None
    async with system(own_services, tmp_path, {"outbox_relay": 1}, bug) as running:
        fault, relay = (
            running.plant("outbox_relay.before-publish", "kill"),
            running.pid("outbox_relay"),
        )
        (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1), deadline_s=3600)
        await until(lambda: not fault.exists() and running.pid("outbox_relay") != relay)

        async def sent() -> bool:
            return not await pool.fetchval("SELECT count(*) FROM outbox")

        await until(sent)
    found = violations(own_services, request_id)
    assert found == (
        ["VIOLATION 1 (accepted requests are durable): neither in the outbox nor in look.requested"]
        if planted
        else []
    )


@WITH_AND_WITHOUT
async def test_a_refund_without_its_unique_key(
    own_services: Stack,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    tmp_path: Path,
    planted: bool,
) -> None:
    event = await ask(pool, producer, 3600)
    refund = CreditRefund(
        request_id=event.request_id,
        tenant_id=event.tenant_id,
        amount=10,
        reason=FailureCode.INTERNAL,
        refunded_at=datetime.now(UTC),
    )
    entries = "SELECT count(*) FROM ledger_entries WHERE kind = 'refund' AND request_id = $1"
    async with system(
        own_services, tmp_path, {"credit_ledger": 1}, Bug.REFUND_KEY if planted else None
    ) as running:
        fault, ledger = (
            running.plant("credit_ledger.after-apply", "kill"),
            running.pid("credit_ledger"),
        )
        await publish(producer, Emit(refund, ("credit.refund",)))
        await until(lambda: not fault.exists() and running.pid("credit_ledger") != ledger)
        again = running.plant("credit_ledger.after-apply", "wait 0")
        await until(lambda: not again.exists())  # it has read the refund again
    assert await pool.fetchval(entries, event.request_id) == (2 if planted else 1)
    twice = "VIOLATION 4 (refunded exactly once if and only if failed): refunded 2 times"
    assert (twice in violations(own_services, event.request_id)) == planted
    await pool.execute("ALTER TABLE ledger_entries DISABLE TRIGGER ledger_append_only")
    await pool.execute(
        "DELETE FROM ledger_entries WHERE kind = 'refund' AND request_id = $1", event.request_id
    )
    await pool.execute("ALTER TABLE ledger_entries ENABLE TRIGGER ledger_append_only")
    await pool.execute(
        "CREATE UNIQUE INDEX IF NOT EXISTS ledger_one_refund ON ledger_entries (request_id) WHERE "
        "kind = 'refund'"
    )


@WITH_AND_WITHOUT
async def test_results_without_a_transaction(
    own_services: Stack,
    pool: asyncpg.Pool,
    kafka: KafkaSettings,
    producer: AIOKafkaProducer,
    tmp_path: Path,
    planted: bool,
) -> None:
    put_photo(own_services)
    async with system(
        own_services, tmp_path, {"compositor": 2}, Bug.TRANSACTION if planted else None
    ) as running:
        fault = running.plant("compositor.after-upload", "stop")
        event = await ask(pool, producer, 3600)
        await until(lambda: not fault.exists() and running.stopped())
        # It holds a result, and has lost its partitions by the time it wakes
        (zombie,) = running.stopped()

        await until(lambda: count(kafka, LOOK_COMPLETED, event, 1))
        assert zombie.status() == psutil.STATUS_STOPPED  # so the other one has completed it
        zombie.resume()
        woken = running.plant("compositor.after-fence", "wait 0")
        await until(lambda: not woken.exists())  # the zombie is back in its group
        if planted:
            await until(lambda: count(kafka, LOOK_COMPLETED, event, 2))
    found = violations(own_services, event.request_id)
    assert (
        "VIOLATION 5 (exactly one public outcome): 2 look.completed and 0 look.failed" in found
    ) == planted, found


@WITH_AND_WITHOUT
async def test_a_completion_after_the_deadline(
    own_services: Stack,
    pool: asyncpg.Pool,
    kafka: KafkaSettings,
    producer: AIOKafkaProducer,
    tmp_path: Path,
    planted: bool,
) -> None:
    put_photo(own_services)
    processes = {
        "compositor": 1,
        "status_projection": 1,
        "deadline_sweeper": 1,
        "dead_letter": 1,
        "credit_ledger": 1,
    }
    async with system(
        own_services, tmp_path, processes, Bug.DEADLINE if planted else None
    ) as running:
        fault = running.plant("compositor.after-upload", "wait 18")
        event = await ask(pool, producer, 4)
        await until(lambda: not fault.exists())
        await until(lambda: count(kafka, LOOK_FAILED, event, 1))
        decided = running.plant("compositor.before-commit", "wait 0")
        if planted:
            await until(lambda: count(kafka, LOOK_COMPLETED, event, 1))
        else:
            # The late result came, and was left to the sweeper
            await until(lambda: not decided.exists())
    found = violations(own_services, event.request_id)
    both = "VIOLATION 5 (exactly one public outcome): 1 look.completed and 1 look.failed"
    paid_back = (
        "VIOLATION 4 (refunded exactly once if and only if failed): a completion and a refund were "
        "published"
    )
    assert ({both, paid_back} <= set(found)) == planted, found
    assert planted or not found


def put_photo(services: Stack) -> None:
    """What the requests of these tests name."""
    store = object_store(services.env)
    store.put_object(
        Bucket=services.env["LOOKS_S3_BUCKET"], Key=PHOTO, Body=draw("tee", size_px=(192, 256))
    )
