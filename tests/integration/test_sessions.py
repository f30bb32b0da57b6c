"""Sign-ins on a real Postgres: bounded, ended with their key, by time and by hand, and never stored
as they are.
"""

import asyncio
from datetime import timedelta

import asyncpg

from domain.api_keys import CAPABILITIES
from domain.sessions import MAX_PER_KEY
from schemas.ids import new_request_id
from storage.accounts import AccountStore
from storage.sessions import SessionStore


async def a_key(pool: asyncpg.Pool) -> tuple[AccountStore, str]:
    accounts, tenant = AccountStore(pool, "pepper"), f"t{new_request_id().lower()}"
    await accounts.create_tenant(tenant, [f"users/{tenant}/"])
    return accounts, (await accounts.create_key(tenant, "test", CAPABILITIES))[0]


def store_of(pool: asyncpg.Pool, *, idle_s: float = 3600, kept_s: float = 86_400) -> SessionStore:
    return SessionStore(pool, "pepper", idle_s=idle_s, kept_s=kept_s)


async def test_a_session_speaks_for_its_key_until_that_is_revoked(pool: asyncpg.Pool) -> None:
    accounts, key_id = await a_key(pool)
    store = store_of(pool)
    session_id, token = await store.begin(key_id, "a browser")
    who = await store.credential(token)
    assert who is not None
    assert (who.key_id, who.environment, who.session_id) == (key_id, "test", session_id)
    assert who.key_prefixes == (f"test/users/{who.tenant_id}/",)
    assert await store.working([session_id, "ses_none"]) == {session_id}
    stored = await pool.fetchval("SELECT s::text FROM console_sessions s WHERE key_id = $1", key_id)
    assert token not in stored
    await accounts.revoke_key(key_id)
    assert await store.credential(token) is None
    assert await store.working([session_id]) == set()
    assert await store.sessions(key_id) == []


async def test_a_session_ends_by_its_time_and_when_it_is_not_used(pool: asyncpg.Pool) -> None:
    _, key_id = await a_key(pool)
    store = store_of(pool)
    for column, past in (("expires_at", timedelta()), ("seen_at", timedelta(hours=1))):
        session_id, token = await store.begin(key_id, "")
        await pool.execute(
            f"UPDATE console_sessions SET {column} = now() - $2::interval WHERE session_id = $1",
            session_id,
            past,
        )
        assert (column, await store.credential(token)) == (column, None)
    assert await store.sessions(key_id) == []
    while await store.purge(100) == 100:
        pass
    count = "SELECT count(*) FROM console_sessions WHERE key_id = $1"
    assert await pool.fetchval(count, key_id) == 0


async def test_use_is_noted_and_lengthens_an_idle_life_only(pool: asyncpg.Pool) -> None:
    _, key_id = await a_key(pool)
    store = store_of(pool)
    _, token = await store.begin(key_id, "")
    await pool.execute(
        "UPDATE console_sessions SET seen_at = now() - interval '59 min' WHERE key_id = $1", key_id
    )
    (before,) = await store.sessions(key_id)
    assert await store.credential(token) is not None
    (after,) = await store.sessions(key_id)
    assert after.seen_at - before.seen_at > timedelta(minutes=58)
    assert after.expires_at == before.expires_at


async def test_sessions_of_a_key_are_bounded_however_many_sign_in_at_once(
    pool: asyncpg.Pool,
) -> None:
    _, key_id = await a_key(pool)
    store = store_of(pool)
    first_id, first = await store.begin(key_id, "")
    made = await asyncio.gather(*(store.begin(key_id, "") for _ in range(MAX_PER_KEY + 5)))
    left = {one.session_id for one in await store.sessions(key_id)}
    assert len(left) == MAX_PER_KEY
    assert first_id not in left
    assert await store.credential(first) is None
    assert left <= {session_id for session_id, _ in made}


async def test_a_session_is_ended_by_its_own_key_alone_and_all_of_it_at_once(
    pool: asyncpg.Pool,
) -> None:
    (_, key_id), (_, other) = await a_key(pool), await a_key(pool)
    store = store_of(pool)
    session_id, token = await store.begin(key_id, "")
    assert not await store.end(other, session_id)
    assert await store.end_all(other) == 0
    assert await store.credential(token) is not None
    assert await store.end(key_id, session_id)
    assert not await store.end(key_id, session_id)
    tokens = [(await store.begin(key_id, ""))[1] for _ in range(3)]
    assert await store.end_all(key_id) == 3
    assert [await store.credential(one) for one in tokens] == [None] * 3
