"""Goodwill on a real Postgres: once a look, bounded a month, the same in ledger and balance."""

import asyncio
from datetime import timedelta

import asyncpg
import orjson
import pytest

from domain.goodwill import FREE_A_MONTH, Withheld
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.goodwill import GoodwillStore
from storage.jobs import JobStore
from storage.submissions import Accepted
from tests.integration.accepting import submission
from tests.unit.api.fakes import RESULT


async def a_tenant(pool: asyncpg.Pool) -> str:
    accounts, tenant = AccountStore(pool), f"t{new_request_id().lower()}"
    await accounts.create_tenant(tenant, [f"users/{tenant}/"])
    await accounts.grant(tenant, "live", 1000, "a beginning")
    return tenant


async def a_picture(pool: asyncpg.Pool, tenant: str, status: str = "SUCCESS") -> str:
    """A look of the tenant as if it had been made."""
    one = submission(tenant=tenant)
    assert isinstance(await Acceptance(pool, batch_max=1, queue_max=1).accept(one), Accepted)
    if status == "SUCCESS":
        await pool.execute(
            "UPDATE request_logs SET status = 'SUCCESS', result = $2 WHERE request_id = $1",
            one.request_id,
            orjson.dumps(RESULT).decode(),
        )
    return one.request_id


async def test_a_look_is_given_back_once_however_often_it_is_reported(pool: asyncpg.Pool) -> None:
    tenant, store = await a_tenant(pool), GoodwillStore(pool)
    request_id = await a_picture(pool, tenant)
    told = await asyncio.gather(
        *(store.report(tenant, "live", request_id, "shape", f"try {n}") for n in range(8))
    )
    rows = {one[0] for one in told if one is not None}
    assert len(rows) == 1
    assert sorted(one[1] for one in told if one is not None) == [False] * 7 + [True]
    assert (rows.pop().credited, await AccountStore(pool).balance(tenant, "live")) == (10, 1000)
    (entry, *_) = await AccountStore(pool).statement(tenant, "live", 10)
    assert (entry.kind, entry.amount, entry.request_id) == ("goodwill", 10, request_id)
    job = await JobStore(pool).job(tenant, "live", request_id)
    assert job is not None
    assert (job.receipt.goodwill, job.receipt.refunded, job.refunded) == (10, 0, False)


async def test_a_month_has_a_bound_also_for_many_at_once(pool: asyncpg.Pool) -> None:
    tenant, store = await a_tenant(pool), GoodwillStore(pool)
    ids = [await a_picture(pool, tenant) for _ in range(FREE_A_MONTH + 3)]
    told = await asyncio.gather(*(store.report(tenant, "live", one, "colour", "") for one in ids))
    withheld = [one[0].withheld for one in told if one is not None]
    assert withheld.count(None) == FREE_A_MONTH
    assert withheld.count(Withheld.MONTHLY_LIMIT) == 3
    entries = await AccountStore(pool).statement(tenant, "live", 100)
    given = [one for one in entries if one.kind == "goodwill"]
    assert len(given) == FREE_A_MONTH
    assert sum(one.amount for one in entries) == await AccountStore(pool).balance(tenant, "live")


async def test_only_a_finished_look_of_the_tenant_itself_is_reported(pool: asyncpg.Pool) -> None:
    (tenant, other), store = [await a_tenant(pool) for _ in range(2)], GoodwillStore(pool)
    theirs, open_one = await a_picture(pool, other), await a_picture(pool, tenant, "NOT_STARTED")
    for request_id in (theirs, open_one, new_request_id()):
        assert await store.report(tenant, "live", request_id, "other", "") is None
    assert await store.report(other, "test", theirs, "other", "") is None
    assert await AccountStore(pool).balance(other, "live") == 990


async def test_a_report_that_comes_late_is_kept_and_brings_nothing(pool: asyncpg.Pool) -> None:
    tenant, store = await a_tenant(pool), GoodwillStore(pool)
    request_id = await a_picture(pool, tenant)
    await pool.execute(
        "UPDATE request_logs SET created_at = created_at - $2::interval WHERE request_id = $1",
        request_id,
        timedelta(days=31),
    )
    told = await store.report(tenant, "live", request_id, "other", "")
    assert told is not None
    assert (told[0].credited, told[0].withheld) == (0, Withheld.TOO_LATE)
    kept = "SELECT withheld FROM look_reports WHERE request_id = $1"
    assert await pool.fetchval(kept, request_id) == "too_late"


async def test_the_ledger_takes_one_goodwill_of_a_look_and_no_negative_one(
    pool: asyncpg.Pool,
) -> None:
    tenant = await a_tenant(pool)
    request_id = await a_picture(pool, tenant)
    enter = """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
               VALUES ($1, 'live', 'goodwill', $2, $3)"""
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(enter, tenant, 0, request_id)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(enter.replace("goodwill", "gift"), tenant, 1, request_id)
    assert await GoodwillStore(pool).report(tenant, "live", request_id, "other", "") is not None
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(enter, tenant, 10, request_id)
