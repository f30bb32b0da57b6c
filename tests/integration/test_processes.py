"""Each process on real Kafka and Postgres: what it does, what it does when it is told twice, what
it does with poison.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from consumers.compositor.handler import Compositor
from consumers.compositor.results import NotRendered, Rendered
from domain.outcomes import Emit
from producers.deadline_sweeper import DeadlineSweeper
from producers.outbox_relay import OutboxRelay
from runtime import faults, metrics
from runtime.fairness.slots import Slots
from runtime.kafka import new_producer, partition_of
from runtime.process import Process
from runtime.reading import read_all
from runtime.records import outgoing
from runtime.sessions import Session
from runtime.settings import KafkaSettings, LookSettings, ProcessSettings
from schemas.events import CancelLook, CreditRefund, LookDeadLettered, LookRequested, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_DEAD_LETTER,
    LOOK_FAILED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    PARTITIONS,
)
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.claims import ClaimResult, ClaimStore
from storage.outbox import OutboxStore
from storage.overdue import OverdueStore
from storage.projection import ProjectionStore
from tests.conftest import fresh_services
from tests.integration.accepting import accept
from tests.integration.applications import compositor_session, dead_letters, ledger, projection
from tests.integration.conftest import running, until
from tests.integration.reading import records_of, requested

services = fresh_services
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
GONE = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)


def now() -> datetime:
    return datetime.now(UTC)


async def publish(producer: AIOKafkaProducer, emit: Emit, times: int = 1) -> None:
    out = outgoing(emit, "/test", now())
    for _ in range(times):
        await producer.send_and_wait(out.topic, out.value, key=out.key, headers=list(out.headers))


class Renderer:
    """Makes what it is told to make, and counts. `stuck_on`: a request that it does not finish
    until it is let.
    """

    def __init__(self, result: Rendered | NotRendered | None = None, *, stuck_on: str = "") -> None:
        self.result = result or Rendered(IMAGE, (), "test", ())
        self.made: list[str] = []
        self._stuck_on = stuck_on
        self.free = asyncio.Event()

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        self.made.append(request.request_id)
        if request.request_id == self._stuck_on:
            await self.free.wait()
        return self.result


def compositor(kafka: KafkaSettings, renderer: Renderer, clock=now):  # type: ignore[no-untyped-def]  # a closure that makes sessions
    def begin(process: Process) -> Session:
        handler = Compositor(renderer, Slots(4), clock, history_window_s=120)
        return compositor_session(process, kafka, handler, clock)

    return begin


def relay(kafka: KafkaSettings, pool: asyncpg.Pool):  # type: ignore[no-untyped-def]  # a closure that makes sessions
    return lambda process: OutboxRelay(process, kafka, OutboxStore(pool))


async def refunds_of(pool: asyncpg.Pool, request_id: str) -> list[int]:
    """Amounts of the ledger's refunds of one request."""
    rows = await pool.fetch(
        "SELECT amount FROM ledger_entries WHERE request_id = $1 AND kind = 'refund'", request_id
    )
    return [row["amount"] for row in rows]


async def test_two_relays_side_by_side_publish_every_row_once(
    kafka: KafkaSettings, pool: asyncpg.Pool
) -> None:
    async with running("relay-a", relay(kafka, pool)), running("relay-b", relay(kafka, pool)):
        ids = await accept(Acceptance(pool, batch_max=64, queue_max=64), 60)

        async def empty() -> bool:
            return (
                int(
                    await pool.fetchval(
                        "SELECT count(*) FROM outbox WHERE key = ANY($1::text[])", ids
                    )
                )
                == 0
            )

        await until(empty)
    counts = {request_id: 0 for request_id in ids}

    def count(record: object) -> None:
        key = record.key.decode()  # type: ignore[attr-defined]  # a consumer record
        if key in counts:
            counts[key] += 1

    await read_all(kafka, (LOOK_REQUESTED,), count)
    assert set(counts.values()) == {1}


