"""`look.dead-letter`: a request that will not be completed, kept whole with the reason."""

from datetime import datetime

from pydantic import Field

from schemas.events.base import RequestEvent
from schemas.events.requested import LookRequested
from schemas.failures import FailureReason


class LookDeadLettered(RequestEvent):
    """The decision that a request failed. The first one read for a request becomes its
    `look.failed` and its refund.
    """

    tenant_id: str
    reason: FailureReason
    request: LookRequested
    attempts: int = Field(ge=0)
    decided_by: str = Field(description="the process that decided")
    dead_lettered_at: datetime
