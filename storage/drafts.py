"""Drafts of the console in Postgres: what somebody is putting together, one for each key."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from storage.rows import affected

KEPT_DAYS = 30
"""A draft that nobody has changed for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft as it was saved last."""

    draft: dict[str, Any]
    updated_at: datetime


class DraftStore:
    """Rows of `console_drafts`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use these connections."""
        self._pool = pool

    async def draft(self, key_id: str) -> DraftRow | None:
        """What was saved with this key, if it was not forgotten."""
        row = await self._pool.fetchrow(
            "SELECT draft, updated_at FROM console_drafts WHERE key_id = $1", key_id
        )
        return None if row is None else DraftRow(json.loads(row["draft"]), row["updated_at"])

    async def save(self, key_id: str, draft: dict[str, Any]) -> DraftRow:
        """Keep this in place of what was there."""
        updated_at = await self._pool.fetchval(
            """INSERT INTO console_drafts (key_id, draft) VALUES ($1, $2)
               ON CONFLICT (key_id) DO UPDATE SET draft = EXCLUDED.draft, updated_at = now()
               RETURNING updated_at""",
            key_id,
            json.dumps(draft),
        )
        return DraftRow(draft, updated_at)

    async def drop(self, key_id: str) -> None:
        """Forget it, if there is one."""
        await self._pool.execute("DELETE FROM console_drafts WHERE key_id = $1", key_id)

    async def purge(self, limit: int) -> int:
        """Remove at most `limit` that are too old; returns how many. Several may do so at once."""
        done = await self._pool.execute(
            """DELETE FROM console_drafts WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM console_drafts
                 WHERE updated_at < now() - make_interval(days => $1)
                 LIMIT $2 FOR UPDATE SKIP LOCKED))""",
            KEPT_DAYS,
            limit,
        )
        return affected(done)