@pytest.mark.hostile(row=27)
@pytest.mark.hostile(row=47)
async def test_a_compositor_whose_clock_is_a_minute_slow_completes_nothing_late(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (late,) = await accept(Acceptance(pool, batch_max=8, queue_max=8), deadline_s=-5)
    (in_time,) = await accept(Acceptance(pool, batch_max=8, queue_max=8), deadline_s=60)
    renderer = Renderer()
    async with running(
        "compositor", compositor(kafka, renderer, lambda: now() - timedelta(minutes=1))
    ):
        for request_id in (late, in_time):
            await publish(
                producer, Emit(await requested(pool, request_id), (LOOK_REQUESTED.name,), 1)
            )

        async def completed() -> bool:
            return bool(await records_of(kafka, LOOK_COMPLETED, in_time))

        await until(completed)

        async def decided() -> bool:
            return late in renderer.made

        await until(decided)
    assert await records_of(kafka, LOOK_COMPLETED, late) == []


@pytest.mark.hostile(row=26)
async def test_a_request_published_twice_is_composed_and_completed_once(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1))
    event = await requested(pool, request_id)
    renderer = Renderer()
    async with running("compositor", compositor(kafka, renderer)):
        await publish(producer, Emit(event, ("look.requested",)), times=3)

        async def completed() -> bool:
            return len(await records_of(kafka, LOOK_COMPLETED, request_id)) > 0

        await until(completed)
        await publish(producer, Emit(event, ("look.requested",)))
    # A successor learns the past from Kafka
    async with running("compositor", compositor(kafka, renderer)):
        await publish(producer, Emit(event, ("look.requested",)))
        marker = (await accept(Acceptance(pool, batch_max=1, queue_max=1)))[0]
        while partition_of(marker, PARTITIONS) != partition_of(request_id, PARTITIONS):
            marker = (await accept(Acceptance(pool, batch_max=1, queue_max=1)))[0]
        await publish(producer, Emit(await requested(pool, marker), ("look.requested",)))

        async def marked() -> bool:
            return len(await records_of(kafka, LOOK_COMPLETED, marker)) > 0

        await until(marked)  # the marker came after the repeats in their partition
    assert renderer.made.count(request_id) == 1
    assert len(await records_of(kafka, LOOK_COMPLETED, request_id)) == 1


@pytest.mark.hostile(row=23)
async def test_a_cancel_that_is_read_before_the_decision_wins(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1))
    event = await requested(pool, request_id)
    renderer = Renderer(stuck_on=request_id)  # only the cancel can end it
    async with running("compositor", compositor(kafka, renderer)):
        await publish(producer, Emit(event, ("look.requested",)))

        async def begun() -> bool:
            return request_id in renderer.made

        await until(begun)
        cancel = CancelLook(
            request_id=request_id,
            tenant_id=event.tenant_id,
            requested_at=now(),
            deadline_at=event.deadline_at,
        )
        await publish(producer, Emit(cancel, ("look.cancel",)))

        async def decided() -> bool:
            return len(await records_of(kafka, LOOK_DEAD_LETTER, request_id)) == 1

        await until(decided)
    assert await records_of(kafka, LOOK_COMPLETED, request_id) == []


@pytest.mark.hostile(row=7)
@pytest.mark.hostile(row=25)
async def test_an_owner_that_was_replaced_can_not_commit_any_more(
    kafka: KafkaSettings, pool: asyncpg.Pool
) -> None:
    zombie = new_producer(kafka, "zombie", transactional_id="looks.test.0")
    await zombie.start()
    await zombie.begin_transaction()
    await zombie.send_and_wait(LOOK_COMPLETED.name, b"a zombie's word", key=b"zombie")
    successor = new_producer(kafka, "successor", transactional_id="looks.test.0")
    await successor.start()
    with pytest.raises(ProducerFenced):
        await zombie.commit_transaction()
    await successor.stop()
    await zombie.stop()
    assert await records_of(kafka, LOOK_COMPLETED, "zombie") == []


async def dead_letter_of(pool: asyncpg.Pool, request_id: str) -> LookDeadLettered:
    """A dead letter of an accepted request."""
    return LookDeadLettered(
        request_id=request_id,
        tenant_id="demo",
        reason=GONE,
        request=await requested(pool, request_id),
        attempts=1,
        decided_by="test",
        dead_lettered_at=now(),
    )


