"""Postgres's side of a tenant's erasure: amounts stay, under a pseudonym; words go.

Each step can be done again: what it finds it has not done yet. The first one is a single
transaction, after which nothing can be charged to the tenant; the others go by batches.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from domain.erasure import InWork, hindrances, pseudonym
from domain.redriving import RecordPosition, Verb
from runtime import faults
from runtime.faults import FaultPoint
from schemas.ids import new_request_id
from storage.operator_actions import Intent, add_intent, end, fail_at
from storage.rows import affected

BATCH = 1000

KEPT, ERASED, REMOVED = "kept", "erased", "removed"
OF_A_REQUEST: Mapping[str, str] = {
    "tenant_id": "$2",
    "user_category": "NULL",
    "items": "'[]'",
    "runtime_config": "NULL",
    "reference": "NULL",
    "metadata": "NULL",
    "key_id": "NULL",
    "error_message": "CASE WHEN error_message IS NOT NULL THEN '' END",
    "result": "CASE WHEN result IS NOT NULL THEN '{}'::jsonb END",
}
"""Columns of `request_logs` that are written over, and with what; $2: the pseudonym."""
OF_AN_EVENT: Mapping[str, str] = {"message": "''", "extra": "'{}'"}
"""Of `job_events`: its rows stay, so that an event that is read again finds its place taken."""

_STANDING = """
SELECT (SELECT count(*) FROM request_logs WHERE tenant_id = $1
          AND status IN ('NOT_STARTED', 'IN_PROGRESS')) AS looks,
  (SELECT count(*) FROM request_logs r WHERE r.tenant_id = $1 AND r.status = 'FAILURE'
     AND NOT EXISTS (SELECT FROM ledger_entries l WHERE l.request_id = r.request_id
       AND l.kind = 'refund')) AS refunds,
  (SELECT count(*) FROM outbox o JOIN request_logs r ON r.request_id = o.key
     WHERE r.tenant_id = $1) AS records,
  (SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL
     AND (expires_at IS NULL OR expires_at > now())) AS keys"""
_BEGIN = (
    """INSERT INTO tenants (tenant_id, key_prefixes)
       SELECT $2, '{}' FROM tenants WHERE tenant_id = $1""",
    """INSERT INTO erasures (pseudonym, tenant_id, key_prefixes)
       SELECT $2, tenant_id, key_prefixes FROM tenants WHERE tenant_id = $1""",
    """INSERT INTO credit_accounts (tenant_id, environment, balance)
       SELECT $2, environment, balance FROM credit_accounts WHERE tenant_id = $1""",
    """UPDATE ledger_entries SET tenant_id = $2,
         reference = CASE WHEN kind = 'carried' THEN reference
                          WHEN reference IS NOT NULL THEN 'erased:' || id END
       WHERE tenant_id = $1""",
    "UPDATE ledger_closings SET tenant_id = $2 WHERE tenant_id = $1",
)
_REQUESTS = f"""
UPDATE request_logs r SET {", ".join(f"{name} = {to}" for name, to in OF_A_REQUEST.items())}
WHERE request_id IN (SELECT request_id FROM request_logs WHERE tenant_id = $1 LIMIT {BATCH})
RETURNING request_id"""
_EVENTS = f"""
UPDATE job_events SET {", ".join(f"{name} = {to}" for name, to in OF_AN_EVENT.items())}
WHERE request_id = ANY($1::text[])"""
_WORDS = """
UPDATE operator_actions SET
  reason = CASE WHEN reason <> '' THEN 'erased' ELSE '' END,
  outcome = CASE WHEN outcome ~ $2 THEN 'erased' ELSE outcome END,
  target = CASE WHEN target ~ $2 THEN 'erased' ELSE target END,
  reference = CASE WHEN target ~ $2 OR reference ~ $2 THEN 'erased' ELSE reference END
