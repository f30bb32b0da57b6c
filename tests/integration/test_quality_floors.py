"""A tenant's quality floor: set by an operator, carried by each of its requests, and by a request
that makes one good.
"""

import asyncpg
import orjson
import pytest

from devstack.stack import Stack
from domain.redriving import RecordPosition, Verb
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore, UnknownTenant
from storage.operator_actions import Intent
from storage.redrives import RedriveStore
from tests.integration.accepting import submission
from tests.integration.test_acceptance import tenant_with
from tests.integration.test_command_line import looks


async def floor_of(pool: asyncpg.Pool, request_id: str) -> float | None:
    value = await pool.fetchval(
        "SELECT value FROM outbox WHERE key = $1 AND topic = 'look.requested'", request_id
    )
    floor: float | None = orjson.loads(value)["quality_floor"]
    return floor


async def test_an_operator_sets_and_shows_a_tenants_floor(
    services: Stack, pool: asyncpg.Pool
) -> None:
    tenant, store = await tenant_with(pool, 0), AccountStore(pool)
    assert looks(services, "tenants", "quality-floor", tenant).stdout == f"{tenant}: default\n"
    for word, floor in (("0.35", 0.35), ("0", 0.0), ("1", 1.0), ("default", None)):
        assert (
            looks(services, "tenants", "quality-floor", tenant, word).stdout
            == f"{tenant}: {word}\n"
        )
        assert looks(services, "tenants", "quality-floor", tenant).stdout == f"{tenant}: {word}\n"
        assert (await store.tenant(tenant)).quality_floor == floor
        (shown,) = [
            line
            for line in looks(services, "tenants", "list").stdout.splitlines()
            if line.startswith(tenant)
        ]
        assert shown.endswith(f" quality floor {word}") is (floor is not None)


@pytest.mark.parametrize(
    "words",
    [
        ("nobody",),
        ("nobody", "0.5"),
        ("demo", "1.01"),
        ("demo", "nan"),
        ("demo", "inf"),
        ("demo", "high"),
    ],
)
def test_a_floor_that_makes_no_sense_is_refused(services: Stack, words: tuple[str, ...]) -> None:
    refused = looks(services, "tenants", "quality-floor", *words)
    assert refused.returncode == 1
    assert refused.stderr.strip()


@pytest.mark.parametrize("floor", [-0.01, 1.01, float("nan"), float("inf")])
async def test_the_table_takes_no_other_floor(pool: asyncpg.Pool, floor: float) -> None:
    tenant, store = await tenant_with(pool, 0), AccountStore(pool)
    with pytest.raises(asyncpg.CheckViolationError):
        await store.set_quality_floor(tenant, floor)
    with pytest.raises(UnknownTenant):
        await store.set_quality_floor("nobody", 0.5)


async def test_each_request_carries_its_tenants_floor_of_the_moment(pool: asyncpg.Pool) -> None:
    strict, easy, store = (
        await tenant_with(pool, 100),
        await tenant_with(pool, 100),
        AccountStore(pool),
    )
    acceptance = Acceptance(pool, batch_max=8, queue_max=8)
    for floor in (None, 0.35, 1.0, None):
        await store.set_quality_floor(strict, floor)
        one, other = submission(tenant=strict), submission(tenant=easy)
        await acceptance.accept(one)
        await acceptance.accept(other)
        assert await floor_of(pool, one.request_id) == floor
        assert await floor_of(pool, other.request_id) is None


async def test_a_look_that_is_made_good_has_its_tenants_floor_of_today(pool: asyncpg.Pool) -> None:
    tenant = await tenant_with(pool, 100)
    one = submission(tenant=tenant)
    await Acceptance(pool, batch_max=8, queue_max=8).accept(one)
    await pool.execute(
        "UPDATE request_logs SET status = 'FAILURE', error_code = 'internal', error_message = 'x' "
        "WHERE request_id = $1",
        one.request_id,
    )
    await pool.execute(
        """WITH refund AS (INSERT INTO ledger_entries (tenant_id, environment, kind, amount,
        request_id)
                           VALUES ($1, 'live', 'refund', 10, $2))
           UPDATE credit_accounts SET balance = balance + 10 WHERE tenant_id = $1
             AND environment = 'live'""",
        tenant,
        one.request_id,
    )
    await AccountStore(pool).set_quality_floor(tenant, 0.6)
    place = RecordPosition("look.dead-letter", 0, int.from_bytes(new_request_id().encode()[-6:]))
    intent = Intent(new_request_id(), Verb.RERUN, place, "test", "", one.request_id)
    fresh = await RedriveStore(pool).rerun(one.request_id, intent, 60)
    assert fresh is not None
    assert await floor_of(pool, fresh) == 0.6
