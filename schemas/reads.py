"""What the reading routes answer beside jobs: finished pictures, use by day, and what a look would
cost.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from schemas.http import UserCategory
from schemas.responses import Artifact, ArtifactMeta, AskedItem, RenderedGarment

MAX_NOTICE = 10**15


class RenderLayer(BaseModel):
    """A part of a finished look by itself, transparent around. Laid over one another in this order,
    they are the look; left out, the look without them.
    """

    item_index: int | None = Field(
        description="of the garment in `items`; null: the mannequin that wears nothing"
    )
    worn: Literal["with_others", "alone"] = Field(
        description="`alone`: as it is worn without what lies over it; there where that differs"
    )
    box: tuple[int, int, int, int] = Field(
        description="x0, y0, x1, y1: where it lies, in pixels of the picture; x1 and y1 exclusive",
        json_schema_extra={"items": {"type": "integer"}},  # linters ask for it beside prefixItems
    )
    image_url: str = Field(description="presigned GET, short-lived")
    meta: ArtifactMeta


class Render(BaseModel):
    """A finished look."""

    request_id: str
    user_category: UserCategory | None = Field(description="the mannequin that was asked for")
    items: tuple[AskedItem, ...] = Field(default=(), description="the garments that were asked for")
    runtime_config: Mapping[str, JsonValue] | None = Field(
        default=None, description="the options that were asked for"
    )
    reference: str | None = Field(default=None, description="your own name for the look")
    metadata: Mapping[str, str] | None = Field(default=None, description="your own pairs of words")
    picture: Artifact
    cutouts: list[Artifact] = Field(
        description="the garments cut out of their photos, where those are kept"
    )
    garments: list[RenderedGarment]
    layers: list[RenderLayer] = Field(
        default=[],
        description="from the skin outwards, where the look was made with the option `layers`",
    )
    created_at: datetime = Field(description="when the look was accepted")
    completed_at: datetime


class PhotoLink(BaseModel):
    """The photo of a garment."""

    image_url: str = Field(description="presigned GET, short-lived; a browser saves it")


class RenderList(BaseModel):
    """A page of finished looks, newest first."""

    items: list[Render]
    next_cursor: str | None
    count: int = Field(default=0, description="looks on this page, as `GET /v1/jobs` says it")


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
    key_name: str = Field(default="", description="what its tenant calls the key")
    capabilities: list[str] = Field(
        description="jobs:create, jobs:read, webhooks:manage, keys:manage"
    )
    object_key_prefixes: list[str] = Field(description="what a `trial_image` may begin with")
    strict_fields: bool = Field(
        description="whether unknown fields of a look are refused; else they are warned of"
    )
    strict_options: bool = Field(
        default=False,
        description="whether unknown options of `runtime_config` are refused; else they are warned "
        "of",
    )
    session_id: str | None = Field(
        default=None, description="the console's session that this request came by"
    )


class RateAllowance(BaseModel):
    """A bucket that requests take from."""

    name: str = Field(description="as `RateLimit-Policy` calls it")
    per_s: float = Field(description="requests a second, sustained")
    burst: int = Field(description="requests at once")


class CreditNotice(BaseModel):
    """Below which balance the tenant is told, by the console and by `balance_is_low`."""

    low_balance: int = Field(ge=0, description="credits; 0: never")
    is_default: bool = Field(description="the service's own rule: what 20 looks cost now")


class SetCreditNotice(BaseModel):
    """A rule of the tenant's own, or none."""

    model_config = ConfigDict(extra="forbid")

    low_balance: int | None = Field(
        ge=0,
        le=MAX_NOTICE,
        strict=True,
        description="credits; 0: never told; null: the service's own rule",
    )


class MyAccount(Me):
    """The key of this request, with what its tenant has and may ask for."""

    balance: int | None = Field(
        description="credits of this environment; null for a key that may not read them"
    )
    low_balance: int | None = Field(description="the balance is low when it is below this")
    balance_is_low: bool | None
    limits: list[RateAllowance] = Field(description="of this key and of all keys of its tenant")


class UsageOfKey(UsageDay):
    """One day, operation and key."""

    key_id: str | None = Field(
        description="null: asked for before keys were noted, or restored from a backup"
    )
    key_name: str = Field(description="what its tenant calls it now")
    key_last4: str | None = Field(description="the key's last characters")


class UsageByKey(BaseModel):
    """Use by day, operation and key, newest first; what there was none of is left out."""

    first_day: date
    last_day: date = Field(description="included")
    items: list[UsageOfKey]


class LookValidation(BaseModel):
    """What `POST /v1/look` would say to the same body now. Nothing was charged or stored."""

    credits_cost: int
    balance: int
    sufficient: bool = Field(description="whether the balance covers the cost")
    warnings: list[str] = Field(description="what of the body would be ignored")
