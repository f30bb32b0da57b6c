"""What one that measures asks Postgres for and nobody else: requests' rows by its own clock, how
far somebody is, and rows by the thousand.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg

from devstack.bootstrap import settings_of
from runtime.settings import DatabaseSettings
from storage.database import connect

OPEN = "SELECT count(*) FROM request_logs WHERE status IN ('NOT_STARTED', 'IN_PROGRESS')"
READ_BY_PROJECTION = "SELECT sum(next_offset) FROM projection_offsets"
EVENTS = "SELECT count(*) FROM job_events"
UNPROJECTED = """TRUNCATE job_events; TRUNCATE job_event_gaps;
UPDATE request_logs SET status = 'NOT_STARTED', result = NULL, updated_at = created_at;
UPDATE projection_offsets SET next_offset = 0"""
DIGEST = """SELECT
  (SELECT md5(string_agg(e::text, '|' ORDER BY request_id, seq)) FROM job_events e) AS events,
  (SELECT md5(string_agg(request_id || status || coalesce(result::text, ''), '|'
   ORDER BY request_id)) FROM request_logs) AS requests"""
EVENT = """INSERT INTO job_events (request_id, seq, event_id, event_type, stage, message, extra,
  created_at) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
  ON CONFLICT (request_id, seq) DO NOTHING"""
STATUS = """UPDATE request_logs SET status = $2, updated_at = $3, result = $4::jsonb
  WHERE request_id = $1 AND status NOT IN ('SUCCESS', 'FAILURE')"""
"""As one would write them who takes one record at a time."""
TENANTS = """WITH made AS (
  INSERT INTO tenants (tenant_id, key_prefixes)
  SELECT 'grown' || n, ARRAY['users/abc/'] FROM generate_series(1, $1::int) n
  RETURNING tenant_id), accounts AS (
  INSERT INTO credit_accounts (tenant_id, environment, balance)
  SELECT tenant_id, 'live', 100000 FROM made RETURNING tenant_id)
SELECT count(*) FROM accounts"""
GRANTS = """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, reference)
SELECT 'grown' || n, 'live', 'grant', 100000, 'bench' FROM generate_series(1, $1::int) n"""
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
