"""`look.cancel`: a command from the API to the owner of a request."""

from datetime import datetime

from schemas.events.base import RequestEvent


class CancelLook(RequestEvent):
    """Fail the request as cancelled, unless its outcome came first."""

    tenant_id: str
    requested_at: datetime
    deadline_at: datetime
