"""Changes of the schema while the tables are in use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from devstack.stack import Stack
from schemas.ids import new_request_id
from storage.migrations import OUTSIDE, migrate


@pytest.fixture
def url(services: Stack) -> str:
    return services.env["LOOKS_DATABASE_URL"]


@pytest.fixture
async def table(pool: asyncpg.Pool) -> AsyncIterator[str]:
    name = f"t{new_request_id().lower()}"
    await pool.execute(f"CREATE TABLE {name} (n int)")
    yield name
    await pool.execute(f"DROP TABLE {name}")


def script(folder: Path, table: str, text: str) -> str:
    name = f"9999_{table}.sql"
    (folder / name).write_text(text)
    return name


async def writes(pool: asyncpg.Pool, table: str) -> None:
    await asyncio.wait_for(pool.execute(f"INSERT INTO {table} VALUES (1)"), timeout=10)


async def waits_for_a_lock(pool: asyncpg.Pool, text: str) -> None:
    while not await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1",
        f"%{text}%",
    ):
        await asyncio.sleep(0.02)


async def test_an_index_is_built_while_the_table_is_written(
    url: str, pool: asyncpg.Pool, table: str, tmp_path: Path
) -> None:
    statement = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {table}_n ON {table} (n)"
    name = script(tmp_path, table, f"{OUTSIDE}{statement};\n")
    async with pool.acquire() as connection:
        writing = connection.transaction()
        await writing.start()
        await connection.execute(f"INSERT INTO {table} VALUES (0)")
        building = asyncio.create_task(migrate(url, tmp_path))
        beside = asyncio.create_task(migrate(url, tmp_path))
        await waits_for_a_lock(pool, statement)
        await writes(pool, table)
        assert not building.done()
        await writing.commit()
    # The second one waits for the first without a snapshot that the index would wait for.
    done = await asyncio.wait_for(asyncio.gather(building, beside), timeout=60)
    assert sorted(done) == [[], [name]]
    assert await pool.fetchval(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = $1::regclass", f"{table}_n"
    )


async def test_an_index_that_was_left_half_built_is_built_anew(
    url: str, pool: asyncpg.Pool, table: str, tmp_path: Path
) -> None:
    await pool.execute(f"INSERT INTO {table} VALUES (1), (1)")
    statement = f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {table}_n ON {table} (n)"
    name = script(tmp_path, table, f"{OUTSIDE}{statement};\n")
    with pytest.raises(asyncpg.UniqueViolationError):
        await migrate(url, tmp_path)
    await pool.execute(f"DELETE FROM {table}")
    assert await migrate(url, tmp_path) == [name]
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(f"INSERT INTO {table} VALUES (1), (1)")


async def test_a_change_that_waits_for_its_lock_lets_others_pass(
    url: str, pool: asyncpg.Pool, table: str, tmp_path: Path
) -> None:
    statement = f"ALTER TABLE {table} ADD COLUMN more int"
    name = script(tmp_path, table, statement)
    async with pool.acquire() as connection:
        reading = connection.transaction()
        await reading.start()
        await connection.execute(f"SELECT count(*) FROM {table}")
        changing = asyncio.create_task(migrate(url, tmp_path))
        await waits_for_a_lock(pool, statement)
        await writes(pool, table)  # it stood behind the change until that gave way
        assert not changing.done()
        await reading.commit()
    assert await asyncio.wait_for(changing, timeout=60) == [name]
