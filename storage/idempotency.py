"""Idempotency keys that have done their service."""

import asyncpg

from storage.rows import affected


class IdempotencyStore:
    """Rows of `idempotency_keys`; `storage.acceptance` writes them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def purge(self, kept_s: float, limit: int) -> int:
        """Remove at most `limit` keys older than `kept_s`, the oldest first; returns how many.
        Several may do so at once.
        """
        done = await self._pool.execute(
            """DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM idempotency_keys
                   WHERE created_at < now() - make_interval(secs => $1)
                 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))""",
            kept_s,
            limit,
        )
        return affected(done)
