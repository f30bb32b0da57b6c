"""Which dead letter decides a request: the first one. Claimed by its position, so that a redelivery
claims it again.
"""

from enum import StrEnum

import asyncpg


class ClaimResult(StrEnum):
    """What became of a claim."""

    WON = "won"  # now, or earlier by the same position
    LOST = "lost"  # another dead letter came first
    SUCCEEDED = "succeeded"  # the request has its picture: nothing may fail it
    UNKNOWN = "unknown"  # there is no such request


class ClaimStore:
    """Rows of `failure_claims`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def claim(
        self, request_id: str, code: str, topic: str, partition: int, offset: int
    ) -> ClaimResult:
        """Claim a request for the dead letter at this position. Durable when it returns; safe to
        repeat.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """INSERT INTO failure_claims (request_id, topic, partition, "offset", code)
                   SELECT request_id, $3, $4, $5, $2 FROM request_logs WHERE request_id = $1
                     AND status <> 'SUCCESS'
                   ON CONFLICT (request_id) DO NOTHING""",
                request_id,
                code,
                topic,
                partition,
                offset,
            )
            row = await connection.fetchrow(
                """SELECT r.status, c.topic, c.partition, c."offset" FROM request_logs r
                   LEFT JOIN failure_claims c USING (request_id) WHERE r.request_id = $1""",
                request_id,
            )
        if row is None:
            return ClaimResult.UNKNOWN
        if row["topic"] is None:
            return ClaimResult.SUCCEEDED
        return (
            ClaimResult.WON
            if (row["topic"], row["partition"], row["offset"]) == (topic, partition, offset)
            else ClaimResult.LOST
        )
