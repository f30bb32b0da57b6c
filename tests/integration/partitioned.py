"""A database of one test's own, with every table, on the services' Postgres."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import asyncpg

from devstack.stack import Stack
from schemas.ids import new_request_id
from storage.id_times import first_id
from storage.migrations import migrate

ENDED = """INSERT INTO request_logs (request_id, tenant_id, environment, status, items,
    credits_cost, created_at, updated_at, deadline_at, error_code, result)
  SELECT id, 'demo', 'live', CASE WHEN failed THEN 'FAILURE' ELSE 'SUCCESS' END, '[]', 10, at, at,
    at, CASE WHEN failed THEN 'expired' END, CASE WHEN NOT failed THEN '{}'::jsonb END
  FROM unnest($1::text[], $2::timestamptz[], $3::bool[]) AS r(id, at, failed)"""
EVENTS = """INSERT INTO job_events (request_id, seq, event_id, event_type, created_at)
  SELECT id, seq, id || seq,
    CASE WHEN seq = 1 THEN 'queued' WHEN failed THEN 'failed' ELSE 'succeeded' END, at
  FROM unnest($1::text[], $2::timestamptz[], $3::bool[]) AS r(id, at, failed),
    generate_series(1, 2) AS seq"""
ENTRIES = """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
  SELECT 'demo', 'live', CASE WHEN back THEN 'refund' ELSE 'charge' END,
    CASE WHEN back THEN 10 ELSE -10 END, id
  FROM unnest($1::text[], $2::timestamptz[], $3::bool[]) AS r(id, at, failed),
    unnest(ARRAY[false, true]) AS back WHERE failed OR NOT back"""


@asynccontextmanager
async def own_database(services: Stack) -> AsyncIterator[str]:
    """Its URL, until the block ends; tenant demo has 1,000,000 credits there."""
    server, name = services.env["LOOKS_DATABASE_URL"], f"own{new_request_id().lower()}"
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        await migrate(url)
        made = await asyncpg.connect(url)
        await made.execute(
            """INSERT INTO tenants VALUES ('demo', '{users/abc/}');
               INSERT INTO credit_accounts VALUES ('demo', 'live', 1000000);
               INSERT INTO ledger_entries (tenant_id, environment, kind, amount, reference)
                 VALUES ('demo', 'live', 'grant', 1000000, 'first')"""
        )
        await made.close()
        yield url
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


async def fill(
    connection: asyncpg.Connection, since: datetime, count: int, every: timedelta
) -> list[str]:
    """Ended requests, one each so long, every fifth failed and refunded; their ids, in order."""
    times = [since + every * number for number in range(count)]
    ids = [first_id(at)[:10] + new_request_id()[10:] for at in times]
    failed = [number % 5 == 4 for number in range(count)]
    for statement in (ENDED, EVENTS, ENTRIES):
        await connection.execute(statement, ids, times, failed)
    await connection.execute(
        """UPDATE credit_accounts a SET balance = (SELECT sum(amount) FROM ledger_entries l
             WHERE (l.tenant_id, l.environment) = (a.tenant_id, a.environment))"""
    )
    return ids
