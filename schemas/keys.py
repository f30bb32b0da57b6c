"""The HTTP contract of API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_LIFE_S = 10 * 366 * 86400
MAX_KEY_OVERLAP_S = 7 * 86400
MAX_KEY_NAME_CHARS = 60


class Capability(StrEnum):
    """What a key may do."""

    CREATE_JOBS = "jobs:create"
    READ_JOBS = "jobs:read"
    MANAGE_WEBHOOKS = "webhooks:manage"
    MANAGE_KEYS = "keys:manage"


KeyName = Annotated[
    str,
    Field(
        max_length=MAX_KEY_NAME_CHARS,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="what its tenant calls it",
    ),
]


class CreateApiKey(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    capabilities: Annotated[list[Capability], Field(min_length=1, max_length=len(Capability))]
    name: KeyName = ""
    expires_in_s: int | None = Field(
        default=None,
        ge=60,
        le=MAX_LIFE_S,
        strict=True,
        description="seconds that it works; left out: until it is revoked",
    )


class RenameApiKey(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid")

    name: KeyName


class RotateApiKey(BaseModel):
    """How long the key before goes on working."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(
        default=86400, ge=0, le=MAX_KEY_OVERLAP_S, strict=True, description="seconds"
    )


class ApiKey(BaseModel):
    """A key, without its text."""

    id: str
    name: str = Field(default="", description="what its tenant calls it; empty: nothing")
    last4: str = Field(description="its last characters")
    capabilities: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None
    replaces: str | None = Field(description="the key that it followed, where it was rotated")
    works: bool
    current: bool = Field(description="whether this request came by it, or by a session of it")


class ApiKeyList(BaseModel):
    """Keys, newest first: those that work, and the last ones that ended."""

    items: list[ApiKey]


class ApiKeyWithText(ApiKey):
    """A new key. Its text is not shown again."""

    key: str = Field(description="keep it; only a hash of it is stored")


class RotatedApiKey(ApiKeyWithText):
    """The key that follows a rotated one."""

    previous_valid_until: datetime
