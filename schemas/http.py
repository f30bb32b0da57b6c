"""The HTTP contract of `POST /v1/look`, exactly as its clients know it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from schemas.ids import RequestId

MAX_ITEMS = 50
MAX_OBJECT_KEY_CHARS = 1024
MAX_CATEGORY_CHARS = 64


class UserCategory(StrEnum):
    """Which mannequin wears the look."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class JobStatus(StrEnum):
    """Where a job stands. SUCCESS and FAILURE are final; a cancelled job is a FAILURE with the code
    `cancelled`.
    """

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class TrialItemInput(BaseModel):
    """One garment: an S3 object key and a garment category key."""

    model_config = ConfigDict(frozen=True)

    trial_image: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_OBJECT_KEY_CHARS)
    ] = Field(
        description="S3 object key of the garment photo", examples=["users/abc/trial/shirt-1.jpg"]
    )
    trial_item_category: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_CATEGORY_CHARS)
    ] = Field(
        description="garment category key; see GET /v1/garment-categories", examples=["shirt"]
    )


class LookRequest(BaseModel):
    """The garments to compose on one mannequin."""

    user_category: UserCategory | None = Field(
        default=None, description="MALE, FEMALE or null for the default mannequin"
    )
    items: list[TrialItemInput] = Field(min_length=1, max_length=MAX_ITEMS)
    runtime_config: Mapping[str, JsonValue] | None = Field(
        default=None,
        description="rendering options; unknown ones are ignored and named in the warnings",
    )


class WorkflowAcceptedResponse(BaseModel):
    """The request is on disk with its charge; the picture follows."""

    request_id: RequestId = Field(description="ULID that correlates with the row in request_logs")
    job_id: str | None = None
    status: JobStatus = JobStatus.NOT_STARTED
    credits_cost: int = Field(
        description="Credits deducted from the calling client. Refunded automatically on any "
        "failure path."
    )
