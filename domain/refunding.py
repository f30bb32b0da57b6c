"""Who gets refunded when: a dead letter that wins its request's claim becomes one `look.failed` and
one `credit.refund`.
"""

from datetime import datetime

from domain.outcomes import Emit
from schemas.events import CreditRefund, LookDeadLettered, LookFailed


def failure_records(letter: LookDeadLettered, sequence: int, now: datetime) -> tuple[Emit, ...]:
    """The public failure and the refund of the whole charge. Their ids depend on the request
    alone.
    """
    failed = LookFailed(
        request_id=letter.request_id,
        tenant_id=letter.tenant_id,
        error=letter.reason,
        failed_at=now,
        reference=letter.request.reference,
        metadata=letter.request.metadata,
    )
    refund = CreditRefund(
        request_id=letter.request_id,
        tenant_id=letter.tenant_id,
        amount=letter.request.credits_cost,
        reason=letter.reason.code,
        refunded_at=now,
    )
    return (Emit(failed, ("look.failed",), sequence), Emit(refund, ("credit.refund",), 0))
