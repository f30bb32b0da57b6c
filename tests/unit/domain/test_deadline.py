from datetime import timedelta

import pytest

from domain.deadline import OpenRequest, expirations, overdue_before
from schemas.events import LookDeadLettered
from schemas.failures import FailureCode
from tests.making import NOW, a_request


@pytest.mark.hostile(row=47)
def test_a_request_is_overdue_only_after_every_transaction_of_before_its_deadline_has_ended() -> (
    None
):
    assert overdue_before(NOW, transaction_timeout_s=20, clock_margin_s=5) == NOW - timedelta(
        seconds=25
    )


def test_an_expired_request_becomes_a_dead_letter_after_its_last_event() -> None:
    (emit,) = expirations([OpenRequest(a_request(), 4)], NOW)
    assert isinstance(emit.event, LookDeadLettered)
    assert emit.event.reason.code is FailureCode.EXPIRED
    assert (emit.event.attempts, emit.event.decided_by) == (0, "deadline_sweeper")
    assert emit.sequence == 5
