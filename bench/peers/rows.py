"""Requests' rows by Postgres' own clock, which one that measures asks for and nobody else."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg

from devstack.bootstrap import settings_of
from runtime.settings import DatabaseSettings
from storage.database import connect

LOOK_AGAIN_S = 0.002
GIVE_UP_S = 180.0


async def connected(env: Mapping[str, str]) -> asyncpg.Connection:
    """To a stack's Postgres."""
    return await connect(settings_of(DatabaseSettings, env), "looks-bench")


async def until_recorded_ms(database: asyncpg.Connection, request_id: str) -> float:
    """Milliseconds from a request's acceptance until its success is seen. Raises TimeoutError."""
    give_up_s = time.monotonic() + GIVE_UP_S
    while time.monotonic() < give_up_s:
        row = await database.fetchrow(
            "SELECT status, extract(epoch FROM clock_timestamp() - created_at)::float8 * 1000 AS ms"
            " FROM request_logs WHERE request_id = $1",
            request_id,
        )
        if row is not None and row["status"] == "SUCCESS":
            return float(row["ms"])
        await asyncio.sleep(LOOK_AGAIN_S)
    raise TimeoutError(f"{request_id} did not end")


async def until_none_is_open(env: Mapping[str, str]) -> None:
    """Wait until every request has its outcome. Raises TimeoutError."""
    database = await connected(env)
    give_up_s = time.monotonic() + GIVE_UP_S
    query = "SELECT 1 FROM request_logs WHERE status IN ('NOT_STARTED', 'IN_PROGRESS') LIMIT 1"
    while await database.fetchval(query):
        if time.monotonic() > give_up_s:
            raise TimeoutError("the looks did not end")
        await asyncio.sleep(LOOK_AGAIN_S)
    await database.close()


async def accepted_ms(env: Mapping[str, str], request_ids: Sequence[str]) -> dict[str, float]:
    """When each was accepted, in ms since 1970."""
    database = await connected(env)
    rows = await database.fetch(
        "SELECT request_id, extract(epoch FROM created_at)::float8 * 1000 AS ms FROM request_logs "
        "WHERE request_id = ANY($1::text[])",
        list(request_ids),
    )
    await database.close()
    return {row["request_id"]: float(row["ms"]) for row in rows}
