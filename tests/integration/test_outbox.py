"""The relay's side of the outbox on a real Postgres: it is told of rows, and finds all of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

import storage.outbox
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from producers.outbox_relay import OutboxRelay
from runtime.process import Process
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.layout import PartitionGrowth
from storage.acceptance import Acceptance
from storage.outbox import OutboxRow, OutboxStore
from storage.wakeups import OUTBOX_CHANNEL, Signal, listen
from tests.integration.accepting import accept
from tests.integration.conftest import running, until

NEVER_S = 3600.0


@pytest.fixture
async def signal(services: Stack) -> AsyncIterator[Signal]:
    made = Signal()
    settings = settings_of(DatabaseSettings, services.env)
    task = asyncio.create_task(listen(settings, made, OUTBOX_CHANNEL))

    async def listening() -> bool:
        return made.listening

    await until(listening)
    yield made
    task.cancel()
    await asyncio.wait({task})


def acceptance(pool: asyncpg.Pool) -> Acceptance:
    return Acceptance(pool, batch_max=8, queue_max=8)


async def test_a_relay_that_sleeps_is_woken_by_the_commit_of_a_row(
    kafka: KafkaSettings, pool: asyncpg.Pool, signal: Signal
) -> None:
    def relay(process: Process) -> OutboxRelay:
        return OutboxRelay(process, kafka, OutboxStore(pool), signal, look_again_s=NEVER_S)

    async with running("relay", relay):
        for _ in range(3):  # found asleep each time: it looks again in an hour
            (request_id,) = await accept(acceptance(pool))

            async def sent(key: str = request_id) -> bool:
                left = await pool.fetchval("SELECT count(*) FROM outbox WHERE key = $1", key)
                return int(left) == 0

            await until(sent)


async def test_what_is_told_while_the_relay_looks_is_not_lost_on_it() -> None:
    signal = Signal()
    told = signal.next()
    signal.wake(None)  # committed after its question, before it sleeps
    assert told.is_set()
    assert not signal.next().is_set()


async def test_one_look_finds_a_row_in_whatever_shard_it_is(pool: asyncpg.Pool) -> None:
    outbox = OutboxStore(pool)

    async def publish(rows: Sequence[OutboxRow], growths: Sequence[PartitionGrowth]) -> None:
        published.extend(row.key.decode() for row in rows)

    published: list[str] = []
    while await outbox.relay(publish, 1000):
        pass
    published.clear()
    ids: list[str] = []
    for _ in range(40):
        ids += await accept(acceptance(pool))
        assert await outbox.relay(publish, 1000) == 1
    assert published == ids


SLOW = "pg_try_advisory_xact_lock(int, int)"
"""Found before Postgres' own by whoever has `pg_catalog` last in his search path."""


@pytest.fixture
async def slow_pool(services: Stack, pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Pool]:
    """Of a relay that is held up between seeing rows and getting a lock."""
    schema = await pool.fetchval("SELECT current_schema()")
    await pool.execute(
        f"""CREATE FUNCTION {schema}.{SLOW} RETURNS bool LANGUAGE sql AS
        'SELECT pg_sleep(0.1); SELECT pg_catalog.pg_try_advisory_xact_lock($1, $2)'"""
    )
    async with asyncpg.create_pool(
        services.env["LOOKS_DATABASE_URL"],
        min_size=1,
        max_size=1,
        server_settings={"search_path": f"{schema}, pg_catalog", "application_name": "slow"},
    ) as made:
        yield made
    await pool.execute(f"DROP FUNCTION {schema}.{SLOW}")


async def test_a_row_that_is_removed_while_a_lock_is_got_is_not_published_again(
    pool: asyncpg.Pool, slow_pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = OutboxStore(pool), OutboxStore(slow_pool)
    published: list[str] = []
    let = asyncio.Event()
    let.set()

    async def publish(rows: Sequence[OutboxRow], growths: Sequence[PartitionGrowth]) -> None:
        published.extend(row.key.decode() for row in rows)
        await let.wait()

    while await first.relay(publish, 1000):
        pass
    published.clear()
    let.clear()
    ids = await accept(acceptance(pool))
    shard = int(await pool.fetchval("SELECT shard FROM outbox WHERE key = $1", ids[0]))
    monkeypatch.setattr(storage.outbox, "randrange", lambda _: shard)  # both look there first
    quick = asyncio.create_task(first.relay(publish, 1000))

    async def is_published() -> bool:
        return published == ids

    async def held_up() -> bool:
        return bool(
            await pool.fetchval(
                """SELECT EXISTS (SELECT FROM pg_stat_activity
                WHERE application_name = 'slow' AND wait_event = 'PgSleep')"""
            )
        )

    await until(is_published)
    slow = asyncio.create_task(second.relay(publish, 1000))
    await until(held_up)
    let.set()
    assert (await quick, await slow) == (1, 0)
    assert published == ids
