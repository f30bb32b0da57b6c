"""Operators' keys and sign-ins in Postgres. Each key that is made or revoked is an operator's
action, recorded in the same transaction.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from ulid import ULID

from domain.api_keys import hash_key
from domain.operators import SESSION_PREFIX, Operator, OperatorRole, make_operator_key
from domain.redriving import NOWHERE, Verb
from domain.sessions import MAX_PER_KEY, make_token
from domain.sign_in import Person
from schemas.ids import new_request_id
from storage.operator_actions import Intent, add_whole
from storage.rows import affected

_WORKS = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"

_WHOSE = "coalesce(s.key_id, s.issuer || ' ' || s.subject)"
_STALE = "(k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute')"


@dataclass(frozen=True, slots=True)
class OperatorKeyRow:
    """A key without its text. `works`: it is neither revoked nor expired."""

    key_id: str
    name: str
    role: OperatorRole
    last4: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    works: bool


@dataclass(frozen=True, slots=True)
class OperatorSessionRow:
    """A sign-in. `operator_id`: of the key, or of the person whom a provider names."""

    operator_id: str
    is_person: bool
    name: str
    role: OperatorRole
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class LastAdmin(Exception):
    """No other key that works may make keys."""


class OperatorStore:
    """Rows of `operator_keys` and `operator_sessions`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        pepper: str = "",
        *,
        idle_s: float = 0.0,
        kept_s: float = 0.0,
        issuer: str | None = None,
    ) -> None:
        """`idle_s`: a sign-in that is not used ends; `kept_s`: each ends, however much it is
        used. `issuer`: the one provider whose people's sign-ins count; None: nobody's.
        """
        self._pool = pool
        self._pepper = pepper
        self._idle_s = idle_s
        self._kept_s = kept_s
        self._issuer = issuer

    async def add(
        self,
        name: str,
        role: OperatorRole,
        by: str,
        by_role: str | None = None,
        expires_in: timedelta | None = None,
    ) -> tuple[str, str]:
        """A new key: its id and its text, which is shown here only."""
        key_id, text = str(ULID()), make_operator_key(secrets.choice)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._insert(connection, (key_id, name, role, text, by), expires_in)
            intent = _intent(Verb.ADD_OPERATOR, key_id, by, by_role)
            await add_whole(connection, intent, f"{name}, {role}")
        return key_id, text

    async def keep(self, name: str, role: OperatorRole, text: str) -> None:
        """A key whose text is known, as a development stack has; safe to repeat. No action is
        recorded: nobody acts.
        """
        known = "SELECT 1 FROM operator_keys WHERE key_hash = $1"
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(known, hash_key(text, self._pepper)):
                await self._insert(connection, (str(ULID()), name, role, text, name), None)

    async def _insert(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        key: tuple[str, str, OperatorRole, str, str],
        expires_in: timedelta | None,
    ) -> None:
        key_id, name, role, text, by = key
        await connection.execute(
            """INSERT INTO operator_keys (key_id, name, role, key_hash, last4, created_by,
                 expires_at) VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval)""",
            key_id,
            name,
            role.value,
            hash_key(text, self._pepper),
            text[-4:],
            by,
            expires_in,
        )

    async def keys(self) -> list[OperatorKeyRow]:
        """Every key: those that work first, the newest of them first."""
        rows = await self._pool.fetch(
            f"""SELECT key_id, name, role, last4, created_by, created_at, expires_at, last_used_at,
                  revoked_at, {_WORKS} AS works
                FROM operator_keys k ORDER BY works DESC, key_id DESC"""
        )
        return [
            OperatorKeyRow(**{**dict(row.items()), "role": OperatorRole(row["role"])})
            for row in rows
        ]

    async def revoke(self, key_id: str, by: str, by_role: str | None = None) -> bool:
        """End a key and its sign-ins; False when there is none of this id that works. Raises
        LastAdmin.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            # One at a time, so that two admins can't end each other
            working = await connection.fetch(
                f"SELECT key_id, name, role FROM operator_keys k WHERE {_WORKS} FOR UPDATE"
            )
            found = next((row for row in working if row["key_id"] == key_id), None)
            if found is None:
                return False
            admins = {row["key_id"] for row in working if row["role"] == OperatorRole.ADMIN}
            if admins == {key_id}:
                raise LastAdmin(key_id)
            await connection.execute(
                "UPDATE operator_keys SET revoked_at = now() WHERE key_id = $1", key_id
            )
            await connection.execute("DELETE FROM operator_sessions WHERE key_id = $1", key_id)
            intent = _intent(Verb.REVOKE_OPERATOR, key_id, by, by_role)
            await add_whole(connection, intent, f"{found['name']}, {found['role']}")
        return True

    async def operator(self, key: str) -> Operator | None:
        """Who this key speaks for; None when it is unknown, revoked or expired. Notes its use, at
        most once a minute.
        """
        row = await self._pool.fetchrow(
            f"""SELECT key_id, name, role, {_STALE} AS stale FROM operator_keys k
                WHERE key_hash = $1 AND {_WORKS}""",
            hash_key(key, self._pepper),
        )
        if row is None:
            return None
        if row["stale"]:
            await self._used(row["key_id"])
        return Operator(row["key_id"], row["name"], OperatorRole(row["role"]))

    async def _used(self, key_id: str) -> None:
        await self._pool.execute(
            f"UPDATE operator_keys k SET last_used_at = now() WHERE key_id = $1 AND {_STALE}",
            key_id,
        )

    async def begin(self, key_id: str, agent: str) -> tuple[str, str]:
        """A new sign-in of this key: its id, and its token, which is known here only. Those that
        have ended go, and of too many those that were used longest ago.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT 1 FROM operator_keys WHERE key_id = $1 FOR NO KEY UPDATE", key_id
            )
            made = await self._begin(connection, agent, key_id=key_id)
            await self._tidy(connection, "key_id = $3", key_id)
        return made

    async def begin_person(self, person: Person, role: OperatorRole, agent: str) -> tuple[str, str]:
        """The same of a person in a role, as a provider named both just now."""
        async with self._pool.acquire() as connection, connection.transaction():
            made = await self._begin(connection, agent, person=person, role=role)
            about = (person.issuer, person.subject)
            await self._tidy(connection, "(issuer, subject) = ($3, $4)", *about)
        return made

    async def _begin(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        agent: str,
        *,
        key_id: str | None = None,
        person: Person | None = None,
        role: OperatorRole | None = None,
    ) -> tuple[str, str]:
        session_id = f"{SESSION_PREFIX}{ULID()}"
        token = make_token(secrets.choice, SESSION_PREFIX)
        whose = (None,) * 3 if person is None else (person.issuer, person.subject, person.shown)
        await connection.execute(
            """INSERT INTO operator_sessions (session_id, key_id, issuer, subject, name, role,
                 token_hash, agent, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))""",
            session_id,
            key_id,
            *whose,
            role,
            hash_key(token, self._pepper),
            agent,
            self._kept_s,
        )
        return session_id, token

    async def _tidy(
        self, connection: asyncpg.pool.PoolConnectionProxy, whose: str, *of: str
    ) -> None:
        await connection.execute(
            f"""DELETE FROM operator_sessions WHERE expires_at < now()
                  OR seen_at < now() - make_interval(secs => $1)
                  OR session_id IN (SELECT session_id FROM operator_sessions WHERE {whose}
                    ORDER BY seen_at DESC, session_id DESC OFFSET $2)""",
            self._idle_s,
            MAX_PER_KEY,
            *of,
        )

    async def signed_in(self, token: str) -> Operator | None:
        """Who this token speaks for: its key, as long as that works, or a person, as long as the
        provider is the one that is asked; None when it has ended. Notes its use, at most once a
        minute.
        """
        row = await self._pool.fetchrow(
            f"""SELECT s.session_id, s.seen_at < now() - interval '1 minute' AS stale, s.key_id,
                  s.issuer || ' ' || s.subject AS person_id,
                  coalesce(k.name, s.name) AS name, coalesce(k.role, s.role) AS role
                FROM operator_sessions s LEFT JOIN operator_keys k USING (key_id)
                WHERE s.token_hash = $1 AND s.expires_at > now()
                  AND s.seen_at > now() - make_interval(secs => $2)
                  AND CASE WHEN s.key_id IS NULL THEN s.issuer = $3
                      ELSE k.key_id IS NOT NULL AND {_WORKS} END""",
            hash_key(token, self._pepper),
            self._idle_s,
            self._issuer,
        )
        if row is None:
            return None
        if row["stale"]:
            if row["key_id"] is not None:
                await self._used(row["key_id"])
            await self._pool.execute(
                "UPDATE operator_sessions SET seen_at = now() WHERE session_id = $1",
                row["session_id"],
            )
        return Operator(
            row["key_id"] or row["person_id"],
            row["name"],
            OperatorRole(row["role"]),
            row["session_id"],
            is_person=row["key_id"] is None,
        )

    async def end(self, key_id: str, session_id: str) -> bool:
        """End a sign-in of this key or person; False when there is none."""
        done = await self._pool.execute(
            """DELETE FROM operator_sessions WHERE session_id = $2
                 AND coalesce(key_id, issuer || ' ' || subject) = $1""",
            key_id,
            session_id,
        )
        return affected(done) == 1

    async def sessions(self) -> list[OperatorSessionRow]:
        """Sign-ins that have not ended, the one that was used last first."""
        rows = await self._pool.fetch(
            f"""SELECT {_WHOSE} AS operator_id, s.key_id IS NULL AS is_person,
                  coalesce(k.name, s.name) AS name, coalesce(k.role, s.role) AS role,
                  s.agent, s.created_at, s.seen_at, s.expires_at
                FROM operator_sessions s LEFT JOIN operator_keys k USING (key_id)
                WHERE s.expires_at > now()
                  AND ($1 = 0 OR s.seen_at > now() - make_interval(secs => $1))
                ORDER BY s.seen_at DESC, s.session_id DESC""",
            self._idle_s,
        )
        return [
            OperatorSessionRow(**{**dict(row.items()), "role": OperatorRole(row["role"])})
            for row in rows
        ]

    async def end_all(self, operator_id: str, by: str, by_role: str | None, why: str) -> int:
        """End every sign-in of a key or a person; how many there were. None is no action."""
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await connection.fetch(
                f"""DELETE FROM operator_sessions s WHERE {_WHOSE} = $1
                    RETURNING coalesce((SELECT k.name FROM operator_keys k
                      WHERE k.key_id = s.key_id), s.name) AS name""",
                operator_id,
            )
            if ended:
                intent = _intent(Verb.END_SESSIONS, operator_id, by, by_role, why)
                await add_whole(connection, intent, f"{len(ended)} of {ended[0]['name']}")
        return len(ended)


def _intent(verb: Verb, about: str, by: str, role: str | None, why: str = "") -> Intent:
    return Intent(new_request_id(), verb, NOWHERE, by, why, role=role, target=about)
