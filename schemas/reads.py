"""What the reading routes answer beside jobs: finished pictures, use by day, and what a look would
cost.
"""

from datetime import date, datetime

from pydantic import BaseModel, Field

from schemas.http import UserCategory
from schemas.responses import Artifact, RenderedGarment


class Render(BaseModel):
    """A finished look."""

    request_id: str
    user_category: UserCategory | None = Field(description="the mannequin that was asked for")
    picture: Artifact
    cutouts: list[Artifact] = Field(
        description="the garments cut out of their photos, where those are kept"
    )
    garments: list[RenderedGarment]
    created_at: datetime = Field(description="when the look was accepted")
    completed_at: datetime


class PhotoLink(BaseModel):
    """The photo of a garment."""

    image_url: str = Field(description="presigned GET, short-lived; a browser saves it")


class RenderList(BaseModel):
    """A page of finished looks, newest first."""

    items: list[Render]
    next_cursor: str | None


class UsageDay(BaseModel):
    """One day (UTC) and operation. All that came of a request belongs to the day on which it was
    accepted.
    """

    day: date
    operation: str
    requests: int
    succeeded: int
    failed: int
    credits_charged: int
    credits_refunded: int
    credits_net: int = Field(description="charged less refunded")


class Usage(BaseModel):
    """Use by day and operation, newest first; days without requests are left out."""

    first_day: date
    last_day: date = Field(description="included")
    items: list[UsageDay]


class Me(BaseModel):
    """The key of this request: whose it is, and what it may do."""

    tenant_id: str
    environment: str = Field(description="live or test")
    key_id: str = Field(description="what operators call the key by; not the key")
    capabilities: list[str] = Field(
        description="jobs:create, jobs:read, webhooks:manage, keys:manage"
    )
    object_key_prefixes: list[str] = Field(description="what a `trial_image` may begin with")
    strict_fields: bool = Field(
        description="whether unknown fields of a look are refused; else they are warned of"
    )
    session_id: str | None = Field(
        default=None, description="the console's session that this request came by"
    )


class LookValidation(BaseModel):
    """What `POST /v1/look` would say to the same body now. Nothing was charged or stored."""

    credits_cost: int
    balance: int
    sufficient: bool = Field(description="whether the balance covers the cost")
    warnings: list[str] = Field(description="what of the body would be ignored")
