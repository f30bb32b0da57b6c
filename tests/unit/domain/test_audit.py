"""Each broken promise is named once; a kept one never."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.audit import (
    AuditMoment,
    InTopic,
    RequestFacts,
    Violation,
    account,
    may_change,
    quarantined,
    stray,
    violations,
)
from tests.making import NOW, REQUEST_ID

MOMENT = AuditMoment(
    now=NOW + timedelta(hours=1), settle_s=30, margin_s=60, topics_since=NOW - timedelta(days=6)
)
ONE = InTopic(1, 1, True, NOW)
SUCCEEDED = RequestFacts(
    request_id=REQUEST_ID,
    status="SUCCESS",
    credits_cost=10,
    created_at=NOW,
    updated_at=NOW,
    deadline_at=NOW + timedelta(minutes=10),
    charges=(-10,),
    refunds=(),
    in_outbox=False,
    outbox_since=None,
    events=((1, "queued"), (2, "stage"), (3, "succeeded")),
    claimed_at=None,
    requested=ONE,
    completed=ONE,
)
FAILED = replace(
    SUCCEEDED, status="FAILURE", refunds=(10,), completed=InTopic(), failed=ONE, refund_events=ONE,
    claimed_at=NOW,
    events=((1, "queued"), (2, "failed")),
)  # fmt: skip
OPEN = replace(
    SUCCEEDED,
    status="NOT_STARTED",
    completed=InTopic(),
    events=(),
    updated_at=MOMENT.now,
    deadline_at=MOMENT.now,
    created_at=MOMENT.now,
)


@pytest.mark.parametrize(
    "facts",
    [
        SUCCEEDED,
        FAILED,
        OPEN,
        replace(OPEN, in_outbox=True, requested=InTopic(), outbox_since=MOMENT.now),
    ],
)
def test_a_clean_history_gives_no_violation(facts: RequestFacts) -> None:
    assert list(violations(facts, MOMENT)) == []


@pytest.mark.parametrize(
    ("promise", "facts"),
    [
        (1, replace(SUCCEEDED, requested=InTopic())),
        (1, replace(SUCCEEDED, requested=InTopic(2, 2, True, NOW))),
        (1, replace(OPEN, in_outbox=True, outbox_since=NOW)),
        (2, replace(SUCCEEDED, charges=())),
        (2, replace(SUCCEEDED, charges=(-10, -10))),
        (2, replace(SUCCEEDED, charges=(-1,))),
        (3, replace(OPEN, deadline_at=NOW)),
        (4, replace(FAILED, refunds=())),
        (4, replace(FAILED, refunds=(10, 10))),
        (4, replace(FAILED, refunds=(5,))),
        (5, replace(SUCCEEDED, completed=InTopic(2, 1, True, NOW))),
        (5, replace(SUCCEEDED, failed=ONE)),
        (5, replace(SUCCEEDED, completed=InTopic())),
        (5, replace(OPEN, completed=ONE)),
        (8, replace(SUCCEEDED, events=((1, "queued"), (3, "succeeded")))),
        (8, replace(OPEN, shared_numbers=(2,))),
        (8, replace(SUCCEEDED, events=((1, "queued"), (2, "succeeded"), (3, "stage")))),
        (8, replace(SUCCEEDED, events=((1, "queued"), (2, "stage"), (3, "failed")))),
        (
            9,
            replace(
                FAILED,
                failed=InTopic(),
                status="IN_PROGRESS",
                refunds=(10,),
                deadline_at=MOMENT.now,
            ),
        ),
    ],
)
def test_a_broken_promise_is_named(promise: int, facts: RequestFacts) -> None:
    assert promise in {violation.promise for violation in violations(facts, MOMENT)}


def test_a_completion_and_a_refund_break_the_refund_promise() -> None:
    seen = [
        violation.seen
        for violation in violations(replace(SUCCEEDED, refunds=(10,)), MOMENT)
        if violation.promise == 4
    ]
    assert seen == ["succeeded and refunded", "a completion and a refund were published"]


def test_events_that_may_still_travel_are_no_violation() -> None:
    fresh = MOMENT.now - timedelta(seconds=5)
    travelling = InTopic(1, 1, True, fresh)
    failing = replace(
        FAILED, refunds=(), refund_events=travelling, updated_at=fresh, claimed_at=fresh
    )
    assert list(violations(failing, MOMENT)) == []
    unread = InTopic(1, 1, False, fresh)
    assert list(violations(replace(OPEN, completed=unread), MOMENT)) == []


def test_a_record_about_nobody_is_a_violation_once_its_row_must_have_been_seen() -> None:
    assert stray(REQUEST_ID, "look.completed", MOMENT.now, MOMENT) is None
    violation = stray(REQUEST_ID, "credit.refund", NOW, MOMENT)
    assert violation is not None
    assert violation.promise == 4


@pytest.mark.parametrize(
    ("balance", "entries", "count"), [(10, 10, 0), (10, 9, 1), (-1, -1, 1), (-1, 0, 2)]
)
def test_a_balance_is_the_sum_of_its_entries_and_never_negative(
    balance: int, entries: int, count: int
) -> None:
    assert len(list(account("demo/live", balance, entries))) == count


def test_a_quarantined_record_says_why_and_where_from() -> None:
    names = ("reason", "topic", "partition", "offset", "consumer")
    headers = {f"looks-quarantine-{name}": "x" for name in names}
    assert list(quarantined("q[0]@1", headers, has_bytes=True)) == []
    assert [v.promise for v in quarantined("q[0]@1", {}, has_bytes=False)] == [9, 9]


def test_a_violation_is_one_line_with_number_name_and_subject() -> None:
    line = str(Violation(3, REQUEST_ID, "NOT_STARTED"))
    assert line == f"VIOLATION 3 (one terminal outcome by the deadline) {REQUEST_ID}: NOT_STARTED"


@pytest.mark.parametrize("facts", [SUCCEEDED, FAILED], ids=["succeeded", "failed"])
def test_what_ended_and_arrived_is_not_looked_at_again(facts: RequestFacts) -> None:
    assert not may_change(facts, MOMENT)


JUST_NOW = MOMENT.now - timedelta(seconds=1)


@pytest.mark.parametrize(
    "facts",
    [
        OPEN,
        replace(SUCCEEDED, in_outbox=True),
        replace(SUCCEEDED, updated_at=JUST_NOW),
        replace(FAILED, claimed_at=JUST_NOW),
        replace(FAILED, refunds=()),
        replace(SUCCEEDED, completed=replace(ONE, last_written=JUST_NOW)),
        replace(FAILED, failed=replace(ONE, projected=False)),
        replace(FAILED, refund_events=replace(ONE, last_written=JUST_NOW)),
    ],
)
def test_what_is_open_or_on_its_way_is_looked_at_again(facts: RequestFacts) -> None:
    assert may_change(facts, MOMENT)
