"""A tenant's engine: set by an operator, carried by each of its requests, and by a request that
makes one good.
"""

from dataclasses import replace

import asyncpg
import orjson

from devstack.stack import Stack
from domain.redriving import RecordPosition, Verb
from schemas.engines import EngineName
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.operator_actions import Intent
from storage.redrives import RedriveStore
from tests.engine_server import TOKEN, started
from tests.integration.accepting import submission
from tests.integration.test_acceptance import tenant_with
from tests.integration.test_command_line import looks


async def engine_of(pool: asyncpg.Pool, request_id: str) -> str | None:
    value = await pool.fetchval(
        "SELECT value FROM outbox WHERE key = $1 AND topic = 'look.requested'", request_id
    )
    engine: str | None = orjson.loads(value)["engine"]
    return engine


async def test_an_operator_sets_a_tenants_engine_and_its_keys_know(
    services: Stack, pool: asyncpg.Pool
) -> None:
    tenant, store = await tenant_with(pool, 0), AccountStore(pool)
    _, key = await store.create_key(tenant, "live", ["look:create"])
    for word, engine in (("remote", "remote"), ("classical", "classical"), ("default", None)):
        assert looks(services, "tenants", "engine", tenant, word).stdout == f"{tenant}: {word}\n"
        credential = await store.credential(key)
        assert credential is not None
        assert credential.engine == engine
        shown = [
            line
            for line in looks(services, "tenants", "list").stdout.splitlines()
            if line.startswith(tenant)
        ]
        assert [line.endswith(f" engine {word}") for line in shown] == [engine is not None]
    for words in ((tenant, "steam"), ("nobody", "remote")):
        refused = looks(services, "tenants", "engine", *words)
        assert refused.returncode == 1
        assert refused.stderr.strip()


async def test_a_request_carries_its_own_engine_else_its_tenants_else_none(
    pool: asyncpg.Pool,
) -> None:
    tenant = await tenant_with(pool, 100)
    acceptance = Acceptance(pool, batch_max=8, queue_max=8)
    cases: list[tuple[dict[str, object] | None, str | None, str | None]] = [
        (None, None, None),
        ({"width": 256}, "remote", "remote"),
        ({"engine": "classical"}, "remote", "classical"),
    ]
    for runtime_config, tenants_engine, engine in cases:
        one = replace(
            submission(tenant=tenant), runtime_config=runtime_config, tenants_engine=tenants_engine
        )
        await acceptance.accept(one)
        assert await engine_of(pool, one.request_id) == engine


async def test_a_look_that_is_made_good_is_made_by_its_tenants_engine_of_today(
    pool: asyncpg.Pool,
) -> None:
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
    await AccountStore(pool).set_engine(tenant, EngineName.REMOTE)
    place = RecordPosition("look.dead-letter", 0, int.from_bytes(new_request_id().encode()[-6:]))
    intent = Intent(new_request_id(), Verb.RERUN, place, "test", "", one.request_id)
    fresh = await RedriveStore(pool).rerun(one.request_id, intent, 60)
    assert fresh is not None
    assert await engine_of(pool, fresh) == "remote"


def test_the_command_asks_the_engine_and_says_what_is_wrong(services: Stack) -> None:
    with started() as server:
        env = {"LOOKS_ENGINE_URL": server.url, "LOOKS_ENGINE_TOKEN": TOKEN}
        fine = looks(services, "engine", **env)  # what the page says to type, and nothing else
        assert fine.returncode == 0, fine.stderr
        assert fine.stdout.startswith("classical ")
        small = looks(
            services, "engine", **env, LOOKS_ENGINE_TIMEOUT_S="30", LOOKS_ENGINE_CONCURRENCY="3"
        )
        assert small.returncode == 1
        assert "LOOKS_ENGINE_TIMEOUT_S" in small.stderr
        assert "LOOKS_ENGINE_CONCURRENCY" in small.stderr
        stranger = looks(
            services, "engine", LOOKS_ENGINE_URL=server.url, LOOKS_ENGINE_TOKEN="another"
        )
        assert stranger.returncode == 1
        assert "401" in stranger.stderr
    assert looks(services, "engine", **env).returncode == 2
    assert looks(services, "engine", LOOKS_ENGINE_URL="http://engine.internal").returncode == 2
    assert looks(services, "engine").returncode == 2
