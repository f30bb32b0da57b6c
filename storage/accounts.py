"""Tenants, their API keys, and their credits."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from ulid import ULID

from domain.api_keys import environment_of, hash_key, make_key
from domain.erasure import is_pseudonym
from domain.money import MAX_BALANCE
from domain.object_keys import reachable
from schemas.engines import EngineName
from storage.operator_actions import Intent, add_whole
from storage.rows import affected

MAX_KEYS = 50
"""Working keys that a tenant makes itself in one environment; operators may make more."""
SHOWN_KEYS = 200
_TENANTS = "SELECT tenant_id, key_prefixes, engine, quality_floor::float8 FROM tenants"


@dataclass(frozen=True, slots=True)
class Credential:
    """Who a key speaks for and what it may do. `key_prefixes`: of its environment."""

    key_id: str
    tenant_id: str
    environment: str
    capabilities: frozenset[str]
    key_prefixes: tuple[str, ...]
    engine: str | None = None  # who makes its looks; None: the deployment's default
    strict_fields: bool = True  # whether unknown fields are refused; else they are warned of
    strict_options: bool = True  # the same of rendering options
    key_name: str = ""  # what its tenant calls it
    session_id: str | None = None  # of the console's sign-in by which the key speaks


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant as operators see it. `engine`, `quality_floor`: None where the deployment's own
    holds.
    """

    tenant_id: str
    key_prefixes: tuple[str, ...]
    engine: str | None
    quality_floor: float | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry, as a statement shows it."""

    id: int
    request_id: str | None
    kind: str
    amount: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as its own tenant sees it."""

    key_id: str
    last4: str
    capabilities: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaces: str | None
    works: bool
    name: str = ""


class UnknownTenant(Exception):
    """There is no such tenant."""


class KeyEnded(Exception):
    """The key does not work any more, or there is none; the message says which."""


class GrantRefused(Exception):
    """The amount can't be granted; the message says why. Nothing was written."""


