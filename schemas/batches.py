"""The HTTP contract of `POST /v1/looks/batch`."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from schemas.errors import ErrorCode
from schemas.http import LookRequest, WorkflowAcceptedResponse
from schemas.responses import ValidationErrorItem

MAX_LOOKS: Final = 100


class LookBatch(BaseModel):
    """Looks that are accepted or refused each on its own."""

    model_config = ConfigDict(extra="forbid")

    looks: Annotated[
        list[SkipValidation[LookRequest]], Field(min_length=1, max_length=MAX_LOOKS)
    ] = Field(description="each as in `POST /v1/look`; each is charged as one")


class BatchProblem(BaseModel):
    """Why a look of a batch was refused: nothing was charged for it."""

    status: int = Field(description="as `POST /v1/look` would have answered")
    code: ErrorCode
    message: str
    detail: list[ValidationErrorItem] = Field(
        description="of a 422: what is wrong where; places begin at the batch's body"
    )


class BatchedLook(BaseModel):
    """What one look of a batch came to: one of the two."""

    accepted: WorkflowAcceptedResponse | None = Field(
        default=None, description="what `POST /v1/look` would have answered with 202"
    )
    problem: BatchProblem | None = None


class LookBatchResult(BaseModel):
    """One entry for each look, in the order of the request."""

    items: list[BatchedLook]
    accepted: int = Field(description="how many looks")
    refused: int = Field(description="how many looks")
    credits_cost: int = Field(description="of those that were accepted, together")
