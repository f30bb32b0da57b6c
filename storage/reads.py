"""Reads that may be behind: of replicas where there are some, of the primary while they are away.

For lists and sums. What a client has just made is asked of the primary.
"""

import time

import asyncpg

from runtime import logs, metrics
from storage.database import DATABASE_AWAY

log = logs.get(__name__)

AWAY_S = 10.0
"""So long replicas that failed are not asked."""


class ReadPool:
    """Two pools that are asked as one."""

    def __init__(self, primary: asyncpg.Pool, replicas: asyncpg.Pool | None = None) -> None:
        """Without replicas, the primary is asked."""
        self._primary = primary
        self._replicas = replicas
        self._again_s = 0.0

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """The rows. Raises what the primary raises."""
        if self._replicas is not None and time.monotonic() >= self._again_s:
            try:
                return await self._replicas.fetch(sql, *values)
            except DATABASE_AWAY as error:
                self._again_s = time.monotonic() + AWAY_S
                metrics.REPLICA_READS_FAILED.inc()
                log.warning("replicas are away: the primary is read", error=type(error).__name__)
        return await self._primary.fetch(sql, *values)
