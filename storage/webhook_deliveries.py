"""Deliveries of webhooks, as their tenants see them."""

from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from domain.webhook_events import WebhookMessage
from domain.webhooks import ObservedAttempt
from storage.wakeups import tell_senders

_COLUMNS = """d.delivery_id, d.event_id, d.event_type, d.request_id, d.status, d.attempts,
  d.due_at, d.last_at,
  d.last_duration_ms, d.last_status_code, d.last_error, d.last_answer, d.created_at"""
_MINE = "d.webhook_id = $1 AND w.webhook_id = $1 AND w.tenant_id = $2 AND w.environment = $3"


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery and its latest try."""

    delivery_id: str
    event_id: str
    event_type: str
    request_id: str | None
    status: str
    attempts: int
    due_at: datetime | None
    last: ObservedAttempt | None
    created_at: datetime
    payload: bytes = b""
    """What is sent; read for one delivery, not for a list."""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Which deliveries to show. `before`: only those with a smaller id, which are older."""

    limit: int
    status: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointDisabled:
    """Nothing is sent to this endpoint."""


class DeliveryStore:
    """Rows of `webhook_deliveries`; every call names its tenant and environment."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def delivery(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | None:
        """One delivery to an endpoint of this tenant; None for an unknown or another tenant's
        id.
        """
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS}, d.payload FROM webhook_deliveries d, webhooks w WHERE {_MINE} AND "
            "d.delivery_id = $4",
            webhook_id,
            tenant_id,
            environment,
            delivery_id,
        )
        return replace(_delivery(row), payload=row["payload"]) if row else None

    async def deliveries(
        self, tenant_id: str, environment: str, webhook_id: str, chosen: DeliveryPage
    ) -> list[DeliveryRow]:
        """Deliveries to an endpoint of this tenant, newest first."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM webhook_deliveries d, webhooks w
                WHERE {_MINE} AND ($4::text IS NULL OR d.status = $4) AND ($5::text IS NULL
                  OR d.delivery_id < $5)
                ORDER BY d.delivery_id DESC LIMIT $6""",
            webhook_id,
            tenant_id,
            environment,
            chosen.status,
            chosen.before,
            chosen.limit,
        )
        return [_delivery(row) for row in rows]

    async def redeliver(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | EndpointDisabled | None:
        """Make a delivery due now, with the whole schedule before it; one that is being tried at
        this moment is left alone.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            disabled = await _disabled(connection, tenant_id, environment, webhook_id)
            if disabled is not False:
                return EndpointDisabled() if disabled else None
            await connection.execute(
                """UPDATE webhook_deliveries
                   SET status = 'pending', due_at = clock_timestamp(), tries = 0, leased_until =
                     NULL
                   WHERE delivery_id = $1 AND webhook_id = $2
                     AND (leased_until IS NULL OR leased_until <= clock_timestamp())""",
                delivery_id,
                webhook_id,
            )
            await tell_senders(connection)
        return await self.delivery(tenant_id, environment, webhook_id, delivery_id)

    async def send(
        self, tenant_id: str, environment: str, webhook_id: str, event: WebhookMessage
    ) -> DeliveryRow | EndpointDisabled | None:
        """Add a delivery of this event to one endpoint, due now; None when there is no such
        endpoint.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            disabled = await _disabled(connection, tenant_id, environment, webhook_id)
            if disabled is not False:
                return EndpointDisabled() if disabled else None
            await connection.execute(
                """INSERT INTO webhook_deliveries
                     (delivery_id, webhook_id, event_id, event_type, request_id, payload, status,
                       due_at)
                   VALUES ($1, $2, $3, $4, $5, $6, 'pending', clock_timestamp())""",
                event.delivery_id(webhook_id),
                webhook_id,
                event.event_id,
                event.event_type,
                event.request_id,
                event.payload,
            )
            await tell_senders(connection)
        return await self.delivery(
            tenant_id, environment, webhook_id, event.delivery_id(webhook_id)
        )


async def _disabled(
    connection: asyncpg.pool.PoolConnectionProxy, tenant_id: str, environment: str, webhook_id: str
) -> bool | None:
    """Whether an endpoint is disabled, for as long as this transaction; None when the tenant has no
    such endpoint.
    """
    disabled: bool | None = await connection.fetchval(
        """SELECT disabled_reason IS NOT NULL FROM webhooks
           WHERE webhook_id = $1 AND tenant_id = $2 AND environment = $3 FOR SHARE""",
        webhook_id,
        tenant_id,
        environment,
    )
    return disabled


def _delivery(row: asyncpg.Record) -> DeliveryRow:
    last = None
    if row["last_at"] is not None:
        last = ObservedAttempt(
            row["last_at"],
            row["last_duration_ms"],
            row["last_status_code"],
            row["last_error"],
            answer=row["last_answer"],
        )
    return DeliveryRow(
        row["delivery_id"],
        row["event_id"],
        row["event_type"],
        row["request_id"],
        row["status"],
        row["attempts"],
        row["due_at"],
        last,
        row["created_at"],
    )
