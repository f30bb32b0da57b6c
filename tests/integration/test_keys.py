"""Keys and grants on a real Postgres: rotation, expiry, revocation across processes, and money that
is refused.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import httpx
import pytest

from api.app import create_app
from domain.api_keys import CAPABILITIES
from domain.money import MAX_BALANCE
from runtime.settings import ApiSettings
from schemas.ids import new_request_id
from storage.accounts import AccountStore, GrantRefused, KeyEnded, UnknownTenant
from tests.unit.api.fakes import make_ports


async def a_tenant(pool: asyncpg.Pool) -> tuple[AccountStore, str]:
    store, tenant = AccountStore(pool), f"t{new_request_id().lower()}"
    await store.create_tenant(tenant, [f"users/{tenant}/"])
    return store, tenant


async def test_a_rotated_key_works_beside_its_successor_until_the_overlap_is_over(
    pool: asyncpg.Pool,
) -> None:
    store, tenant = await a_tenant(pool)
    old_id, old = await store.create_key(tenant, "test", ["jobs:read"])
    new_id, new, ends_at = await store.rotate_key(old_id, timedelta(hours=1))
    first, second = await store.credential(old), await store.credential(new)
    assert first is not None
    assert second is not None
    assert replace(second, key_id=old_id) == first
    assert second.key_prefixes == (f"test/users/{tenant}/",)
    await pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", old_id)
    assert await store.credential(old) is None
    assert await store.credential(new) is not None
    rows = {row["key_id"]: row for row in await store.keys(tenant)}
    assert (rows[old_id]["expired"], rows[new_id]["expired"], rows[new_id]["replaces"]) == (
        True,
        None,
        old_id,
    )
    assert ends_at.tzinfo is not None


async def test_an_overlap_of_nothing_ends_the_old_key_at_once_and_never_lengthens_a_life(
    pool: asyncpg.Pool,
) -> None:
    store, tenant = await a_tenant(pool)
    key_id, key = await store.create_key(tenant, "live", CAPABILITIES)
    await store.rotate_key(key_id, timedelta())
    assert await store.credential(key) is None
    short_id, _ = await store.create_key(
        tenant, "live", CAPABILITIES, expires_in=timedelta(minutes=5)
    )
    ends_at = await pool.fetchval("SELECT expires_at FROM api_keys WHERE key_id = $1", short_id)
    assert (await store.rotate_key(short_id, timedelta(days=1)))[2] == ends_at


async def test_a_key_that_ended_or_was_rotated_is_not_rotated(pool: asyncpg.Pool) -> None:
    store, tenant = await a_tenant(pool)
    key_id, _ = await store.create_key(tenant, "live", CAPABILITIES)
    tries = await asyncio.gather(
        *(store.rotate_key(key_id, timedelta(hours=1)) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, KeyEnded) for one in tries) == 4
    revoked_id, _ = await store.create_key(tenant, "live", CAPABILITIES)
    await store.revoke_key(revoked_id)
    for one in (revoked_id, "nothing"):
        with pytest.raises(KeyEnded):
            await store.rotate_key(one, timedelta(hours=1))


@pytest.mark.hostile(row=13)
@pytest.mark.hostile(row=47)
async def test_a_revoked_or_expired_key_is_refused_by_every_process_once_its_cache_is_over(
    pool: asyncpg.Pool,
) -> None:
    store, tenant = await a_tenant(pool)
    assert ApiSettings().key_cache_ttl_s <= 1
    ports, *_ = make_ports()
    ports = replace(ports, accounts=store)
    processes = [
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(ports)), base_url="http://api.test"
        )
        for _ in range(2)
    ]
    for end in ("revoked_at", "expires_at"):
        key_id, key = await store.create_key(tenant, "live", CAPABILITIES)
        headers = {"Authorization": f"Bearer {key}"}
        assert [
            (await http.get("/v1/credits", headers=headers)).status_code for http in processes
        ] == [200, 200]
        if end == "revoked_at":
            await store.revoke_key(key_id)
        else:
            await pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", key_id)
        await asyncio.sleep(ports.api.key_cache_ttl_s)
        assert [
            (await http.get("/v1/credits", headers=headers)).status_code for http in processes
        ] == [401, 401]
    for http in processes:
        await http.aclose()


async def test_the_use_of_a_key_is_written_at_most_once_a_minute(pool: asyncpg.Pool) -> None:
    store, tenant = await a_tenant(pool)
    key_id, _ = await store.create_key(tenant, "live", CAPABILITIES)
    await store.mark_used([key_id])
    seen = await pool.fetchval("SELECT last_used_at FROM api_keys WHERE key_id = $1", key_id)
    await store.mark_used([key_id])
    assert (
        await pool.fetchval("SELECT last_used_at FROM api_keys WHERE key_id = $1", key_id) == seen
    )
    await pool.execute(
        "UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE key_id = $1", key_id
    )
    await store.mark_used([key_id])
    assert await pool.fetchval(
        "SELECT last_used_at >= $2 FROM api_keys WHERE key_id = $1", key_id, seen
    )


@pytest.mark.hostile(row=46)
@pytest.mark.parametrize("amount", [0, -1, -(2**63), 2**63, 2**63 - 1, 10**30, MAX_BALANCE + 1])
async def test_row_46_amounts_that_are_none_are_refused_and_leave_no_entry(
    pool: asyncpg.Pool, amount: int
) -> None:
    store, tenant = await a_tenant(pool)
    with pytest.raises(GrantRefused):
        await store.grant(tenant, "live", amount, "r")
    assert await store.balance(tenant, "live") == 0
    assert await store.statement(tenant, "live", 10) == []


@pytest.mark.hostile(row=46)
async def test_row_46_a_balance_does_not_grow_past_its_limit(pool: asyncpg.Pool) -> None:
    store, tenant = await a_tenant(pool)
    assert await store.grant(tenant, "live", MAX_BALANCE, "all")
    with pytest.raises(GrantRefused):
        await store.grant(tenant, "live", 1, "more")
    assert await store.balance(tenant, "live") == MAX_BALANCE


@pytest.mark.hostile(row=46)
async def test_row_46_a_reference_is_granted_once_and_with_one_amount(pool: asyncpg.Pool) -> None:
    store, tenant = await a_tenant(pool)
    assert await store.grant(tenant, "live", 5, "r")
    assert not await store.grant(tenant, "live", 5, "r")
    with pytest.raises(GrantRefused, match="5 credits"):
        await store.grant(tenant, "live", 6, "r")
    with pytest.raises(GrantRefused):
        await store.grant(tenant, "live", 5, "")
    assert await store.grant(tenant, "test", 6, "r")
    assert await store.balance(tenant, "live") == 5
    with pytest.raises(UnknownTenant):
        await store.grant("nobody", "live", 5, "r")


async def test_a_new_key_is_strict_and_a_rotated_one_as_strict_as_before(
    pool: asyncpg.Pool,
) -> None:
    store, tenant = await a_tenant(pool)
    key_id, key = await store.create_key(tenant, "live", CAPABILITIES)
    made = await store.credential(key)
    assert made is not None
    assert made.strict_fields
    assert made.strict_options
    # As the migration leaves the keys that it finds
    await pool.execute(
        "UPDATE api_keys SET strict_fields = false, strict_options = false WHERE key_id = $1",
        key_id,
    )
    _, successor, _ = await store.rotate_key(key_id, timedelta())
    followed = await store.credential(successor)
    assert followed is not None
    assert not followed.strict_fields
    assert not followed.strict_options
