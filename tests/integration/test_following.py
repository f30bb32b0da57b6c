"""Following jobs on a real Postgres: wake-ups travel with the commit, reads are shared, receipts
and sums are the ledger's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from api.housekeeping import purge_once
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from domain.projection import Changes, JobEventRow, StatusChange
from runtime.settings import DatabaseSettings
from schemas.events import CreditRefund, LookCompleted, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.http import JobStatus
from schemas.ids import derived_id, new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.idempotency import IdempotencyStore
from storage.jobs import JobFilter, JobStore
from storage.projection import ProjectionStore
from storage.reads import ReadPool
from storage.refunds import RefundStore
from storage.submissions import LOOK_ROUTE, Accepted, IdempotencyKey
from storage.usage import UsageRow, UsageStore
from storage.wakeups import IDS_PER_NOTE, listen, notes
from tests.integration.accepting import accept, submission
from tests.integration.conftest import until
from tests.integration.test_acceptance import tenant_with

IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)


def now() -> datetime:
    return datetime.now(UTC)


class Ears:
    """Remembers what was heard; None: everybody was woken."""

    def __init__(self) -> None:
        self.listening = False
        self.heard: list[str | None] = []

    def wake(self, request_ids: Iterable[str] | None) -> None:
        self.heard += [None] if request_ids is None else request_ids


@pytest.fixture
async def ears(services: Stack) -> AsyncIterator[Ears]:
    made = Ears()
    task = asyncio.create_task(listen(settings_of(DatabaseSettings, services.env), made))
    await until(_is(lambda: made.listening))
    yield made
    task.cancel()
    await asyncio.wait({task})


def _is(true: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return true()

    return ask


def row(request_id: str, seq: int, event_type: str) -> JobEventRow:
    return JobEventRow(
        request_id, seq, derived_id(request_id, str(seq)), event_type, None, "", {}, now()
    )


def completed(request_id: str) -> StatusChange:
    result = LookCompleted(
        request_id=request_id,
        tenant_id="demo",
        image=IMAGE,
        items=(),
        engine_version="t",
        duration_ms=1,
        completed_at=now(),
    )
    return StatusChange(request_id, JobStatus.SUCCESS, now(), result=result)


def failed(request_id: str) -> StatusChange:
    return StatusChange(
        request_id, JobStatus.FAILURE, now(), FailureReason(code=FailureCode.INTERNAL, message="x")
    )


async def project(pool: asyncpg.Pool, events: list[JobEventRow], *statuses: StatusChange) -> None:
    """Apply events as the projection does, at an offset that nobody else uses."""
    changes = Changes(events, {status.request_id: status for status in statuses})
    await ProjectionStore(pool).apply(changes, {(f"test-{new_request_id()}", 0): (0, 1)})


async def test_whoever_listens_hears_of_events_and_refunds_when_they_are_committed(
    pool: asyncpg.Pool, ears: Ears
) -> None:
    first, second = await accept(Acceptance(pool, batch_max=8, queue_max=8), 2)
    await project(pool, [row(first, 1, "queued"), row(second, 1, "queued")])
    await until(_is(lambda: {first, second} <= set(ears.heard)))
    ears.heard.clear()
    refunds = RefundStore(pool)
    charge = (await refunds.charges([first]))[first]
    event = CreditRefund(
        request_id=first,
        tenant_id="demo",
        amount=10,
        reason=FailureCode.INTERNAL,
        refunded_at=now(),
    )
    assert await refunds.refund([(event, charge)]) == {first}
    await until(_is(lambda: ears.heard == [first]))
    assert await refunds.refund([(event, charge)]) == set()


async def test_a_transaction_that_fails_wakes_nobody(pool: asyncpg.Pool, ears: Ears) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=8, queue_max=8))
    with pytest.raises(asyncpg.CheckViolationError):
        await project(pool, [row(request_id, 1, "queued"), row(request_id, 0, "stage")])
    await project(pool, [row(request_id, 1, "queued")])
    await until(_is(lambda: ears.heard.count(request_id) == 1))


async def test_a_lost_listener_comes_back_and_wakes_everybody(
    pool: asyncpg.Pool, ears: Ears
) -> None:
    ears.heard.clear()
    ended = await pool.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
        "'looks-listener' AND datname = current_database()"
    )
    assert ended == 1
    await until(_is(lambda: None in ears.heard and ears.listening))
    (request_id,) = await accept(Acceptance(pool, batch_max=8, queue_max=8))
    await project(pool, [row(request_id, 1, "queued")])
    await until(_is(lambda: request_id in ears.heard))


def test_a_note_fits_into_postgres_and_all_ids_are_in_one() -> None:
    ids = [new_request_id() for _ in range(2 * IDS_PER_NOTE + 1)]
    made = list(notes(ids + ids))
    assert sorted(" ".join(made).split()) == sorted(ids)
    assert len(made) == 3
    assert max(len(note) for note in made) < 8000


async def test_news_are_of_many_jobs_at_once_each_after_its_own_seq_and_without_gaps(
    pool: asyncpg.Pool,
) -> None:
    jobs = JobStore(pool)
    done, gap, untouched = await accept(Acceptance(pool, batch_max=8, queue_max=8), 3)
    await project(
        pool,
        [
            row(done, 1, "queued"),
            row(done, 2, "succeeded"),
            row(gap, 1, "queued"),
            row(gap, 3, "stage"),
        ],
        completed(done),
    )
    news = await jobs.news({done: 1, gap: 0, untouched: 0, new_request_id(): 0})
    assert set(news) == {done, gap, untouched}
    assert [event.seq for event in news[done].events] == [2]
    assert news[done].events[0].event_id == derived_id(done, "2")
    assert news[done].job.result is not None
    assert [event.seq for event in news[gap].events] == [1]
    assert news[gap].job.latest_seq == 1
    assert (news[untouched].events, news[untouched].job.latest_seq) == ([], 0)


async def test_a_receipt_and_the_use_of_a_day_are_what_the_ledger_says(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 100)
    acceptance, jobs, refunds = (
        Acceptance(pool, batch_max=8, queue_max=8),
        JobStore(pool),
        RefundStore(pool),
    )
    works = [submission(tenant=tenant) for _ in range(4)]
    for one in works:
        assert isinstance(await acceptance.accept(one), Accepted)
    done, gone, *_ = [one.request_id for one in works]
    await project(pool, [row(done, 1, "queued")], completed(done), failed(gone))
    charge = (await refunds.charges([gone]))[gone]
    event = CreditRefund(
        request_id=gone, tenant_id=tenant, amount=10, reason=FailureCode.INTERNAL, refunded_at=now()
    )
    await refunds.refund([(event, charge)])
    job = await jobs.job(tenant, "live", gone)
    assert job is not None
    assert (job.receipt.charged, job.receipt.refunded, job.refunded) == (10, 10, True)
    assert job.receipt.charged_at is not None
    assert job.receipt.refunded_at is not None
    kept = await jobs.job(tenant, "live", done)
    assert kept is not None
    assert (kept.receipt.charged, kept.receipt.refunded, kept.receipt.refunded_at) == (10, 0, None)

    today = job.created_at.date()
    usage = UsageStore(ReadPool(pool))
    assert await usage.by_day(tenant, "live", today, today) == [
        UsageRow(today, "look", 4, 1, 1, 40, 10)
    ]
    assert await usage.by_day(tenant, "test", today, today) == []
    assert (
        await usage.by_day(tenant, "live", today - timedelta(days=9), today - timedelta(days=1))
        == []
    )
    entries = await pool.fetchval(
        "SELECT -sum(amount) FROM ledger_entries WHERE tenant_id = $1 AND kind <> 'grant'", tenant
    )
    assert entries == Decimal(30)


async def test_a_day_begins_and_ends_at_midnight_utc(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 100)
    one = submission(tenant=tenant)
    await Acceptance(pool, batch_max=8, queue_max=8).accept(one)
    usage = UsageStore(ReadPool(pool))
    today = now().date()
    for at, day in (("00:00:00", today), ("23:59:59.999999", today)):
        await pool.execute(
            "UPDATE request_logs SET created_at = ($2 || ' ' || $3 || '+00')::timestamptz WHERE "
            "request_id = $1",
            one.request_id,
            str(today),
            at,
        )
        assert [used.day for used in await usage.by_day(tenant, "live", today, today)] == [day]
        for other in (today - timedelta(days=1), today + timedelta(days=1)):
            assert await usage.by_day(tenant, "live", other, other) == []


async def test_renders_are_only_finished_looks_and_only_the_tenants(pool: asyncpg.Pool) -> None:
    jobs, tenant, stranger = (
        JobStore(pool),
        await tenant_with(pool, 100),
        await tenant_with(pool, 0),
    )
    works = [submission(tenant=tenant) for _ in range(4)]
    for one in works:
        await Acceptance(pool, batch_max=8, queue_max=8).accept(one)
    ids = [one.request_id for one in works]
    await project(pool, [], *[completed(one) for one in ids[:3]], failed(ids[3]))
    newest = sorted(ids[:3], reverse=True)
    assert [job.request_id for job in await jobs.renders(tenant, "live", 10)] == newest
    assert [
        job.request_id for job in await jobs.renders(tenant, "live", 10, before=newest[0])
    ] == newest[1:]
    assert [job.request_id for job in await jobs.renders(tenant, "live", 1, only=newest[1])] == [
        newest[1]
    ]
    for tenant_id, environment in ((tenant, "test"), (stranger, "live")):
        assert await jobs.renders(tenant_id, environment, 1, only=newest[1]) == []
    assert await jobs.renders(tenant, "live", 1, only=ids[3]) == []


async def test_a_job_is_found_by_its_idempotency_key_by_its_tenant_alone(
    pool: asyncpg.Pool,
) -> None:
    jobs, tenant, stranger = (
        JobStore(pool),
        await tenant_with(pool, 100),
        await tenant_with(pool, 0),
    )
    one = submission(tenant=tenant)
    await Acceptance(pool, batch_max=8, queue_max=8).accept(
        replace(one, idempotency=IdempotencyKey(LOOK_ROUTE, "k", b"f"))
    )
    chosen = JobFilter(idempotency_key="k")
    assert [job.request_id for job in await jobs.jobs(tenant, "live", chosen, 10)] == [
        one.request_id
    ]
    assert await jobs.jobs(tenant, "test", chosen, 10) == []
    assert await jobs.jobs(stranger, "live", chosen, 10) == []
    assert await jobs.jobs(tenant, "live", JobFilter(idempotency_key="other"), 10) == []


async def test_idempotency_keys_are_kept_for_their_time_and_then_removed_in_batches(
    pool: asyncpg.Pool,
) -> None:
    store, tenant = IdempotencyStore(pool), f"t{new_request_id().lower()}"
    await pool.execute(
        """INSERT INTO idempotency_keys
             (tenant_id, environment, route, key, fingerprint, request_id, status_code, body,
               created_at)
           SELECT $1, 'live', 'r', n::text, 'f', 'x', 202, '', now() - make_interval(days => n)
           FROM generate_series(1, 25) n""",
        tenant,
    )
    assert await purge_once(store, 7 * 86_400.0, batch=4) >= 18
    left = await pool.fetch("SELECT key FROM idempotency_keys WHERE tenant_id = $1", tenant)
    assert {int(row["key"]) for row in left} == set(range(1, 7))
    assert await purge_once(store, 7 * 86_400.0) == 0


async def test_only_keys_that_work_are_said_to_work(pool: asyncpg.Pool) -> None:
    accounts, tenant = AccountStore(pool), await tenant_with(pool, 0)
    ids = [(await accounts.create_key(tenant, "live", ["jobs:read"]))[0] for _ in range(3)]
    assert await accounts.working_keys({*ids, "none"}) == set(ids)
    await accounts.revoke_key(ids[0])
    await pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", ids[1])
    assert await accounts.working_keys(ids) == {ids[2]}
