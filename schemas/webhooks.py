"""Webhooks: what clients ask for and are shown, and what their endpoints are sent."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from schemas.failures import FailureReason
from schemas.http import JobStatus

MAX_DESCRIPTION_CHARS = 200
MAX_OVERLAP_S = 7 * 86400

Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS)]


class WebhookEventType(StrEnum):
    """What an endpoint can be told of."""

    COMPLETED = "look.completed"
    FAILED = "look.failed"


ALL_EVENTS = [WebhookEventType.COMPLETED, WebhookEventType.FAILED]
EventTypes = Annotated[list[WebhookEventType], Field(min_length=1, max_length=len(ALL_EVENTS))]


class DeliveryStatus(StrEnum):
    """Where a delivery stands. `skipped`: its endpoint was disabled; it can be redelivered."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


class CreateWebhook(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        description="https, port 443 or 8443, a public address",
        examples=["https://example.com/hooks/looks"],
    )
    event_types: EventTypes = Field(default=ALL_EVENTS, description="which events it is sent")
    description: Description = ""
    include_image_url: bool = Field(
        default=False,
        strict=True,
        description="`look.completed` carries a link to the picture, which needs no key and "
        "expires",
    )


class UpdateWebhook(BaseModel):
    """What is to change; the rest stays."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    include_image_url: bool | None = Field(
        default=None, strict=True, description="from the next try on, of what waits too"
    )
    enabled: bool | None = Field(
        default=None,
        strict=True,
        description="true ends every kind of disablement and forgets past failures",
    )


class RotateSecret(BaseModel):
    """How long the secret before goes on signing beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(
        default=86400, ge=0, le=MAX_OVERLAP_S, strict=True, description="seconds"
    )


class Webhook(BaseModel):
    """An endpoint, without its secret."""

    id: str
    url: str
    event_types: list[WebhookEventType]
    description: str
    include_image_url: bool = Field(
        description="whether `look.completed` carries a link to the picture"
    )
    enabled: bool
    disabled_reason: Literal["owner", "gone", "failing"] | None = Field(
        description="`owner`: by you; `gone`: it answered 410; `failing`: every try failed for days"
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(
        description="the first failed try since the last one that succeeded"
    )
    created_at: datetime


class WebhookWithSecret(Webhook):
    """A new endpoint with the secret that its deliveries are signed with. It is not shown again."""

    secret: str = Field(description="`whsec_` and 32 random bytes in base64; keep it")


class WebhookSecret(BaseModel):
    """A new secret. It is not shown again."""

    secret: str
    previous_valid_until: datetime = Field(
        description="until then deliveries carry the signature of the one before too"
    )


class WebhookList(BaseModel):
    """A page of endpoints, newest first."""

    items: list[Webhook]
    next_cursor: str | None
    count: int = Field(default=0, description="endpoints on this page")


class DeliveryAttempt(BaseModel):
    """The latest try."""

    at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None = Field(description="why there was no answer")
    answer: str = Field(description="the beginning of the answer's body; not kept for tests")


class Delivery(BaseModel):
    """One event on its way to one endpoint."""

    id: str
    event_id: str = Field(
        description="the `webhook-id` header of every try: the event's id in Kafka too"
    )
    event_type: str
    request_id: str | None
    status: DeliveryStatus
    attempts: int = Field(description="tries so far, redeliveries included")
    next_attempt_at: datetime | None
    last_attempt: DeliveryAttempt | None
    created_at: datetime


class DeliveryInFull(Delivery):
    """One event on its way to one endpoint, with what is sent."""

    payload: Mapping[str, JsonValue] = Field(
        description="the body of each try, but for its spaces: signatures are of the body's bytes. "
        "`image_url` and `image_url_expires_at` are made anew at each try and not kept"
    )


class DeliveryList(BaseModel):
    """A page of deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str | None
    count: int = Field(default=0, description="deliveries on this page")


class LookOutcome(BaseModel):
    """What an endpoint is told of a look: thin; `job_url` has the rest. The fields of the picture
    are there where the endpoint asks for them (`include_image_url`).
    """

    request_id: str
    status: JobStatus
    seq: int = Field(description="of the event within its job: the last one")
    credits_cost: int
    credits_refunded: int
    error: FailureReason | None = None
    job_url: str = Field(description="path on the API: GET it with your key")
    reference: str | None = Field(default=None, description="the look's, as you sent it")
    metadata: Mapping[str, str] | None = Field(default=None, description="as you sent it")
    image_url: str | None = Field(
        default=None,
        description="GET it without a key before it expires; null: it could not be made, `job_url` "
        "has another",
    )
    image_url_expires_at: datetime | None = Field(default=None)


class Notice(BaseModel):
    """What a test delivery says."""

    message: str = "A test of your endpoint. No look is behind it."


class WebhookPayload(BaseModel):
    """The body of a delivery."""

    type: Literal["look.completed", "look.failed", "webhook.test"]
    timestamp: datetime = Field(description="when it happened")
    data: LookOutcome | Notice
