"""`look.failed`: no picture will come; the charge is given back. Public."""

from datetime import datetime

from schemas.events.base import RequestEvent
from schemas.failures import FailureReason


class LookFailed(RequestEvent):
    """A look has failed for good."""

    tenant_id: str
    error: FailureReason
    failed_at: datetime
