"""A dead letter that wins its claim becomes one failure and the refund of the whole charge."""

from domain.outcomes import Emit
from domain.refunding import failure_records
from schemas.events import CreditRefund, LookDeadLettered, LookFailed
from schemas.failures import FailureCode, FailureReason
from tests.making import NOW, a_request

REASON = FailureReason(code=FailureCode.INTERNAL, message="An error on our side.")


def test_the_failure_has_the_next_number_and_the_refund_the_whole_charge() -> None:
    named = {"reference": "order-1042", "metadata": {"sku": "TS-1"}}
    request = a_request(cost=30).model_copy(update=named)
    letter = LookDeadLettered(
        request_id=request.request_id,
        tenant_id=request.tenant_id,
        reason=REASON,
        request=request,
        attempts=3,
        decided_by="compositor",
        dead_lettered_at=NOW,
    )
    failed = LookFailed(
        request_id=request.request_id,
        tenant_id="demo",
        error=REASON,
        failed_at=NOW,
        reference="order-1042",
        metadata={"sku": "TS-1"},
    )
    refund = CreditRefund(
        request_id=request.request_id,
        tenant_id="demo",
        amount=30,
        reason=FailureCode.INTERNAL,
        refunded_at=NOW,
    )
    assert failure_records(letter, 7, NOW) == (
        Emit(failed, ("look.failed",), 7),
        Emit(refund, ("credit.refund",), 0),
    )
