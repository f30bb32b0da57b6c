"""When a request that got no outcome is failed as expired.

The compositor publishes no completion at or after a request's deadline by its clock, and a
transaction that holds one is aborted by its coordinator at the latest one transaction timeout
later. So after deadline + transaction timeout + clock margin no completion can become visible any
more, and whoever has read everything written until then knows whether there was one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.outcomes import Emit
from schemas.events import LookDeadLettered, LookRequested
from schemas.failures import FailureCode, FailureReason


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request without a known outcome, and the number of its last known event."""

    request: LookRequested
    last_sequence: int


def overdue_before(
    now: datetime, *, transaction_timeout_s: float, clock_margin_s: float
) -> datetime:
    """Requests whose deadline is earlier than this can be expired."""
    return now - timedelta(seconds=transaction_timeout_s + clock_margin_s)


def expirations(requests: Sequence[OpenRequest], now: datetime) -> tuple[Emit, ...]:
    """The dead letters that fail overdue requests."""
    reason = FailureReason(
        code=FailureCode.EXPIRED, message="The look was not finished by its deadline."
    )
    return tuple(
        Emit(
            LookDeadLettered(
                request_id=overdue.request.request_id,
                tenant_id=overdue.request.tenant_id,
                reason=reason,
                request=overdue.request,
                attempts=0,
                decided_by="deadline_sweeper",
                dead_lettered_at=now,
            ),
            ("look.dead-letter", "deadline_sweeper"),
            overdue.last_sequence + 1,
        )
        for overdue in requests
    )