async def test_a_transaction_that_takes_too_long_costs_its_lane_and_nothing_else(
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults, "_folder", lambda: tmp_path)
    ids = await accept(Acceptance(pool, batch_max=8, queue_max=8), 16, deadline_s=60)
    long = next(
        one for one in ids if partition_of(one, PARTITIONS) != partition_of(ids[0], PARTITIONS)
    )
    renderer = Renderer(stuck_on=long)
    reopened, restarted = metrics.LANES_REOPENED.labels("compositor"), metrics.SESSION_RESTARTS
    before = (
        reopened._value.get(),
        [sample.value for one in restarted.collect() for sample in one.samples],
    )
    async with running(
        "compositor", compositor(kafka.model_copy(update={"transaction_timeout_s": 1.0}), renderer)
    ):
        await publish(producer, Emit(await requested(pool, long), (LOOK_REQUESTED.name,), 1))

        async def at_work() -> bool:
            return long in renderer.made

        await until(at_work)
        (tmp_path / "compositor.before-commit").write_text("wait 3")
        await publish(producer, Emit(await requested(pool, ids[0]), (LOOK_REQUESTED.name,), 1))

        async def completed() -> bool:
            return bool(await records_of(kafka, LOOK_COMPLETED, ids[0]))

        await until(completed)
        renderer.free.set()
    assert renderer.made.count(long) == 1, "what another lane worked on was not begun again"
    assert len(await records_of(kafka, LOOK_COMPLETED, long)) == 1
    assert reopened._value.get() == before[0] + 1
    assert [sample.value for one in restarted.collect() for sample in one.samples] == before[1]
    assert len(await records_of(kafka, LOOK_COMPLETED, ids[0])) == 1


@pytest.mark.hostile(row=26)
async def test_a_dead_letter_read_twice_fails_and_refunds_once(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1))
    letter = await dead_letter_of(pool, request_id)
    async with (
        running("dead_letter", dead_letters(kafka, ClaimStore(pool))),
        running("credit_ledger", ledger(kafka, pool)),
    ):
        await publish(producer, Emit(letter, ("look.dead-letter", "test"), 2), times=3)

        async def refunded() -> bool:
            return await refunds_of(pool, request_id) != []

        await until(refunded)
        refund = CreditRefund(
            request_id=request_id, tenant_id="demo", amount=10, reason=GONE.code, refunded_at=now()
        )
        await publish(producer, Emit(refund, ("credit.refund",)), times=3)
        wrong = refund.model_copy(update={"amount": 1000})
        await publish(producer, Emit(wrong, ("credit.refund", "wrong")))

        async def kept() -> bool:
            return len(await records_of(kafka, LOOK_QUARANTINE, request_id)) == 1

        await until(kept)
    assert len(await records_of(kafka, LOOK_FAILED, request_id)) == 1
    assert len(await records_of(kafka, CREDIT_REFUND, request_id)) == 1 + 3 + 1
    assert await refunds_of(pool, request_id) == [10]
    entries = await pool.fetchval(
        "SELECT sum(amount) FROM ledger_entries WHERE tenant_id = 'demo' AND environment = 'live'"
    )
    assert await AccountStore(pool).balance("demo", "live") == entries


class SlowClaims(ClaimStore):
    """Claims at once, but for one request that it never gets to."""

    stuck_on = ""

    async def claim(
        self, request_id: str, code: str, topic: str, partition: int, offset: int
    ) -> ClaimResult:
        if request_id == self.stuck_on:
            await asyncio.Event().wait()
        return await super().claim(request_id, code, topic, partition, offset)


