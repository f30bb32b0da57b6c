"""What the webhook consumer makes of a record, and how a try is signed."""

from datetime import timedelta

import pytest

from consumers.webhooks.handler import message_or_outcome
from consumers.webhooks.sender import shortened
from domain.outcomes import Skip, Unhandled
from domain.webhook_events import WebhookMessage
from domain.webhooks import KEEP, ObservedAttempt
from schemas.events import LookFailed
from schemas.failures import FailureCode, FailureReason
from storage.webhook_outbox import RequestOwner
from tests.making import NOW, REQUEST_ID, TENANT, a_request, work

ERROR = FailureReason(code=FailureCode.TIMEOUT, message="too slow")
FAILED = LookFailed(request_id=REQUEST_ID, tenant_id=TENANT, error=ERROR, failed_at=NOW)
KNOWN = RequestOwner((TENANT, "live"), 10)


def test_an_outcome_is_told_under_its_own_id() -> None:
    record = work(FAILED)
    told = message_or_outcome(record, KNOWN, NOW)
    assert isinstance(told, WebhookMessage)
    assert (told.event_id, told.written_at) == (record.decoded.meta.id, record.written_at)


@pytest.mark.parametrize(
    ("event", "known", "why"),
    [
        (FAILED, None, "there is no such request"),
        (FAILED, RequestOwner(("other", "live"), 10), "the request belongs to another tenant"),
        (a_request(), KNOWN, "not an outcome"),
    ],
)
def test_what_can_not_be_true_is_for_quarantine(
    event: LookFailed, known: RequestOwner | None, why: str
) -> None:
    assert message_or_outcome(work(event), known, NOW) == Unhandled(why)


def test_an_event_older_than_deliveries_are_kept_is_skipped_for_it_may_have_been_sent() -> None:
    assert isinstance(message_or_outcome(work(FAILED), KNOWN, NOW + KEEP), WebhookMessage)
    assert isinstance(
        message_or_outcome(work(FAILED), KNOWN, NOW + KEEP + timedelta(seconds=1)), Skip
    )


def test_of_a_test_no_text_is_kept() -> None:
    seen = shortened(ObservedAttempt(NOW, 5, 200, None, "9", "internal things"))
    assert (seen.status_code, seen.answer) == (200, "")
