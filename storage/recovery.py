"""Requests that Kafka knows and a restored database does not: their rows and charges again.

For a database that came back from a backup, while none of our processes writes to it.
"""

from collections.abc import Sequence

import asyncpg
import orjson

from schemas.events import LookRequested

TEST_KEYS = "test/"
"""What a test environment's object keys begin with; requests of before `environment` say by them
where they were charged.
"""

_AGAIN = """
WITH paid AS (
  UPDATE credit_accounts SET balance = balance - $6
  WHERE (tenant_id, environment) = ($2, $3) AND balance >= $6
    AND NOT EXISTS (SELECT 1 FROM request_logs WHERE request_id = $1)
  RETURNING 1),
charged AS (
  INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
  SELECT $2, $3, 'charge', -$6::bigint, $1 FROM paid)
INSERT INTO request_logs (request_id, tenant_id, environment, user_category, items, runtime_config,
                          credits_cost, created_at, updated_at, deadline_at, reference, metadata)
SELECT $1, $2, $3, $4, $5::jsonb, $7::jsonb, $6, $8, $8, $9, $10, $11::jsonb FROM paid
"""


async def unknown(
    connection: asyncpg.Connection, events: Sequence[LookRequested]
) -> list[LookRequested]:
    """Those of which the database has no row."""
    rows = await connection.fetch(
        "SELECT request_id FROM request_logs WHERE request_id = ANY($1::text[])",
        [event.request_id for event in events],
    )
    known = {row["request_id"] for row in rows}
    return [event for event in events if event.request_id not in known]


async def restore(connection: asyncpg.Connection, event: LookRequested) -> str | None:
    """The row of a request and its charge, as on the day that it was accepted; None: done.

    Else the reason, with nothing changed. Charged once, however often it is called (DESIGN 3,
    promise 2).
    """
    environment = environment_of(event)
    config = orjson.dumps(dict(event.runtime_config)).decode() if event.runtime_config else None
    done = await connection.execute(
        _AGAIN,
        event.request_id,
        event.tenant_id,
        environment,
        event.user_category,
        orjson.dumps([item.model_dump() for item in event.items]).decode(),
        event.credits_cost,
        config,
        event.requested_at,
        event.deadline_at,
        event.reference,
        orjson.dumps(dict(event.metadata)).decode() if event.metadata is not None else None,
    )
    if done == "INSERT 0 1":
        return None
    balance = await connection.fetchval(
        "SELECT balance FROM credit_accounts WHERE (tenant_id, environment) = ($1, $2)",
        event.tenant_id,
        environment,
    )
    if balance is None:
        return f"there is no account of {event.tenant_id} ({environment}): make the tenant again"
    return (
        f"{event.tenant_id} ({environment}) has {balance} credits for a charge of "
        f"{event.credits_cost}: grant what was granted after the backup"
    )


def environment_of(event: LookRequested) -> str:
    """Where a request was charged. Older records say it by their keys alone."""
    if event.environment is not None:
        return event.environment
    of_test = all(item.trial_image.startswith(TEST_KEYS) for item in event.items)
    return "test" if of_test else "live"