async def test_failures_claimed_behind_a_slow_one_are_published_once_by_the_next_owner(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    ids = await accept(Acceptance(pool, batch_max=64, queue_max=64), 40, deadline_s=3600)
    number = partition_of(ids[0], PARTITIONS)
    same = [ids[0], *(one for one in ids[1:] if partition_of(one, PARTITIONS) == number)]
    for request_id in same:
        await publish(
            producer, Emit(await dead_letter_of(pool, request_id), ("look.dead-letter", "test"), 2)
        )
    claims = SlowClaims(pool)
    claims.stuck_on = same[0]
    process = Process("dead_letter", ProcessSettings(instance="slow"))
    owner = asyncio.create_task(dead_letters(kafka, claims)(process).run())

    async def claimed() -> bool:
        count = await pool.fetchval(
            "SELECT count(*) FROM failure_claims WHERE request_id = ANY($1::text[])", same[1:]
        )
        return int(count) == len(same) - 1

    await until(claimed)
    await asyncio.sleep(1)  # long enough for a commit of what is claimed, if there were one
    owner.cancel()
    await asyncio.wait({owner})
    async with running("dead_letter", dead_letters(kafka, ClaimStore(pool))):

        async def published() -> bool:
            return all([await records_of(kafka, LOOK_FAILED, request_id) for request_id in same])

        await until(published)
    for request_id in same:
        assert len(await records_of(kafka, LOOK_FAILED, request_id)) == 1


@pytest.mark.hostile(row=7)
async def test_poison_is_kept_whole_and_stops_nobody(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1))
    event = await requested(pool, request_id)
    number = partition_of(request_id, PARTITIONS)
    poisons = [b"\xff not json", b"{}", None, b"x" * 300_000]
    async with (
        running("projection", projection(kafka, pool)),
        running("compositor", compositor(kafka, Renderer())),
    ):
        for poison in poisons:
            await producer.send_and_wait(
                LOOK_REQUESTED.name, poison, key=request_id.encode(), partition=number
            )
        await publish(producer, Emit(event, ("look.requested",), 1))

        async def succeeded() -> bool:
            return bool(
                await pool.fetchval(
                    "SELECT status = 'SUCCESS' FROM request_logs WHERE request_id = $1", request_id
                )
            )

        await until(succeeded)

        async def kept() -> bool:
            # By two readers of the topic
            return len(await records_of(kafka, LOOK_QUARANTINE, request_id)) == 2 * len(poisons)

        await until(kept)
    values = [record.value for record in await records_of(kafka, LOOK_QUARANTINE, request_id)]
    assert sorted(values, key=repr) == sorted(poisons * 2, key=repr)


@pytest.mark.hostile(row=27)
async def test_an_overdue_request_is_expired_only_once_the_projection_has_caught_up(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=1, queue_max=1), deadline_s=0.001)
    event = await requested(pool, request_id)
    # The look was completed in time, but nobody has projected it yet.
    await publish(producer, outcome_of(event))
    look = LookSettings(clock_margin_s=0.1)
    soon = kafka.model_copy(update={"transaction_timeout_s": 1})

    def sweeper(process: Process) -> DeadlineSweeper:
        return DeadlineSweeper(process, soon, look, OverdueStore(pool), ProjectionStore(pool))

    (overdue,) = await accept(Acceptance(pool, batch_max=1, queue_max=1), deadline_s=0.001)
    async with running("sweeper", sweeper):
        # Past deadline, transaction timeout, abort interval, margin: only the projection is left.
        await asyncio.sleep(4)
        assert await records_of(kafka, LOOK_DEAD_LETTER, request_id) == []
        async with running("projection", projection(kafka, pool)):

            async def expired() -> bool:
                return len(await records_of(kafka, LOOK_DEAD_LETTER, overdue)) > 0

            await until(expired)
    assert await records_of(kafka, LOOK_DEAD_LETTER, request_id) == []
    assert (
        await pool.fetchval("SELECT status FROM request_logs WHERE request_id = $1", request_id)
        == "SUCCESS"
    )


def outcome_of(event: LookRequested) -> Emit:
    from consumers.compositor.handler import outcome_of as decide  # noqa: PLC0415 (used here only)
    from domain.outcomes import Done  # noqa: PLC0415 (used here only)

    outcome = decide(event, Rendered(IMAGE, (), "test", ()), now(), now())
    assert isinstance(outcome, Done)
    (emit,) = outcome.emits
    return Emit(emit.event, emit.identity, 2)