class AccountStore:
    """Tenants, keys and credits in Postgres."""

    def __init__(self, pool: asyncpg.Pool, pepper: str = "") -> None:
        """`pepper`: the secret that is mixed into key hashes."""
        self._pool = pool
        self._pepper = pepper

    async def create_tenant(self, tenant_id: str, key_prefixes: Sequence[str]) -> bool:
        """Add a tenant with empty accounts; False when it exists."""
        async with self._pool.acquire() as connection, connection.transaction():
            added = await connection.execute(
                "INSERT INTO tenants (tenant_id, key_prefixes) VALUES ($1, $2) ON CONFLICT DO "
                "NOTHING",
                tenant_id,
                list(key_prefixes),
            )
            await connection.execute(
                """INSERT INTO credit_accounts (tenant_id, environment)
                   SELECT $1, e FROM unnest(ARRAY['live', 'test']) AS e ON CONFLICT DO NOTHING""",
                tenant_id,
            )
        return affected(added) == 1

    async def tenants(self) -> list[TenantRow]:
        """Every tenant, by id."""
        rows = await self._pool.fetch(f"{_TENANTS} ORDER BY tenant_id")
        return [_tenant(row) for row in rows]

    async def tenant(self, tenant_id: str) -> TenantRow:
        """One tenant. Raises UnknownTenant."""
        row = await self._pool.fetchrow(f"{_TENANTS} WHERE tenant_id = $1", tenant_id)
        if row is None:
            raise UnknownTenant(tenant_id)
        return _tenant(row)

    async def set_engine(self, tenant_id: str, engine: EngineName | None) -> None:
        """Who makes the tenant's looks from now on; None: the deployment's default. Raises
        UnknownTenant.
        """
        done = await self._pool.execute(
            "UPDATE tenants SET engine = $2 WHERE tenant_id = $1", tenant_id, engine
        )
        if not affected(done):
            raise UnknownTenant(tenant_id)

    async def set_quality_floor(self, tenant_id: str, floor: float | None) -> None:
        """Below which quality the tenant's garments are refused from now on, 0 to 1; None: by the
        deployment's floor alone.

        Raises UnknownTenant.
        """
        done = await self._pool.execute(
            "UPDATE tenants SET quality_floor = $2::float8::numeric WHERE tenant_id = $1",
            tenant_id,
            floor,
        )
        if not affected(done):
            raise UnknownTenant(tenant_id)

    async def create_key(
        self,
        tenant_id: str,
        environment: str,
        capabilities: Sequence[str],
        *,
        key: str | None = None,
        expires_in: timedelta | None = None,
    ) -> tuple[str, str]:
        """A new key (or `key` itself): its id and its text, which is shown here only. Raises
        UnknownTenant.

        A `key` that is there already is given these capabilities.
        """
        if is_pseudonym(tenant_id):
            raise UnknownTenant(tenant_id)
        text = key or make_key(environment, secrets.choice)
        key_id = str(ULID())
        # Only who brings a key of its own needs the right to change one.
        again = "ON CONFLICT (key_hash) DO UPDATE SET capabilities = EXCLUDED.capabilities"
        try:
            await self._pool.execute(
                f"""INSERT INTO api_keys (key_id, tenant_id, environment, key_hash, last4,
                capabilities, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval) {again if key else ""}""",
                key_id,
                tenant_id,
                environment,
                hash_key(text, self._pepper),
                text[-4:],
                list(capabilities),
                expires_in,
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise UnknownTenant(tenant_id) from error
        return key_id, text

    async def rotate_key(self, key_id: str, overlap: timedelta) -> tuple[str, str, datetime]:
        """A new key like this one, as strict as it: its id, its text, and when the old one ends.
        The old one works for `overlap` more, or as long as it had left where that is less. Raises
        KeyEnded.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            old = await connection.fetchrow(
                """SELECT tenant_id, environment, capabilities, strict_fields, strict_options, name,
                          (revoked_at IS NOT NULL OR expires_at <= now()) IS TRUE AS ended
                   FROM api_keys WHERE key_id = $1 FOR UPDATE""",
                key_id,
            )
            if old is None or old["ended"]:
                raise KeyEnded("there is no such key that still works")
            # Asked for after the lock is held: a statement sees what was committed when it began.
            successor = await connection.fetchval(
                "SELECT key_id FROM api_keys WHERE replaces = $1", key_id
            )
            if successor is not None:
                raise KeyEnded(f"this key was rotated before: rotate {successor}")
            text, new_id = make_key(old["environment"], secrets.choice), str(ULID())
            await connection.execute(
                """INSERT INTO api_keys (key_id, tenant_id, environment, key_hash, last4,
                capabilities, replaces, strict_fields, strict_options, name)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
                new_id,
                old["tenant_id"],
                old["environment"],
                hash_key(text, self._pepper),
                text[-4:],
                old["capabilities"],
                key_id,
                old["strict_fields"],
                old["strict_options"],
                old["name"],
            )
            ends_at = await connection.fetchval(
                """UPDATE api_keys SET expires_at = least(expires_at, now() + $2::interval)
                WHERE key_id = $1
                   RETURNING expires_at""",
                key_id,
                overlap,
            )
        return new_id, text, ends_at

    async def rename_key(self, key_id: str, name: str) -> None:
        """What its tenant calls it from now on."""
        await self._pool.execute("UPDATE api_keys SET name = $2 WHERE key_id = $1", key_id, name)

    async def mark_used(self, key_ids: Sequence[str]) -> None:
        """Note that these keys were used just now; written at most once a minute per key, whoever
        asks.
        """
        await self._pool.execute(
            """UPDATE api_keys SET last_used_at = now()
               WHERE key_id = ANY($1::text[]) AND (last_used_at IS NULL
                 OR last_used_at <= now() - interval '1 minute')""",
            list(key_ids),
        )

    async def revoke_key(self, key_id: str) -> bool:
        """End a key; False when there is none of this id that still works."""
        done = await self._pool.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE key_id = $1 AND revoked_at IS NULL",
            key_id,
        )
        return affected(done) == 1

    async def keys(self, tenant_id: str | None = None) -> list[asyncpg.Record]:
        """Keys without their secrets."""
        return list(
            await self._pool.fetch(
                """SELECT key_id, tenant_id, environment, last4, capabilities, created_at,
                expires_at, revoked_at, last_used_at,
                          replaces, expires_at <= now() AS expired
                   FROM api_keys WHERE $1::text IS NULL OR tenant_id = $1 ORDER BY key_id""",
                tenant_id,
            )
        )

    async def own_keys(self, tenant_id: str, environment: str) -> list[KeyRow]:
        """Keys of a tenant's environment, newest first: `SHOWN_KEYS` at most."""
        rows = await self._pool.fetch(
            """SELECT key_id, last4, capabilities, created_at, expires_at, last_used_at, revoked_at,
                 replaces, name,
                 revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS works
               FROM api_keys WHERE tenant_id = $1 AND environment = $2
               ORDER BY works DESC, key_id DESC LIMIT $3""",
            tenant_id,
            environment,
            SHOWN_KEYS,
        )
        found = [
            KeyRow(
                row["key_id"],
                row["last4"],
                tuple(row["capabilities"]),
                row["created_at"],
                row["expires_at"],
                row["last_used_at"],
                row["revoked_at"],
                row["replaces"],
                row["works"],
                row["name"],
            )
            for row in rows
        ]
        return sorted(found, key=lambda row: row.key_id, reverse=True)

    async def credential(self, key: str) -> Credential | None:
        """Who this key speaks for; None when it is malformed, unknown, revoked or expired."""
        environment = environment_of(key)
        if environment is None:
            return None
        row = await self._pool.fetchrow(
            """SELECT k.key_id, k.tenant_id, k.capabilities, k.strict_fields,
                      k.strict_options, k.name, t.key_prefixes, t.engine
               FROM api_keys k JOIN tenants t USING (tenant_id)
               WHERE k.key_hash = $1 AND k.environment = $2 AND k.revoked_at IS NULL
                 AND (k.expires_at IS NULL OR k.expires_at > now())""",
            hash_key(key, self._pepper),
            environment,
        )
        if row is None:
            return None
        prefixes = reachable(environment, row["key_prefixes"])
        return Credential(
            row["key_id"],
            row["tenant_id"],
            environment,
            frozenset(row["capabilities"]),
            prefixes,
            row["engine"],
            row["strict_fields"],
            row["strict_options"],
            row["name"],
        )

    async def working_keys(self, key_ids: Collection[str]) -> set[str]:
        """Those of these keys that are neither revoked nor expired."""
        rows = await self._pool.fetch(
            """SELECT key_id FROM api_keys WHERE key_id = ANY($1::text[])
               AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())""",
            list(key_ids),
        )
        return {row["key_id"] for row in rows}

    async def grant(
        self,
        tenant_id: str,
        environment: str,
        amount: int,
        reference: str,
        by: Intent | None = None,
    ) -> bool:
        """Give credits, once per reference; False when this reference was granted before. `by`:
        the operator's action, recorded with the grant or not at all.

        Raises UnknownTenant; GrantRefused for an amount that is not positive, a balance that would
        be larger than
        `MAX_BALANCE`, no reference, or a reference that was granted with another amount.
        """
        if amount <= 0 or not reference:
            raise GrantRefused("a grant has a positive amount and a reference")
        async with self._pool.acquire() as connection, connection.transaction():
            balance = await connection.fetchval(
                "SELECT balance FROM credit_accounts WHERE tenant_id = $1 AND environment = $2 FOR "
                "NO KEY UPDATE",
                tenant_id,
                environment,
            )
            if balance is None:
                raise UnknownTenant(tenant_id)
            before = await connection.fetchval(
                """SELECT amount FROM ledger_entries
                   WHERE tenant_id = $1 AND environment = $2 AND reference = $3
                     AND kind = 'grant'""",
                tenant_id,
                environment,
                reference,
            )
            if before is not None and before != amount:
                raise GrantRefused(f"this reference was granted with {before} credits")
            if before is not None:
                return False
            if balance + amount > MAX_BALANCE:
                raise GrantRefused(f"a balance can't be larger than {MAX_BALANCE}")
            await connection.execute(
                """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, reference)
                   VALUES ($1, $2, 'grant', $3, $4)""",
                tenant_id,
                environment,
                amount,
                reference,
            )
            await connection.execute(
                "UPDATE credit_accounts SET balance = balance + $3 WHERE tenant_id = $1 AND "
                "environment = $2",
                tenant_id,
                environment,
                amount,
            )
            if by is not None:
                await add_whole(connection, by, f"{amount} credits, {environment}")
        return True

    async def balance(self, tenant_id: str, environment: str) -> int:
        """Credits that can be spent. Raises UnknownTenant."""
        balance = await self._pool.fetchval(
            "SELECT balance FROM credit_accounts WHERE tenant_id = $1 AND environment = $2",
            tenant_id,
            environment,
        )
        if balance is None:
            raise UnknownTenant(tenant_id)
        return int(balance)

    async def low_balance(self, tenant_id: str, environment: str) -> int | None:
        """Below how many credits the tenant wants to be told; None: by the service's own rule.
        Raises UnknownTenant.
        """
        row = await self._pool.fetchrow(
            "SELECT low_balance FROM credit_accounts WHERE tenant_id = $1 AND environment = $2",
            tenant_id,
            environment,
        )
        if row is None:
            raise UnknownTenant(tenant_id)
        return None if row[0] is None else int(row[0])

    async def set_low_balance(self, tenant_id: str, environment: str, below: int | None) -> None:
        """Set that; 0: never. Raises UnknownTenant."""
        done = await self._pool.execute(
            """UPDATE credit_accounts SET low_balance = $3
               WHERE tenant_id = $1 AND environment = $2""",
            tenant_id,
            environment,
            below,
        )
        if not affected(done):
            raise UnknownTenant(tenant_id)

    async def statement(
        self, tenant_id: str, environment: str, limit: int, before: int | None = None
    ) -> list[LedgerEntry]:
        """Entries, newest first, older than the entry `before`."""
        rows = await self._pool.fetch(
            """SELECT id, request_id, kind, amount, created_at FROM ledger_entries
               WHERE tenant_id = $1 AND environment = $2 AND ($4::bigint IS NULL OR id < $4)
                 ORDER BY id DESC LIMIT $3""",
            tenant_id,
            environment,
            limit,
            before,
        )
        return [
            LedgerEntry(row["id"], row["request_id"], row["kind"], row["amount"], row["created_at"])
            for row in rows
        ]


def _tenant(row: asyncpg.Record) -> TenantRow:
    return TenantRow(
        row["tenant_id"], tuple(row["key_prefixes"]), row["engine"], row["quality_floor"]
    )
