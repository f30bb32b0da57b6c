"""The HTTP contract of the console's draft: a look that is being put together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from schemas.http import MAX_ITEMS, UserCategory

MAX_THUMB_CHARS = 24_000
"""Of a small JPEG in base64: 50 of them fit into a body."""


class DraftItem(BaseModel):
    """A garment of a draft."""

    model_config = ConfigDict(extra="forbid")

    trial_image: str = Field(min_length=1, max_length=1024)
    trial_item_category: str = Field(
        max_length=64, description="empty while it has not been chosen"
    )
    name: str = Field(default="", max_length=255, description="what its file was called")
    bytes: int | None = Field(default=None, ge=0, strict=True)
    thumb: (
        Annotated[str, Field(max_length=MAX_THUMB_CHARS, pattern=r"^[A-Za-z0-9+/=]*$")] | None
    ) = Field(default=None, description="what it looks like: a small JPEG in base64")


class LookDraft(BaseModel):
    """What somebody is putting together. Nothing of it is checked before it is sent as a look."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[DraftItem], Field(min_length=1, max_length=MAX_ITEMS)]
    user_category: UserCategory | None = None
    runtime_config: Mapping[str, JsonValue] | None = Field(default=None, max_length=20)
    reference: str = Field(default="", max_length=100)
    idempotency_key: str | None = Field(
        default=None,
        max_length=255,
        description="under which this very draft was sent, where no answer came: sent again under "
        "it, it is charged once",
    )


class SavedDraft(BaseModel):
    """The draft of this key; both null where there is none."""

    draft: LookDraft | None
    updated_at: datetime | None
