"""Charging and recording on a real Postgres."""

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from runtime import faults
from runtime.faults import FaultPoint, Planted
from schemas.ids import new_request_id
from storage import advisory
from storage.acceptance import Acceptance, Overloaded
from storage.accounts import AccountStore
from storage.advisory import LockClass
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    IdempotencyKey,
    KeyInProgress,
    KeyReused,
    Unpaid,
)
from tests.integration.accepting import submission


async def tenant_with(pool: asyncpg.Pool, credit: int) -> str:
    store, tenant = AccountStore(pool), f"t{new_request_id().lower()}"
    await store.create_tenant(tenant, [f"users/{tenant}/"])
    if credit:
        await store.grant(tenant, "live", credit, "test")
    return tenant


async def test_a_charge_its_row_its_entry_and_its_outbox_row_come_together(
    pool: asyncpg.Pool,
) -> None:
    tenant = await tenant_with(pool, 100)
    one = submission(tenant=tenant)
    assert await Acceptance(pool, batch_max=8, queue_max=8).accept(one) == Accepted(one.answer)
    assert (
        await pool.fetchval(
            "SELECT amount FROM ledger_entries WHERE request_id = $1", one.request_id
        )
        == -10
    )
    assert (
        await pool.fetchval("SELECT status FROM request_logs WHERE request_id = $1", one.request_id)
        == "NOT_STARTED"
    )
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM outbox WHERE key = $1 AND topic = 'look.requested'",
            one.request_id,
        )
        == 1
    )
    assert await AccountStore(pool).balance(tenant, "live") == 90


@pytest.mark.hostile(row=22)
async def test_two_processes_never_overspend_one_account(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 155)
    processes = [Acceptance(pool, batch_max=16, queue_max=500) for _ in range(3)]
    verdicts = await asyncio.gather(
        *(processes[number % 3].accept(submission(tenant=tenant)) for number in range(150))
    )
    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == 15
    assert sum(isinstance(verdict, Unpaid) for verdict in verdicts) == 135
    assert await AccountStore(pool).balance(tenant, "live") == 5
    assert (
        await pool.fetchval("SELECT sum(amount) FROM ledger_entries WHERE tenant_id = $1", tenant)
        == 5
    )


async def test_what_arrives_during_a_commit_shares_the_next(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 10_000)
    acceptance = Acceptance(pool, batch_max=256, queue_max=1000)
    await asyncio.gather(*(acceptance.accept(submission(tenant=tenant)) for _ in range(200)))
    (written,) = await pool.fetch(
        """SELECT count(*) AS requests, count(DISTINCT xmin::text) AS transactions
           FROM request_logs WHERE tenant_id = $1""",
        tenant,
    )
    assert written["requests"] == 200
    assert written["transactions"] < 20


@pytest.mark.hostile(row=18)
async def test_one_idempotency_key_is_decided_once_across_processes(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 1000)
    processes = [Acceptance(pool, batch_max=16, queue_max=500) for _ in range(3)]
    key = IdempotencyKey("POST /v1/look", "k", b"same")

    async def post(number: int) -> AcceptanceResult:
        one = submission(tenant=tenant)
        return await processes[number % 3].accept(
            replace(one, idempotency=key, answer=one.request_id.encode())
        )

    verdicts = await asyncio.gather(*(post(number) for number in range(90)))
    answers = {verdict.answer for verdict in verdicts if isinstance(verdict, Accepted)}
    assert len(answers) == 1
    assert sum(isinstance(verdict, Accepted) and not verdict.replayed for verdict in verdicts) == 1
    assert await AccountStore(pool).balance(tenant, "live") == 990
    reused = replace(submission(tenant=tenant), idempotency=replace(key, fingerprint=b"other"))
    assert await processes[0].accept(reused) == KeyReused()


@pytest.mark.hostile(row=20)
async def test_a_refusal_does_not_use_up_the_key(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 0)
    acceptance = Acceptance(pool, batch_max=16, queue_max=16)
    one = replace(
        submission(tenant=tenant), idempotency=IdempotencyKey("POST /v1/look", "k", b"same")
    )
    assert await acceptance.accept(one) == Unpaid(0)
    await AccountStore(pool).grant(tenant, "live", 10, "top-up")
    assert await acceptance.accept(one) == Accepted(one.answer)


async def test_those_that_are_refused_together_are_told_what_is_left(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 35)
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    costs = (20, 40, 10, 30, 5)
    verdicts = await asyncio.gather(
        *(acceptance.accept(submission(tenant=tenant, cost=cost)) for cost in costs)
    )
    paid = [isinstance(verdict, Accepted) for verdict in verdicts]
    # A cost that can't be paid leaves the balance to smaller ones behind it
    assert paid == [True, False, True, False, True]
    assert [verdict.available for verdict in verdicts if isinstance(verdict, Unpaid)] == [15, 15]
    assert await AccountStore(pool).balance(tenant, "live") == 0


