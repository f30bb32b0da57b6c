"""`look.progress`: a stage was reached while a look is being made."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from schemas.events.base import RequestEvent


class Stage(StrEnum):
    """Stages that a look goes through after it was queued."""

    COMPOSING = "composing"
    RETRYING = "retrying"


class LookProgress(RequestEvent):
    """One stage of one attempt. A repeated attempt repeats its event id."""

    tenant_id: str
    stage: Stage
    attempt: int = Field(ge=1)
    message: str = Field(default="", max_length=1000)
    at: datetime
