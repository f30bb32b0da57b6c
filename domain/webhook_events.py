"""What an endpoint is told of a look: the events' public fields, thin, no object keys. The same
event has the same bytes.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.money import Account
from schemas.envelope import Decoded
from schemas.events import LookCompleted, LookFailed, StoredImage
from schemas.http import JobStatus
from schemas.ids import derived_id
from schemas.webhooks import LookOutcome, Notice, WebhookEventType, WebhookPayload

MAX_PAYLOAD_BYTES: Final = 20_000
TEST_TYPE: Final = "webhook.test"
OF_THE_PICTURE: Final = ("image_url", "image_url_expires_at")
"""Fields of the data that are no part of what is kept: a link is made for one try."""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """An event as an endpoint is told of it."""

    event_id: str
    event_type: str
    request_id: str | None
    payload: bytes
    written_at: datetime  # by the broker's clock
    traceparent: str = ""
    image: StoredImage | None = None

    def delivery_id(self, webhook_id: str) -> str:
        """The one delivery of this event to this endpoint, however often it is made."""
        return derived_id(self.event_id, webhook_id)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom an event may concern."""

    webhook_id: str
    account: Account
    event_types: tuple[str, ...]
    enabled: bool
    created_at: datetime

    def wants(self, event: WebhookMessage) -> bool:
        """Whether it is told of an event of its account: of the kinds it chose, not of what was
        before it existed.
        """
        return event.event_type in self.event_types and event.written_at >= self.created_at


def happening(record: Decoded, credits_cost: int, written_at: datetime) -> WebhookMessage | None:
    """What to tell of an event; None for an event that nobody outside is told of."""
    event = record.event
    match event:
        case LookCompleted(completed_at=at):
            kind, status, refunded, error = WebhookEventType.COMPLETED, JobStatus.SUCCESS, 0, None
        case LookFailed(failed_at=at):
            kind, status, refunded, error = (
                WebhookEventType.FAILED,
                JobStatus.FAILURE,
                credits_cost,
                event.error,
            )
        case _:
            return None
    data = LookOutcome(
        request_id=event.request_id,
        status=status,
        seq=max(record.meta.sequence, 1),
        credits_cost=credits_cost,
        credits_refunded=refunded,
        error=error,
        job_url=f"/v1/jobs/{event.request_id}",
        reference=event.reference,
        metadata=event.metadata,
    )
    payload = WebhookPayload(type=kind.value, timestamp=at, data=data)
    body = payload.model_dump_json(exclude={"data": {*OF_THE_PICTURE}}).encode()
    return WebhookMessage(
        record.meta.id,
        kind.value,
        event.request_id,
        body,
        written_at,
        record.meta.traceparent,
        event.image if isinstance(event, LookCompleted) else None,
    )


def with_picture(payload: bytes, url: str | None, expires_at: datetime | None) -> bytes:
    """What is kept of an event, and a link to its picture; None: it could not be made."""
    told = json.loads(payload)
    ends = None if expires_at is None else f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"
    told["data"] |= dict(zip(OF_THE_PICTURE, (url, ends), strict=True))
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def trial(event_id: str, now: datetime) -> WebhookMessage:
    """A test of an endpoint, on its owner's request."""
    body = WebhookPayload(type=TEST_TYPE, timestamp=now, data=Notice()).model_dump_json().encode()
    return WebhookMessage(event_id, TEST_TYPE, None, body, now)
