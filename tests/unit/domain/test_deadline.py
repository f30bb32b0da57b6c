from datetime import timedelta

import pytest

from domain.deadline import OpenRequest, caught_up, expirations, overdue_before
from schemas.events import LookDeadLettered
from schemas.failures import FailureCode
from tests.making import NOW, a_request

COMPLETED, FAILED = ("look.completed", 3), ("look.failed", 3)


@pytest.mark.hostile(row=47)
def test_a_request_is_overdue_only_after_every_transaction_of_before_its_deadline_has_ended() -> (
    None
):
    assert overdue_before(NOW, transaction_timeout_s=20, clock_margin_s=5) == NOW - timedelta(
        seconds=25
    )


def test_the_projection_is_caught_up_when_it_has_read_every_topic_to_its_end() -> None:
    assert caught_up({COMPLETED: 7, FAILED: 2}, {COMPLETED: 7, FAILED: 2}, 3)
    assert not caught_up({COMPLETED: 6, FAILED: 2}, {COMPLETED: 7, FAILED: 2}, 3)
    assert not caught_up({COMPLETED: 7}, {COMPLETED: 7, FAILED: 2}, 3)


def test_a_topic_never_written_is_caught_up_without_having_been_read() -> None:
    assert caught_up({}, {COMPLETED: 0, FAILED: 0}, 3)


def test_a_partition_that_was_not_asked_about_is_never_caught_up() -> None:
    assert not caught_up({COMPLETED: 7}, {COMPLETED: 7}, 4)


def test_an_expired_request_becomes_a_dead_letter_after_its_last_event() -> None:
    (emit,) = expirations([OpenRequest(a_request(), 4)], NOW)
    assert isinstance(emit.event, LookDeadLettered)
    assert emit.event.reason.code is FailureCode.EXPIRED
    assert (emit.event.attempts, emit.event.decided_by) == (0, "deadline_sweeper")
    assert emit.sequence == 5


def test_a_partition_of_which_nothing_was_read_is_read_to_its_end_only_when_it_is_empty() -> None:
    here = ("look.requested", 4)
    assert not caught_up({}, {here: 1}, 4)
    assert caught_up({here: 1}, {here: 1}, 4)
    assert caught_up({}, {here: 0}, 4)
    assert not caught_up({here: 1}, {here: 1}, 5)