WHERE (request_id = ANY($1::text[]) AND reason NOT IN ('', 'erased'))
  OR reason ~ $2 OR outcome ~ $2 OR target ~ $2 OR reference ~ $2"""
_REMOVED = {
    "idempotency_keys": f"""DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_keys WHERE tenant_id = $1 LIMIT {BATCH}))""",
    "webhook_deliveries": f"""DELETE FROM webhook_deliveries WHERE delivery_id = ANY(ARRAY(
      SELECT delivery_id FROM webhook_deliveries JOIN webhooks USING (webhook_id)
      WHERE tenant_id = $1 LIMIT {BATCH}))""",
    "webhooks": "DELETE FROM webhooks WHERE tenant_id = $1",
    "look_reports": f"""DELETE FROM look_reports WHERE request_id = ANY(ARRAY(
      SELECT request_id FROM look_reports WHERE tenant_id = $1 LIMIT {BATCH}))""",
    "uploads": f"""DELETE FROM uploads WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM uploads WHERE tenant_id = $1 LIMIT {BATCH}))""",
    "refused_requests": f"""DELETE FROM refused_requests WHERE exchange_id = ANY(ARRAY(
      SELECT exchange_id FROM refused_requests WHERE tenant_id = $1 LIMIT {BATCH}))""",
    "console_drafts": """DELETE FROM console_drafts WHERE key_id IN (
      SELECT key_id FROM api_keys WHERE tenant_id = $1)""",
    "console_sessions": """DELETE FROM console_sessions WHERE key_id IN (
      SELECT key_id FROM api_keys WHERE tenant_id = $1)""",
    "api_keys": "DELETE FROM api_keys WHERE tenant_id = $1",
    "credit_accounts": "DELETE FROM credit_accounts WHERE tenant_id = $1",
    "tenants": "DELETE FROM tenants WHERE tenant_id = $1",
}
"""In this order. Secrets of webhooks go with them."""
_BY_BATCHES = (
    "idempotency_keys",
    "webhook_deliveries",
    "webhooks",
    "look_reports",
    "uploads",
    "refused_requests",
)
_WITH_THE_KEYS = ("console_drafts", "console_sessions", "api_keys")

TABLES: Mapping[str, str] = {
    "request_logs": ERASED,
    "job_events": ERASED,
    "ledger_entries": ERASED,
    "ledger_closings": ERASED,
    "operator_actions": ERASED,
    **dict.fromkeys(_REMOVED, REMOVED),
    "webhook_secrets": REMOVED,
    "erasures": REMOVED,
    "outbox": REMOVED,
    "operator_keys": KEPT,
    "operator_sessions": KEPT,
    "audits": KEPT,
    "cancellations": KEPT,
    "failure_claims": KEPT,
    "job_event_gaps": KEPT,
    "partition_growths": KEPT,
    "projection_offsets": KEPT,
    "redrives": KEPT,
    "retired_ranges": KEPT,
    "schema_migrations": KEPT,
}
"""Every table, and what becomes of its rows. Kept are those that name requests, operators, or
partitions, and no tenant.
"""


class NotNow(Exception):
    """The tenant has something in work, or keys that work; the message has a line for each."""


class NoSuchTenant(Exception):
    """There is none, and no erasure of one is under way."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One that has begun."""

    tenant_id: str
    pseudonym: str
    key_prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundText:
    """How many rows of a table still have a word of the tenant's."""

    table: str
    rows: int


