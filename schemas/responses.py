"""What the HTTP surface answers, beside the 202 of `POST /v1/look`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from schemas.categories import BodyRegion, GarmentCategory
from schemas.errors import ErrorCode
from schemas.failures import JobFailure
from schemas.http import JobStatus, UserCategory


class EventType(StrEnum):
    """Kinds of job events."""

    QUEUED = "queued"
    STAGE = "stage"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ArtifactMeta(BaseModel):
    """What an artifact's bytes are."""

    width: int = Field(description="pixels")
    height: int = Field(description="pixels")
    sha256: str
    content_type: str
    bytes: int


class Artifact(BaseModel):
    """A picture, by a short-lived link."""

    image_url: str = Field(description="presigned GET, short-lived")
    kind: Literal["image"] = "image"
    role: Literal["intermediate", "final"]
    label: str
    item_index: int | None = Field(
        default=None, description="of the garment in `items` that it shows; null: of the whole look"
    )
    meta: ArtifactMeta


class Event(BaseModel):
    """One step of a job. `seq` grows by one from 1 and is the same for every reader, and so is
    `event_id`.
    """

    event_id: str = Field(
        description="ULID: `id` of the CloudEvent in Kafka, the same on every way by which an "
        "event travels"
    )
    seq: int
    status: JobStatus | None = Field(
        default=None,
        description="of the job from this event on: what `event_type` says, in the "
        "words of `GET /v1/jobs`",
    )
    event_type: EventType = Field(
        description="queued: NOT_STARTED; stage: IN_PROGRESS; succeeded: SUCCESS; failed: FAILURE"
    )
    visibility: Literal["public"] = "public"
    stage: str | None
    message: str
    artifacts: list[Artifact] = Field(default_factory=list)
    extra: Mapping[str, JsonValue]
    created_at: datetime


class EventList(BaseModel):
    """Events after `since`, ascending."""

    items: list[Event]
    latest_seq: int


class Billing(BaseModel):
    """The receipt of a job, from the ledger. Credits; null times: no such entry (yet)."""

    credits_charged: int = 0
    charged_at: datetime | None
    credits_refunded: int = 0
    refunded_at: datetime | None
    credits_goodwill: int = Field(
        default=0, description="given back for a bad picture, which stays yours"
    )
    charged: int = Field(description="an alias of `credits_charged`, kept")
    refunded: int = Field(description="an alias of `credits_refunded`, kept")
    goodwill: int = Field(default=0, description="an alias of `credits_goodwill`, kept")


class AskedItem(BaseModel):
    """One garment of a look's request, as it was sent."""

    trial_image: str
    trial_item_category: str


class JobSummary(BaseModel):
    """A job without its artifacts."""

    request_id: str
    job_id: str = Field(description="an alias of `request_id`, kept: always the same")
    job_type: str
    status: JobStatus
    credits_cost: int
    refunded: bool
    billing: Billing
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    error: JobFailure | None
    latest_event: Event | None
    user_category: UserCategory | None = Field(
        default=None, description="the mannequin that was asked for"
    )
    items: tuple[AskedItem, ...] = Field(default=(), description="the garments that were asked for")
    runtime_config: Mapping[str, JsonValue] | None = Field(
        default=None, description="the options that were asked for"
    )
    reference: str | None = Field(default=None, description="your own name for the look")
    metadata: Mapping[str, str] | None = Field(default=None, description="your own pairs of words")


class RenderedGarment(BaseModel):
    """Where one item of the request went in the picture, in the order of the request."""

    trial_image: str = Field(default="", description="as it was sent")
    trial_item_category: str
    layer_order: int | None = Field(
        default=None,
        description="larger lies over smaller, as `layer` of `GET /v1/garment-categories`",
    )
    layer: str = Field(description="`layer_order` as text, kept")
    box: tuple[int, int, int, int] = Field(
        description="x0, y0, x1, y1 in pixels of the picture; x1 and y1 exclusive",
        json_schema_extra={"items": {"type": "integer"}},  # linters ask for it beside prefixItems
    )
    warnings: tuple[str, ...]
    quality: float | None = Field(
        default=None,
        description="0 to 1, how sellable its part of the picture is thought to be; null on older "
        "looks",
    )
    quality_reasons: tuple[str, ...] = Field(
        default=(), description="what lowers the quality, the worst first"
    )
    placed: Literal["dressed", "whole"] | None = Field(
        default=None,
        description="dressed in parts, or placed whole where dressing it would not look right",
    )
    guessed_category: str | None = Field(
        default=None, description="what it was taken for, where `trial_item_category` is `auto`"
    )
    guess_confidence: float | None = Field(default=None, description="of the guess, 0 to 1")


class Job(JobSummary):
    """A job; `artifacts` holds the final picture and `garments` what is in it, once it is
    SUCCESS.
    """

    artifacts: list[Artifact]
    garments: list[RenderedGarment] = Field(default=[], description="in the order of the request")


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobSummary]
    next_cursor: str | None
    count: int = Field(description="jobs on this page")


class LedgerEntryOut(BaseModel):
    """One ledger entry; `amount` is signed."""

    id: int
    request_id: str | None
    kind: Literal["grant", "charge", "refund", "goodwill"]
    amount: int
    created_at: datetime


class Credits(BaseModel):
    """The balance and the entries it is the sum of, newest first."""

    balance: int
    entries: list[LedgerEntryOut]
    next_cursor: str | None
    count: int = Field(default=0, description="entries on this page")


class Operation(BaseModel):
    """Something that can be asked for, and its price."""

    name: str
    op_class: str
    credits_cost: int
    enabled: bool


class OperationList(BaseModel):
    """All operations."""

    items: list[Operation]


class GarmentCategoryOut(BaseModel):
    """A garment category."""

    key: GarmentCategory
    label: str
    body_region: BodyRegion
    layer: int = Field(
        description="of two garments on the same region the higher layer lies over the lower"
    )
    synonyms: list[str]


class GarmentCategoryList(BaseModel):
    """All garment categories, innermost layer first."""

    items: list[GarmentCategoryOut]


class ErrorBody(BaseModel):
    """What went wrong."""

    code: ErrorCode
    message: str
    exchange_id: str = Field(
        default="", description="ULID of this HTTP exchange; quote it when you ask for help"
    )
    request_id: str = Field(description="an alias of `exchange_id`, kept; no look's")


class ErrorEnvelope(BaseModel):
    """The body of every answer that is not 2xx."""

    error: ErrorBody


class ValidationErrorItem(BaseModel):
    """One thing that is wrong with a request."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(BaseModel):
    """A 422: what is wrong, item by item, beside the envelope."""

    detail: list[ValidationErrorItem]
    error: ErrorBody