async def test_replays_in_a_batch_cost_those_behind_them_nothing(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 20)
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    key = IdempotencyKey("POST /v1/look", "k", b"same")
    first = replace(submission(tenant=tenant), idempotency=key, answer=b"first")
    assert await acceptance.accept(first) == Accepted(b"first")
    again = [
        replace(submission(tenant=tenant), idempotency=replace(key, fingerprint=fingerprint))
        for fingerprint in (b"same", b"other", b"same")
    ]
    new = [submission(tenant=tenant), submission(tenant=tenant)]
    verdicts = await asyncio.gather(*(acceptance.accept(one) for one in (*again, *new)))
    assert verdicts == [
        Accepted(b"first", replayed=True),
        KeyReused(),
        Accepted(b"first", replayed=True),
        Accepted(new[0].answer),
        Unpaid(0),
    ]
    assert await AccountStore(pool).balance(tenant, "live") == 0
    assert (
        await pool.fetchval("SELECT count(*) FROM request_logs WHERE tenant_id = $1", tenant) == 2
    )


async def test_each_member_of_a_batch_has_its_own_deadline(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 1000)
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    works = [submission(tenant=tenant, deadline_s=seconds) for seconds in (5, 3600, 0.5)]
    await asyncio.gather(*(acceptance.accept(one) for one in works))
    rows = await pool.fetch(
        """SELECT request_id, extract(epoch FROM deadline_at - created_at)::float8 AS seconds
           FROM request_logs WHERE tenant_id = $1""",
        tenant,
    )
    assert {row["request_id"]: row["seconds"] for row in rows} == {
        one.request_id: one.deadline_s for one in works
    }


async def test_a_key_that_another_process_decides_on_is_in_progress(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 1000)
    one = replace(
        submission(tenant=tenant), idempotency=IdempotencyKey("POST /v1/look", "k", b"same")
    )
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    async with pool.acquire() as connection, connection.transaction():
        await advisory.hold_one(
            connection, LockClass.IDEMPOTENCY_KEY, "\x1f".join(one.identity or ())
        )
        assert await acceptance.accept(one) == KeyInProgress()
    assert await acceptance.accept(one) == Accepted(one.answer)


@pytest.mark.parametrize(
    ("point", "left"), [(FaultPoint.BEFORE_COMMIT, 100), (FaultPoint.AFTER_COMMIT, 90)]
)
async def test_a_fault_strikes_between_the_writing_and_the_commit_or_after_it(
    pool: asyncpg.Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: FaultPoint,
    left: int,
) -> None:
    monkeypatch.setenv("LOOKS_FAULTS_DIR", str(tmp_path))
    faults._folder.cache_clear()
    tenant = await tenant_with(pool, 100)
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    (tmp_path / f"api.{point}").write_text("raise")
    try:
        with pytest.raises(Planted):
            await acceptance.accept(submission(tenant=tenant))
        assert await AccountStore(pool).balance(tenant, "live") == left
        again = submission(tenant=tenant)
        assert await acceptance.accept(again) == Accepted(again.answer)
        assert await AccountStore(pool).balance(tenant, "live") == left - 10
    finally:
        faults._folder.cache_clear()


async def test_a_bad_member_of_a_batch_fails_alone(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 1000)
    acceptance = Acceptance(pool, batch_max=16, queue_max=64)
    twin = new_request_id()
    works = [submission(tenant=tenant) for _ in range(5)] + [
        submission(twin, tenant=tenant),
        submission(twin, tenant=tenant),
    ]
    results = await asyncio.gather(
        *(acceptance.accept(work) for work in works), return_exceptions=True
    )
    assert sum(isinstance(result, Accepted) for result in results) == 6
    assert sum(isinstance(result, asyncpg.UniqueViolationError) for result in results) == 1
    assert await AccountStore(pool).balance(tenant, "live") == 1000 - 60


async def test_a_full_queue_refuses_before_anything_is_written(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 1000)
    acceptance = Acceptance(pool, batch_max=1, queue_max=2)
    results = await asyncio.gather(
        *(acceptance.accept(submission(tenant=tenant)) for _ in range(10)), return_exceptions=True
    )
    refused = sum(isinstance(result, Overloaded) for result in results)
    assert refused == 8
    assert await AccountStore(pool).balance(tenant, "live") == 1000 - 10 * (10 - refused)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount = 0",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
    ],
)
async def test_the_ledger_can_not_be_changed(pool: asyncpg.Pool, statement: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="never changed"):
        await pool.execute(statement)


async def test_a_grant_is_made_once_per_reference(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 0)
    store = AccountStore(pool)
    granted = await asyncio.gather(*(store.grant(tenant, "live", 7, "invoice-1") for _ in range(5)))
    assert sorted(granted) == [False, False, False, False, True]
    assert await store.balance(tenant, "live") == 7
