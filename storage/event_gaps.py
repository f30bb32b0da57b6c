"""Finished jobs of whose events some numbers are not there: noticed with the batch that ends them,
closed when it is known that they will not come.
"""

from collections.abc import Sequence

import asyncpg

from schemas.layout import PartitionGrowth
from storage.growths import growths
from storage.wakeups import announce

_HOLES = """SELECT request_id FROM job_events WHERE request_id = ANY($1::text[])
  GROUP BY request_id HAVING max(seq) > count(*)"""


async def notice(connection: asyncpg.pool.PoolConnectionProxy, finished: Sequence[str]) -> None:
    """Note those of these finished jobs that lack a number, in the caller's transaction."""
    if finished:
        await connection.execute(
            f"INSERT INTO job_event_gaps (request_id) {_HOLES} ON CONFLICT DO NOTHING",
            list(finished),
        )


class EventGapStore:
    """The gaps that are not closed yet."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def open_for(self, seconds: float, limit: int) -> list[str]:
        """Requests whose gap was noticed so long ago, oldest first. What has come meanwhile is
        forgotten.
        """
        await self._pool.execute(
            f"""DELETE FROM job_event_gaps g WHERE g.missing IS NULL AND NOT EXISTS (
                  {_HOLES.replace("ANY($1::text[])", "g.request_id")})"""
        )
        rows = await self._pool.fetch(
            """SELECT request_id FROM job_event_gaps WHERE missing IS NULL
               AND noticed_at <= clock_timestamp() - make_interval(secs => $1)
               ORDER BY noticed_at LIMIT $2""",
            seconds,
            limit,
        )
        return [row["request_id"] for row in rows]

    async def growths(self) -> tuple[PartitionGrowth, ...]:
        """What is recorded of growths. Asked after requests were: then what holds for them is
        there.
        """
        return await growths(self._pool)

    async def close(self, request_ids: Sequence[str]) -> dict[str, list[int]]:
        """Say of these that what is not there will not come, and wake who waits; returns the
        numbers.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                """UPDATE job_event_gaps g SET missing = m.missing FROM (
                     SELECT o.request_id, array_agg(n ORDER BY n) AS missing
                     FROM (SELECT request_id, max(seq) AS last FROM job_events
                           WHERE request_id = ANY($1::text[]) GROUP BY request_id) o
                     CROSS JOIN LATERAL generate_series(1, o.last) n
                     WHERE NOT EXISTS (SELECT FROM job_events e
                       WHERE (e.request_id, e.seq) = (o.request_id, n))
                     GROUP BY o.request_id) m
                   WHERE g.request_id = m.request_id AND g.missing IS NULL
                   RETURNING g.request_id, g.missing""",
                list(request_ids),
            )
            await announce(connection, [row["request_id"] for row in rows])
        return {row["request_id"]: list(row["missing"]) for row in rows}
