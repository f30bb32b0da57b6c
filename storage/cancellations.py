"""Cancel commands: recorded once per request, together with the outbox row that carries the command
to the pipeline.
"""

import asyncpg
import orjson

from schemas.envelope import Meta, encode, new_traceparent
from schemas.events import TYPE_OF, CancelLook
from schemas.ids import derived_id
from schemas.topics import LOOK_CANCEL


class CancellationStore:
    """Rows of `cancellations`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def cancel(self, tenant_id: str, environment: str, request_id: str) -> bool:
        """Ask the pipeline to cancel an open request of this tenant. Safe to repeat: the command is
        sent once.

        False when there is nothing to ask: no such request, an outcome already, or asked before.
        Durable when it returns.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """INSERT INTO cancellations (request_id)
                   SELECT request_id FROM request_logs WHERE request_id = $1 AND tenant_id = $2
                     AND environment = $3
                     AND status IN ('NOT_STARTED', 'IN_PROGRESS')
                   ON CONFLICT (request_id) DO NOTHING
                   RETURNING requested_at, (SELECT deadline_at FROM request_logs
                     WHERE request_id = $1) AS deadline_at""",
                request_id,
                tenant_id,
                environment,
            )
            if row is None:
                return False
            at = row["requested_at"]
            event = CancelLook(
                request_id=request_id,
                tenant_id=tenant_id,
                requested_at=at,
                deadline_at=row["deadline_at"],
            )
            meta = Meta(
                id=derived_id(request_id, LOOK_CANCEL.name),
                type=TYPE_OF[CancelLook],
                source="/looks/api",
                time=at,
                traceparent=new_traceparent(),
            )
            record = encode(event, meta)
            headers = orjson.dumps([(name, raw.decode()) for name, raw in record.headers]).decode()
            await connection.execute(
                "INSERT INTO outbox (topic, key, value, headers) VALUES ($1, $2, $3, $4::jsonb)",
                LOOK_CANCEL.name,
                request_id,
                record.value,
                headers,
            )
        return True
