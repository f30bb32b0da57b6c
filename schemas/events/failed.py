"""`look.failed`: no picture will come; the charge is given back. Public."""

from datetime import datetime

from schemas.events.base import Event
from schemas.failures import FailureReason


class LookFailed(Event):
    """A look has failed for good."""

    tenant_id: str
    error: FailureReason
    failed_at: datetime
