"""`credit.refund`: the charge of a failed look is owed back to its tenant."""

from datetime import datetime

from pydantic import Field

from schemas.events.base import RequestEvent
from schemas.failures import PublishedCode


class CreditRefund(RequestEvent):
    """The whole charge of one failed request. Applied once by the ledger, however often it is
    read.
    """

    tenant_id: str
    amount: int = Field(ge=0, description="credits")
    reason: PublishedCode
    refunded_at: datetime
