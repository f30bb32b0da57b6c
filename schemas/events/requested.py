"""`look.requested`: a look was accepted and charged; the compositor's work order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.events.base import GivenMetadata, GivenReference, RequestEvent
from schemas.http import MAX_OBJECT_KEY_CHARS, TrialItemInput, UserCategory


class _AsReleased:
    """Of an item in an event: what was sent inside the request is stored first, so a `trial_image`
    is never longer than a key, and its words are the event's own.
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        definition = handler.resolve_ref_schema(reference)
        definition["properties"]["trial_image"] |= {
            "maxLength": MAX_OBJECT_KEY_CHARS,
            "description": "S3 object key of the garment photo, or the https URL to fetch it from",
        }
        definition["properties"]["trial_item_category"]["description"] = (
            "garment category key, or `auto`"
        )
        return reference


class LookRequested(RequestEvent):
    """An accepted request with all that is needed to compose it or to refund it."""

    tenant_id: str
    user_category: UserCategory | None = None
    items: tuple[Annotated[TrialItemInput, _AsReleased()], ...] = Field(min_length=1)
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
    environment: str | None = Field(
        default=None, description="live or test: where it was charged; null on older records"
    )
