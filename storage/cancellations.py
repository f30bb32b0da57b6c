"""Cancel commands: recorded once per request, together with the outbox row that carries the command
to the pipeline.
"""

import asyncpg

from domain.outcomes import Emit
from runtime.records import outgoing
from schemas.events import CancelLook
from schemas.topics import LOOK_CANCEL
from storage import outbox


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
            emit = Emit(event, (LOOK_CANCEL.name,))
            await outbox.add(connection, outgoing(emit, "/looks/api", at))
        return True
