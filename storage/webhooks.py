"""Endpoints of webhooks, as their tenants manage them. Secrets go in here and never come out."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from domain.webhooks import MAX_SECRETS, DisabledReason
from storage import advisory
from storage.advisory import LockClass
from storage.rows import affected

MAX_PER_TENANT = 20
"""Endpoints of one tenant in one environment."""

_COLUMNS = (
    "webhook_id, url, event_types, description, disabled_reason, disabled_at, failing_since, "
    "created_at, include_image_url"
)
_MINE = "webhook_id = $1 AND tenant_id = $2 AND environment = $3"


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """One endpoint."""

    webhook_id: str
    url: str
    event_types: tuple[str, ...]
    description: str
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime
    include_image_url: bool = False


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint to add, with its first secret."""

    webhook_id: str
    url: str
    event_types: tuple[str, ...]
    description: str
    secret: str = field(repr=False)
    include_image_url: bool = False


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret to sign with from now on, and for how long the one before signs beside it."""

    text: str = field(repr=False)
    overlap_s: float


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to change; None: stays."""

    url: str | None = None
    event_types: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None
    include_image_url: bool | None = None


class WebhookStore:
    """Rows of `webhooks` and `webhook_secrets`; every call names its tenant and environment."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def create(self, tenant_id: str, environment: str, new: NewWebhook) -> WebhookRow | None:
        """Add an endpoint; None when the tenant has MAX_PER_TENANT."""
        async with self._pool.acquire() as connection, connection.transaction():
            await advisory.hold_one(
                connection, LockClass.TENANTS_ENDPOINTS, f"{tenant_id}/{environment}"
            )
            row = await connection.fetchrow(
                f"""INSERT INTO webhooks (webhook_id, tenant_id, environment, url, event_types,
                  description, include_image_url)
                    SELECT $1, $2, $3, $4, $5, $6, $8
                    WHERE (SELECT count(*) FROM webhooks WHERE tenant_id = $2
                      AND environment = $3) < $7
                    RETURNING {_COLUMNS}""",
                new.webhook_id,
                tenant_id,
                environment,
                new.url,
                list(new.event_types),
                new.description,
                MAX_PER_TENANT,
                new.include_image_url,
            )
            if row is None:
                return None
            await connection.execute(
                "INSERT INTO webhook_secrets (webhook_id, secret) VALUES ($1, $2)",
                new.webhook_id,
                new.secret,
            )
        return _webhook(row)

    async def webhook(self, tenant_id: str, environment: str, webhook_id: str) -> WebhookRow | None:
        """One endpoint of this tenant; None for an unknown or another tenant's id."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM webhooks WHERE {_MINE}", webhook_id, tenant_id, environment
        )
        return _webhook(row) if row else None

    async def webhooks(
        self, tenant_id: str, environment: str, limit: int, before: str | None = None
    ) -> list[WebhookRow]:
        """Endpoints of this tenant, newest first, older than `before`."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM webhooks WHERE tenant_id = $1 AND environment = $2
                  AND ($3::text IS NULL OR webhook_id < $3) ORDER BY webhook_id DESC LIMIT $4""",
            tenant_id,
            environment,
            before,
            limit,
        )
        return [_webhook(row) for row in rows]

    async def update(
        self, tenant_id: str, environment: str, webhook_id: str, change: WebhookChange
    ) -> WebhookRow | None:
        """Change an endpoint; None when there is none. Disabling skips what waits; enabling forgets
        past failures.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                f"""UPDATE webhooks SET url = coalesce($4, url), event_types = coalesce($5::text[],
                  event_types),
                      description = coalesce($6, description),
                      include_image_url = coalesce($9, include_image_url),
                      disabled_reason = CASE WHEN $7::boolean THEN NULL
                        WHEN NOT $7 THEN coalesce(disabled_reason, $8)
                                        ELSE disabled_reason END,
                      disabled_at = CASE WHEN $7::boolean THEN NULL
                        WHEN NOT $7 THEN coalesce(disabled_at, clock_timestamp())
                                    ELSE disabled_at END,
                      failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END,
                      failures = CASE WHEN $7 THEN 0 ELSE failures END
                    WHERE {_MINE} RETURNING {_COLUMNS}""",
                webhook_id,
                tenant_id,
                environment,
                change.url,
                list(change.event_types) if change.event_types is not None else None,
                change.description,
                change.enabled,
                DisabledReason.OWNER.value,
                change.include_image_url,
            )
            if row is not None and change.enabled is False:
                await skip_waiting(connection, webhook_id)
        return _webhook(row) if row else None

    async def delete(self, tenant_id: str, environment: str, webhook_id: str) -> bool:
        """Remove an endpoint with its secrets and deliveries; False when there is none."""
        done = await self._pool.execute(
            f"DELETE FROM webhooks WHERE {_MINE}", webhook_id, tenant_id, environment
        )
        return affected(done) == 1

    async def rotate(
        self, tenant_id: str, environment: str, webhook_id: str, new: NewSecret
    ) -> datetime | None:
        """Make a secret the current one; returns until when the one before signs too, None when
        there is no endpoint.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            mine = await connection.fetchval(
                f"SELECT 1 FROM webhooks WHERE {_MINE} FOR NO KEY UPDATE",
                webhook_id,
                tenant_id,
                environment,
            )
            if mine is None:
                return None
            until: datetime = await connection.fetchval(
                """UPDATE webhook_secrets SET expires_at = clock_timestamp() + make_interval(secs
                => $2)
                   WHERE webhook_id = $1 AND expires_at IS NULL RETURNING expires_at""",
                webhook_id,
                new.overlap_s,
            )
            await connection.execute(
                "INSERT INTO webhook_secrets (webhook_id, secret) VALUES ($1, $2)",
                webhook_id,
                new.text,
            )
            await connection.execute(
                """DELETE FROM webhook_secrets WHERE webhook_id = $1
                AND (expires_at <= clock_timestamp() OR secret_id IN
                     (SELECT secret_id FROM webhook_secrets WHERE webhook_id = $1
                       ORDER BY secret_id DESC OFFSET $2))""",
                webhook_id,
                MAX_SECRETS,
            )
        return until


async def skip_waiting(connection: asyncpg.pool.PoolConnectionProxy, webhook_id: str) -> None:
    """An endpoint was disabled in this transaction: what waits for it is skipped, to be redelivered
    by hand.

    A try that is under way ends first; then it is delivered or skipped.
    """
    await connection.execute(
        """UPDATE webhook_deliveries SET status = 'skipped', due_at = NULL, leased_until = NULL
           WHERE webhook_id = $1 AND status = 'pending' AND (leased_until IS NULL
             OR leased_until <= clock_timestamp())""",
        webhook_id,
    )


def _webhook(row: asyncpg.Record) -> WebhookRow:
    return WebhookRow(
        row["webhook_id"],
        row["url"],
        tuple(row["event_types"]),
        row["description"],
        row["disabled_reason"],
        row["disabled_at"],
        row["failing_since"],
        row["created_at"],
        row["include_image_url"],
    )
