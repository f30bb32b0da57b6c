"""Sign-ins of the console in Postgres."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from ulid import ULID

from domain.api_keys import hash_key
from domain.object_keys import reachable
from domain.sessions import MAX_PER_KEY, PREFIX, make_token
from storage.accounts import Credential
from storage.rows import affected

_WORKING = """s.expires_at > now() AND s.seen_at > now() - make_interval(secs => $2)
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One sign-in."""

    session_id: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionStore:
    """Rows of `console_sessions`."""

    def __init__(
        self, pool: asyncpg.Pool, pepper: str = "", *, idle_s: float, kept_s: float
    ) -> None:
        """`idle_s`: an unused one ends; `kept_s`: each ends, however much it is used."""
        self._pool = pool
        self._pepper = pepper
        self._idle_s = idle_s
        self._kept_s = kept_s

    async def begin(self, key_id: str, agent: str) -> tuple[str, str]:
        """A new session of this key: its id, and its token, which is known here only. Of too many
        those end that were used longest ago.
        """
        session_id, token = f"{PREFIX}{ULID()}", make_token(secrets.choice)
        async with self._pool.acquire() as connection, connection.transaction():
            # One sign-in of a key at a time, so that the bound holds.
            await connection.execute(
                "SELECT 1 FROM api_keys WHERE key_id = $1 FOR NO KEY UPDATE", key_id
            )
            await connection.execute(
                """INSERT INTO console_sessions (session_id, key_id, token_hash, agent, expires_at)
                   VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))""",
                session_id,
                key_id,
                hash_key(token, self._pepper),
                agent,
                self._kept_s,
            )
            await connection.execute(
                """DELETE FROM console_sessions WHERE session_id IN (
                     SELECT session_id FROM console_sessions WHERE key_id = $1
                     ORDER BY seen_at DESC, session_id DESC OFFSET $2)""",
                key_id,
                MAX_PER_KEY,
            )
        return session_id, token

    async def credential(self, token: str) -> Credential | None:
        """Who this token speaks for: its key, as long as that works; None when it has ended. Notes
        its use, at most once a minute.
        """
        row = await self._pool.fetchrow(
            f"""SELECT s.session_id, s.seen_at < now() - interval '1 minute' AS stale, k.key_id,
                       k.tenant_id, k.environment, k.capabilities, k.strict_fields,
                       k.strict_options, k.name, t.key_prefixes, t.engine
                FROM console_sessions s JOIN api_keys k USING (key_id) JOIN tenants t
                  USING (tenant_id)
                WHERE s.token_hash = $1 AND {_WORKING}""",
            hash_key(token, self._pepper),
            self._idle_s,
        )
        if row is None:
            return None
        if row["stale"]:
            await self._pool.execute(
                """UPDATE console_sessions SET seen_at = now()
                   WHERE session_id = $1 AND seen_at < now() - interval '1 minute'""",
                row["session_id"],
            )
        return Credential(
            row["key_id"],
            row["tenant_id"],
            row["environment"],
            frozenset(row["capabilities"]),
            reachable(row["environment"], row["key_prefixes"]),
            row["engine"],
            row["strict_fields"],
            row["strict_options"],
            row["name"],
            row["session_id"],
        )

    async def working(self, session_ids: Collection[str]) -> set[str]:
        """Those of these sessions that have not ended, nor their keys."""
        rows = await self._pool.fetch(
            f"""SELECT s.session_id FROM console_sessions s JOIN api_keys k USING (key_id)
                WHERE s.session_id = ANY($1::text[]) AND {_WORKING}""",
            list(session_ids),
            self._idle_s,
        )
        return {row["session_id"] for row in rows}

    async def sessions(self, key_id: str) -> list[SessionRow]:
        """The sessions of a key, the last used first."""
        rows = await self._pool.fetch(
            f"""SELECT s.session_id, s.agent, s.created_at, s.seen_at, s.expires_at
                FROM console_sessions s JOIN api_keys k USING (key_id)
                WHERE s.key_id = $1 AND {_WORKING} ORDER BY s.seen_at DESC, s.session_id DESC""",
            key_id,
            self._idle_s,
        )
        return [SessionRow(*row.values()) for row in rows]

    async def end(self, key_id: str, session_id: str) -> bool:
        """End a session of this key; False when there is none."""
        done = await self._pool.execute(
            "DELETE FROM console_sessions WHERE key_id = $1 AND session_id = $2",
            key_id,
            session_id,
        )
        return affected(done) == 1

    async def end_all(self, key_id: str) -> int:
        """End every session of this key; returns how many."""
        return affected(
            await self._pool.execute("DELETE FROM console_sessions WHERE key_id = $1", key_id)
        )

    async def purge(self, limit: int) -> int:
        """Remove at most `limit` that have ended; returns how many. Several may do so at once."""
        done = await self._pool.execute(
            """DELETE FROM console_sessions WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM console_sessions
                 WHERE expires_at < now() OR seen_at < now() - make_interval(secs => $1)
                 LIMIT $2 FOR UPDATE SKIP LOCKED))""",
            self._idle_s,
            limit,
        )
        return affected(done)
