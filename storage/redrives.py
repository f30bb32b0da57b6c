"""Failed requests as an operator sees them, and the new request that makes one good."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import orjson

from domain.engines import asked_for
from domain.outcomes import Emit
from domain.redriving import RequestStanding
from runtime.records import outgoing
from schemas.events import LookRequested
from schemas.failures import FailureCode
from schemas.http import JobStatus, TrialItemInput, UserCategory
from schemas.ids import new_request_id
from schemas.topics import LOOK_REQUESTED
from storage import outbox
from storage.asked_rows import SOURCE
from storage.operator_actions import Intent, add_whole
from storage.rows import affected


class RedriveStore:
    """Reads where requests stand; writes `redrives`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def standings(self, request_ids: Sequence[str]) -> dict[str, RequestStanding]:
        """Where these requests stand; unknown ones are missing."""
        rows = await self._pool.fetch(
            """SELECT r.request_id, r.tenant_id, r.status, r.error_code, d.redriven_as,
                 EXISTS (SELECT 1 FROM failure_claims c
                   WHERE c.request_id = r.request_id) AS claimed,
                 EXISTS (SELECT 1 FROM ledger_entries l WHERE l.request_id = r.request_id
                   AND l.kind = 'refund') AS refunded
               FROM request_logs r LEFT JOIN redrives d USING (request_id)
                 WHERE r.request_id = ANY($1::text[])""",
            list(request_ids),
        )
        return {
            row["request_id"]: RequestStanding(
                tenant_id=row["tenant_id"],
                status=JobStatus(row["status"]),
                code=FailureCode(row["error_code"]) if row["error_code"] else None,
                claimed=row["claimed"],
                refunded=row["refunded"],
                redriven_as=row["redriven_as"],
            )
            for row in rows
        }

    async def redriven_from(self, request_id: str) -> str | None:
        """The failed request that this one makes good."""
        old: str | None = await self._pool.fetchval(
            "SELECT request_id FROM redrives WHERE redriven_as = $1", request_id
        )
        return old

    async def rerun(self, request_id: str, intent: Intent, deadline_s: float) -> str | None:
        """Make a new request with the items of a failed and refunded one; returns its id.

        The request row, a charge of 0, the outbox row, the link and the operator's action are one
        transaction. None, and nothing written, when the old request was redriven before, is not
        failed and refunded, is of a tenant that was erased, or the action's place is taken.
        """
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                made = await _rerun(connection, request_id, intent, deadline_s)
            except BaseException:
                await transaction.rollback()
                raise
            await (transaction.rollback() if made is None else transaction.commit())
        return made


async def _rerun(
    connection: asyncpg.pool.PoolConnectionProxy, request_id: str, intent: Intent, deadline_s: float
) -> str | None:
    old = await connection.fetchrow(
        """SELECT tenant_id, environment, user_category, items::text AS items, runtime_config::text
        AS runtime_config, reference, metadata::text AS metadata,
             clock_timestamp() AS now,
             (SELECT engine FROM tenants t WHERE t.tenant_id = r.tenant_id) AS engine,
             (SELECT quality_floor::float8 FROM tenants t
               WHERE t.tenant_id = r.tenant_id) AS quality_floor
           FROM request_logs r WHERE request_id = $1 AND status = 'FAILURE' AND items <> '[]'
             AND EXISTS (SELECT 1 FROM ledger_entries l WHERE l.request_id = r.request_id
               AND l.kind = 'refund')
             AND NOT EXISTS (SELECT 1 FROM redrives d WHERE d.request_id = r.request_id)
           FOR NO KEY UPDATE OF r""",
        request_id,
    )
    if old is None:
        return None
    config = orjson.loads(old["runtime_config"]) if old["runtime_config"] else None
    event = LookRequested(
        request_id=new_request_id(),
        tenant_id=old["tenant_id"],
        user_category=UserCategory(old["user_category"]) if old["user_category"] else None,
        items=tuple(TrialItemInput(**item) for item in orjson.loads(old["items"])),
        runtime_config=config,
        engine=asked_for(config, old["engine"]),
        quality_floor=old["quality_floor"],
        credits_cost=0,
        requested_at=old["now"],
        deadline_at=old["now"] + timedelta(seconds=deadline_s),
        environment=old["environment"],
        reference=old["reference"],
        metadata=orjson.loads(old["metadata"]) if old["metadata"] else None,
    )
    await _insert(connection, event, old["environment"])
    linked = await connection.execute(
        "INSERT INTO redrives (request_id, redriven_as, action_id) VALUES ($1, $2, $3) ON CONFLICT "
        "DO NOTHING",
        request_id,
        event.request_id,
        intent.action_id,
    )
    recorded = await add_whole(connection, intent, f"redriven as {event.request_id}")
    return event.request_id if recorded and affected(linked) else None


async def _insert(
    connection: asyncpg.pool.PoolConnectionProxy, event: LookRequested, environment: str
) -> None:
    """The request row, its charge and its outbox record."""
    await connection.execute(
        """WITH charged AS (
             INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
             VALUES ($2, $3, 'charge', 0, $1))
           INSERT INTO request_logs (request_id, tenant_id, environment, user_category, items,
             runtime_config, credits_cost, created_at, updated_at, deadline_at, reference, metadata)
           VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, 0, $7, $7, $8, $9, $10::jsonb)""",
        event.request_id,
        event.tenant_id,
        environment,
        event.user_category,
        orjson.dumps([item.model_dump() for item in event.items]).decode(),
        orjson.dumps(dict(event.runtime_config)).decode() if event.runtime_config else None,
        event.requested_at,
        event.deadline_at,
        event.reference,
        orjson.dumps(dict(event.metadata)).decode() if event.metadata is not None else None,
    )
    emit = Emit(event, (LOOK_REQUESTED.name,), sequence=1)
    await outbox.add(connection, outgoing(emit, SOURCE, event.requested_at))
