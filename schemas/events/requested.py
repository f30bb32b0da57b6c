"""`look.requested`: a look was accepted and charged; the compositor's work order."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field, JsonValue

from schemas.events.base import GivenMetadata, GivenReference, RequestEvent
from schemas.http import TrialItemInput, UserCategory


class LookRequested(RequestEvent):
    """An accepted request with all that is needed to compose it or to refund it."""

    tenant_id: str
    user_category: UserCategory | None = None
    items: tuple[TrialItemInput, ...] = Field(min_length=1)
    runtime_config: Mapping[str, JsonValue] | None = None
    engine: str | None = Field(
        default=None,
        max_length=32,
        description="who makes the picture: classical, remote; null: the deployment's default",
    )
    quality_floor: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="a garment below this quality is refused; the deployment's floor may be higher",
    )
    credits_cost: int = Field(ge=0)
    requested_at: datetime
    deadline_at: datetime
    reference: GivenReference | None = None
    metadata: GivenMetadata | None = None
