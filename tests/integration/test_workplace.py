"""What the console keeps, on a real Postgres: uploads, drafts, refused requests, use by key."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg

from domain.api_keys import CAPABILITIES
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.drafts import DraftStore
from storage.reads import ReadPool
from storage.refused_requests import RefusedRequestStore, RefusedRow
from storage.uploads import StoredPhoto, UploadStore
from storage.usage import UsageStore
from tests.integration.accepting import submission


async def a_key(pool: asyncpg.Pool) -> tuple[str, str]:
    accounts, tenant = AccountStore(pool), f"t{new_request_id().lower()}"
    await accounts.create_tenant(tenant, [f"users/{tenant}/"])
    return tenant, (await accounts.create_key(tenant, "live", CAPABILITIES))[0]


async def test_lists_are_the_tenants_own_newest_first_and_forget_what_is_old(
    pool: asyncpg.Pool,
) -> None:
    (tenant, key_id), (other, _) = await a_key(pool), await a_key(pool)
    uploads = UploadStore.__new__(UploadStore)
    cast(Any, uploads)._pool = pool  # the list alone: no object store
    refused = RefusedRequestStore(pool)
    ids = [f"id{number}-{tenant}" for number in range(3)]
    for one in ids:
        for _ in range(2):  # noted twice: once on the list
            photo = StoredPhoto(f"users/x/uploads/{one}.png", "image/png", 7)
            await uploads.note(tenant, "live", photo, one.encode())
    now = datetime.now(UTC)
    rows = [
        RefusedRow(one, tenant, "live", key_id, "GET", "/x", 404, "NOT_FOUND", "no", now)
        for one in ids
    ]
    await refused.add(rows)
    await refused.add(rows)
    assert [row.upload_id for row in await uploads.listed(tenant, "live", 2)] == ids[:0:-1]
    assert [row.upload_id for row in await uploads.listed(tenant, "live", 9, ids[1])] == ids[:1]
    assert [row.exchange_id for row in await refused.refused(tenant, "live", 2)] == ids[:0:-1]
    assert await refused.refused(tenant, "live", 9, only=ids[1]) == [rows[1]]
    key = f"users/x/uploads/{ids[1]}.png"
    assert await uploads.thumbnail(tenant, "live", key) == ids[1].encode()
    assert await uploads.thumbnail(tenant, "live", f"users/y/uploads/{ids[1]}.png") is None
    for whose in ((other, "live"), (tenant, "test")):
        assert await uploads.thumbnail(*whose, key) is None
        assert await uploads.listed(*whose, 9) == []
        assert await refused.refused(*whose, 9) == []
    for table, days in (("uploads", 91), ("refused_requests", 8)):
        await pool.execute(
            f"""UPDATE {table} SET created_at = now() - make_interval(days => $2)
                WHERE tenant_id = $1""",
            tenant,
            days,
        )
    assert await uploads.listed(tenant, "live", 9) == []
    assert await refused.refused(tenant, "live", 9) == []
    assert (await uploads.purge(2), await uploads.purge(9)) == (2, 1)
    assert (await refused.purge(2), await refused.purge(9)) == (2, 1)


async def test_a_draft_of_a_key_is_changed_dropped_and_forgotten(pool: asyncpg.Pool) -> None:
    (_, key_id), (_, other) = await a_key(pool), await a_key(pool)
    drafts = DraftStore(pool)
    hostile = {"name": "\x00 \ud800 \u202e", "items": [1]}
    await drafts.save(key_id, {"items": []})
    await drafts.save(key_id, hostile)
    found = await drafts.draft(key_id)
    assert found is not None
    assert (found.draft, await drafts.draft(other)) == (hostile, None)
    assert await drafts.purge(9) == 0
    await pool.execute(
        "UPDATE console_drafts SET updated_at = now() - interval '31 days' WHERE key_id = $1",
        key_id,
    )
    assert await drafts.purge(9) == 1
    await drafts.save(key_id, hostile)
    await drafts.drop(key_id)
    assert await drafts.draft(key_id) is None


async def test_use_is_summed_by_key_and_a_balance_has_its_notice(pool: asyncpg.Pool) -> None:
    tenant, key_id = await a_key(pool)
    accounts = AccountStore(pool)
    await accounts.rename_key(key_id, "till")
    await accounts.grant(tenant, "live", 100, "test")
    acceptance = Acceptance(pool, batch_max=8, queue_max=8)
    for whose in (key_id, key_id, None):
        await acceptance.accept(replace(submission(tenant=tenant), key_id=whose))
    today = datetime.now(UTC).date()
    rows = await UsageStore(ReadPool(pool)).by_day_and_key(tenant, "live", today, today)
    last4 = await pool.fetchval("SELECT last4 FROM api_keys WHERE key_id = $1", key_id)
    assert [
        (row.key_id, row.key_name, row.key_last4, row.sums.requests, row.sums.charged)
        for row in rows
    ] == [(key_id, "till", last4, 2, 20), (None, "", None, 1, 10)]
    for below in (None, 0, 50):
        await accounts.set_low_balance(tenant, "live", below)
        assert await accounts.low_balance(tenant, "live") == below
    assert await accounts.low_balance(tenant, "test") is None
