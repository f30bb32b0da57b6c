"""In-memory endpoints and deliveries of webhooks, and judges of targets."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.webhook_events import WebhookMessage
from runtime.egress import Egress
from storage.webhook_deliveries import DeliveryPage, DeliveryRow, DeliveryStore, EndpointDisabled
from storage.webhooks import (
    MAX_PER_TENANT,
    NewSecret,
    NewWebhook,
    WebhookChange,
    WebhookRow,
    WebhookStore,
)
from tests.making import NOW

CHANGED = ("url", "event_types", "description", "include_image_url")


class FakeWebhooks(WebhookStore):
    """Endpoints by (tenant, environment, id)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], WebhookRow] = {}
        self.secrets: dict[str, list[str]] = {}

    async def create(self, tenant_id: str, environment: str, new: NewWebhook) -> WebhookRow | None:
        if sum(key[:2] == (tenant_id, environment) for key in self.rows) >= MAX_PER_TENANT:
            return None
        row = WebhookRow(
            new.webhook_id,
            new.url,
            new.event_types,
            new.description,
            None,
            None,
            None,
            NOW,
            new.include_image_url,
        )
        self.rows[tenant_id, environment, new.webhook_id] = row
        self.secrets[new.webhook_id] = [new.secret]
        return row

    async def webhook(self, tenant_id: str, environment: str, webhook_id: str) -> WebhookRow | None:
        return self.rows.get((tenant_id, environment, webhook_id))

    async def webhooks(
        self, tenant_id: str, environment: str, limit: int, before: str | None = None
    ) -> list[WebhookRow]:
        mine = [row for key, row in self.rows.items() if key[:2] == (tenant_id, environment)]
        mine = [row for row in mine if before is None or row.webhook_id < before]
        return sorted(mine, key=lambda row: row.webhook_id, reverse=True)[:limit]

    async def update(
        self, tenant_id: str, environment: str, webhook_id: str, change: WebhookChange
    ) -> WebhookRow | None:
        row = self.rows[tenant_id, environment, webhook_id]
        changed = {name: getattr(change, name) for name in CHANGED}
        row = replace(row, **{name: value for name, value in changed.items() if value is not None})
        if change.enabled is not None:
            row = replace(
                row,
                disabled_reason=None if change.enabled else "owner",
                disabled_at=None if change.enabled else NOW,
            )
        self.rows[tenant_id, environment, webhook_id] = row
        return row

    async def delete(self, tenant_id: str, environment: str, webhook_id: str) -> bool:
        return self.rows.pop((tenant_id, environment, webhook_id), None) is not None

    async def rotate(
        self, tenant_id: str, environment: str, webhook_id: str, new: NewSecret
    ) -> datetime | None:
        self.secrets[webhook_id].append(new.text)
        return NOW + timedelta(seconds=new.overlap_s)


class FakeDeliveries(DeliveryStore):
    """Deliveries by (endpoint, id)."""

    def __init__(self, webhooks: FakeWebhooks) -> None:
        self.rows: dict[tuple[str, str], DeliveryRow] = {}
        self._webhooks = webhooks

    async def delivery(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | None:
        mine = (tenant_id, environment, webhook_id) in self._webhooks.rows
        return self.rows.get((webhook_id, delivery_id)) if mine else None

    async def deliveries(
        self, tenant_id: str, environment: str, webhook_id: str, chosen: DeliveryPage
    ) -> list[DeliveryRow]:
        rows = [row for (webhook, _), row in self.rows.items() if webhook == webhook_id]
        rows = [row for row in rows if chosen.status in (None, row.status)]
        rows = [row for row in rows if chosen.before is None or row.delivery_id < chosen.before]
        return sorted(rows, key=lambda row: row.delivery_id, reverse=True)[: chosen.limit]

    async def redeliver(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | EndpointDisabled | None:
        if self._webhooks.rows[tenant_id, environment, webhook_id].disabled_reason:
            return EndpointDisabled()
        row = replace(self.rows[webhook_id, delivery_id], status="pending", due_at=NOW)
        self.rows[webhook_id, delivery_id] = row
        return row

    async def send(
        self, tenant_id: str, environment: str, webhook_id: str, event: WebhookMessage
    ) -> DeliveryRow | EndpointDisabled | None:
        if self._webhooks.rows[tenant_id, environment, webhook_id].disabled_reason:
            return EndpointDisabled()
        return self.plant(webhook_id, event)

    def plant(self, webhook_id: str, event: WebhookMessage, status: str = "pending") -> DeliveryRow:
        """A delivery that is there."""
        delivery_id, due_at = event.delivery_id(webhook_id), NOW if status == "pending" else None
        row = DeliveryRow(
            delivery_id,
            event.event_id,
            event.event_type,
            event.request_id,
            status,
            0,
            due_at,
            None,
            NOW,
            event.payload,
        )
        self.rows[webhook_id, delivery_id] = row
        return row


class FakeTargets(Egress):
    """Refuses what has `private` in it."""

    def __init__(self) -> None:
        """Looks nothing up."""

    async def problem(self, url: str) -> str | None:
        return "the host of the URL has an address that is not public" if "private" in url else None
