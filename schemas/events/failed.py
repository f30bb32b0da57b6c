"""`look.failed`: no picture will come; the charge is given back. Public."""

from datetime import datetime

from schemas.events.base import GivenMetadata, GivenReference, RequestEvent
from schemas.failures import FailureReason


class LookFailed(RequestEvent):
    """A look has failed for good."""

    tenant_id: str
    error: FailureReason
    failed_at: datetime
    reference: GivenReference | None = None
    metadata: GivenMetadata | None = None