class ErasureStore:
    """On one connection, as the owner of the tables: no role may do this."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Use this connection."""
        self._connection = connection

    async def under_way(self, tenant_id: str) -> Erasure | None:
        """The erasure of this tenant that was begun and not finished."""
        row = await self._connection.fetchrow(
            "SELECT tenant_id, pseudonym, key_prefixes FROM erasures WHERE tenant_id = $1",
            tenant_id,
        )
        return Erasure(row[0], row[1], tuple(row[2])) if row is not None else None

    async def prefixes(self) -> dict[str, tuple[str, ...]]:
        """Of every tenant."""
        rows = await self._connection.fetch("SELECT tenant_id, key_prefixes FROM tenants")
        return {row["tenant_id"]: tuple(row["key_prefixes"]) for row in rows}

    async def revoke(self, tenant_id: str) -> int:
        """End all keys; returns how many worked until now."""
        done = await self._connection.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL",
            tenant_id,
        )
        return affected(done)

    async def refused(self, tenant_id: str, *, revoke: bool) -> list[str]:
        """Why the tenant can't be erased now, a line each. Raises NoSuchTenant."""
        if not await self._connection.fetchval(
            "SELECT 1 FROM tenants WHERE tenant_id = $1", tenant_id
        ):
            raise NoSuchTenant(tenant_id)
        (row,) = await self._connection.fetch(_STANDING, tenant_id)
        return hindrances(InWork(*row), revoke=revoke)

    async def begin(
        self, tenant_id: str, operator: str, reason: str, role: str | None = None
    ) -> Erasure:
        """Give the accounts and the ledger to a new pseudonym, and record the intent: all or
        nothing. From then on nothing is charged to the tenant.

        Raises NoSuchTenant, NotNow.
        """
        name = pseudonym(new_request_id())
        async with self._connection.transaction():
            # As acceptance locks them: what it has begun is over, what comes finds no account.
            await self._connection.execute(
                """SELECT 1 FROM credit_accounts WHERE tenant_id = $1
                   ORDER BY tenant_id, environment FOR UPDATE""",
                tenant_id,
            )
            if lines := await self.refused(tenant_id, revoke=False):
                raise NotNow("\n".join(lines))
            for statement in _BEGIN:
                await self._connection.execute(statement, tenant_id, name)
            for table in (*_WITH_THE_KEYS, "credit_accounts"):
                await self._connection.execute(_REMOVED[table], tenant_id)
            await add_intent(self._connection, _intent(name, operator, reason, role))
        made = await self.under_way(tenant_id)
        assert made is not None
        return made

    async def forget(self, erasure: Erasure, words: str) -> AsyncIterator[int]:
        """Write over or remove what Postgres has of the tenant, batch by batch; how many requests
        were dealt with, after each. `words`: a pattern of what operators may have written.
        """
        done = 0
        while ids := await self._requests(erasure, words):
            done += len(ids)
            await faults.at("erasure", FaultPoint.AFTER_APPLY)
            yield done
        await self._connection.execute(_WORDS, [], words)
        for table in _BY_BATCHES:
            while affected(await self._connection.execute(_REMOVED[table], erasure.tenant_id)):
                yield done

    async def _requests(self, erasure: Erasure, words: str) -> Sequence[str]:
        """A batch's rows, with its events, in one transaction."""
        async with self._connection.transaction():
            rows = await self._connection.fetch(_REQUESTS, erasure.tenant_id, erasure.pseudonym)
            ids = [row["request_id"] for row in rows]
            if ids:
                await self._connection.execute(_EVENTS, ids)
                await self._connection.execute(_WORDS, ids, words)
        return ids

    async def finish(self, erasure: Erasure, outcome: str) -> None:
        """Forget who it was, and record that it is done."""
        async with self._connection.transaction():
            for table in (*_WITH_THE_KEYS, "credit_accounts", "tenants"):
                await self._connection.execute(_REMOVED[table], erasure.tenant_id)
            await self._connection.execute(
                """UPDATE erasures SET tenant_id = NULL, key_prefixes = '{}', finished_at = now()
                   WHERE pseudonym = $1""",
                erasure.pseudonym,
            )
            await end(self._connection, RecordPosition(erasure.pseudonym, 0, 0), outcome)

    async def stopped(self, erasure: Erasure, outcome: str) -> None:
        """Record how a try ended that did not finish; `outcome` has no word of the tenant's."""
        await fail_at(self._connection, RecordPosition(erasure.pseudonym, 0, 0), outcome)

    async def found(self, words: str, besides: Sequence[str] = ()) -> list[FoundText]:
        """Tables with rows that a pattern matches, whatever the column. Reads every row."""
        columns = await self._connection.fetch(
            """SELECT c.relname AS in_table, a.attname AS name,
                 a.atttypid = 'bytea'::regtype AS bytes
               FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                 AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relname = ANY($1::text[])
                 AND a.atttypid = ANY('{text,text[],jsonb,bytea}'::regtype[])
               ORDER BY 1, a.attnum""",
            list(besides),
        )
        tables: dict[str, list[str]] = {}
        for row in columns:
            shown = "encode(%s, 'escape')" if row["bytes"] else "%s::text"
            tables.setdefault(row["in_table"], []).append(shown % f'"{row["name"]}"')
        counts = [
            FoundText(
                table,
                await self._connection.fetchval(
                    f"""SELECT count(*) FROM "{table}" WHERE """
                    + " OR ".join(f"{one} ~ $1" for one in shown),
                    words,
                ),
            )
            for table, shown in tables.items()
        ]
        return [one for one in counts if one.rows]


def _intent(name: str, operator: str, reason: str, role: str | None) -> Intent:
    place = RecordPosition(name, 0, 0)
    return Intent(new_request_id(), Verb.ERASE, place, operator, reason, role=role)
