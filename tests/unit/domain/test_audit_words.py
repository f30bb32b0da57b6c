"""What the audit says of each fault, word for word, and where each of its bounds lies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.audit import (
    PROMISES,
    SHOWN_OFFSETS,
    InLake,
    InTopic,
    RequestFacts,
    Violation,
    account,
    in_lake,
    quarantined,
    stray,
    violations,
)
from tests.making import NOW, REQUEST_ID
from tests.unit.domain.test_audit import FAILED, MOMENT, ONE, OPEN, SUCCEEDED

INSTANT = timedelta(microseconds=1)
SETTLED = MOMENT.now - timedelta(seconds=MOMENT.settle_s)
LATE = MOMENT.now - timedelta(seconds=MOMENT.margin_s)
OLD = MOMENT.topics_since - INSTANT


def seen(facts: RequestFacts) -> list[tuple[int, str]]:
    return [(one.promise, one.seen) for one in violations(facts, MOMENT)]


def test_every_promise_has_its_words() -> None:
    assert {number: words.split()[0] for number, words in PROMISES.items()} == {
        1: "accepted",
        2: "charged",
        3: "one",
        4: "refunded",
        5: "exactly",
        6: "success",
        7: "balances",
        8: "events",
        9: "nothing",
        11: "each",
    }


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            replace(SUCCEEDED, requested=InTopic()),
            [(1, "neither in the outbox nor in look.requested")],
        ),
        (
            replace(SUCCEEDED, requested=InTopic(2, 2, True, NOW)),
            [(1, "2 different bodies in look.requested")],
        ),
        (replace(SUCCEEDED, charges=()), [(2, "charges [] for a cost of 10")]),
        (replace(FAILED, refunds=()), [
            (4, "failed and not refunded"),
            (4, "a refund was published and not entered in the ledger"),
        ]),
        (replace(FAILED, refunds=(10, 10)), [(4, "refunded 2 times")]),
        (replace(FAILED, refunds=(5,)), [(4, "refunded 5 of 10")]),
        (replace(SUCCEEDED, goodwill=(10,)), []),
        (replace(SUCCEEDED, goodwill=(10, 10)), [(4, "goodwill 2 times")]),
        (replace(SUCCEEDED, goodwill=(11,)), [(4, "goodwill of 11 for a cost of 10")]),
        (replace(FAILED, goodwill=(10,)), [(4, "goodwill for a look that is FAILURE")]),
        (
            replace(SUCCEEDED, refund_events=ONE, refunds=(10,)),
            [
                (4, "succeeded and refunded"),
                (4, "a completion and a refund were published"),
            ],
        ),
        (
            replace(SUCCEEDED, failed=ONE),
            [
                (5, "1 look.completed and 1 look.failed"),
                (5, "look.failed was projected but the request is SUCCESS"),
            ],
        ),
        (
            replace(
                FAILED, failed=InTopic(), completed=ONE, claimed_at=None, refund_events=InTopic()
            ),
            [
                (4, "a completion and a refund were published"),
                (5, "look.completed was projected but the request is FAILURE"),
            ],
        ),
        (replace(SUCCEEDED, completed=InTopic()), [(5, "SUCCESS without a public outcome")]),
        (
            replace(FAILED, failed=InTopic(), updated_at=OLD, created_at=OLD),
            [(9, "a dead letter was claimed but no look.failed was published")],
        ),
        (replace(OPEN, shared_numbers=(2,)), [(8, "topics have two events with the number 2")]),
        (
            replace(SUCCEEDED, events=((1, "queued"), (3, "succeeded"))),
            [(8, "event numbers [1, 3]")],
        ),
        (  # retention was faster than the projection: on record, and readers pass over it
            replace(
                SUCCEEDED,
                events=((1, "queued"), (3, "succeeded")),
                passed_over=frozenset({2}),
            ),
            [],
        ),
        (
            replace(
                SUCCEEDED,
                events=((1, "queued"), (4, "succeeded")),
                passed_over=frozenset({2}),
            ),
            [(8, "event numbers [1, 4]")],
        ),
        (
            replace(
                SUCCEEDED,
                events=((1, "queued"), (4, "succeeded")),
                passed_over=frozenset({2, 3}),
                still_in_topics=frozenset({3}),
            ),
            [(8, "readers pass over event 3, which a topic has")],
        ),
        (  # it came after all, from quarantine say
            replace(
                SUCCEEDED,
                passed_over=frozenset({2}),
                still_in_topics=frozenset({2}),
            ),
            [],
        ),
        (
            replace(
                SUCCEEDED,
                events=((1, "queued"), (2, "stage"), (2, "stage"), (3, "succeeded")),
                passed_over=frozenset({2}),
            ),
            [(8, "event numbers [1, 2, 2, 3]")],
        ),
        (replace(SUCCEEDED, events=()), [(8, "SUCCESS but the last event is missing")]),
        (
            replace(SUCCEEDED, events=((1, "queued"), (2, "stage"))),
            [(8, "SUCCESS but the last event is stage")],
        ),
        (
            replace(SUCCEEDED, events=((1, "queued"), (2, "failed"), (3, "succeeded"))),
            [(8, "outcomes among the events: ['queued', 'failed', 'succeeded']")],
        ),
        (
            replace(SUCCEEDED, events=((1, "stage"), (2, "queued"), (3, "succeeded"))),
            [(8, "the first event is stage")],
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_these_words_and_no_others(
    facts: RequestFacts, told: list[tuple[int, str]]
) -> None:
    assert seen(facts) == told


@pytest.mark.parametrize(
    ("kept", "broken"),
    [
        (  # what the topics may have forgotten is not missed
            replace(SUCCEEDED, requested=InTopic(), created_at=OLD),
            replace(SUCCEEDED, requested=InTopic(), created_at=MOMENT.topics_since),
        ),
        (
            replace(SUCCEEDED, completed=InTopic(), updated_at=OLD),
            replace(SUCCEEDED, completed=InTopic(), updated_at=MOMENT.topics_since),
        ),
        (  # the outbox
            replace(OPEN, in_outbox=True, outbox_since=SETTLED),
            replace(OPEN, in_outbox=True, outbox_since=SETTLED - INSTANT),
        ),
        (  # the deadline and its margin
            replace(OPEN, deadline_at=LATE),
            replace(OPEN, deadline_at=LATE - INSTANT),
        ),
        (  # a refund that may still travel, of a failure and of a record
            replace(FAILED, refunds=(), refund_events=InTopic(), updated_at=SETTLED),
            replace(FAILED, refunds=(), refund_events=InTopic(), updated_at=SETTLED - INSTANT),
        ),
        (
            replace(OPEN, refund_events=InTopic(1, 1, True, SETTLED)),
            replace(OPEN, refund_events=InTopic(1, 1, True, SETTLED - INSTANT)),
        ),
        (  # a claim whose failure may still travel
            replace(OPEN, claimed_at=SETTLED),
            replace(OPEN, claimed_at=SETTLED - INSTANT),
        ),
        (  # what the projection has not read yet can't be held against the row
            replace(OPEN, failed=InTopic(1, 1, False, NOW)),
            replace(OPEN, failed=InTopic(1, 1, True, NOW)),
        ),
        (
            replace(
                SUCCEEDED,
                events=((1, "queued"), (3, "succeeded")),
                requested=InTopic(1, 1, False, NOW),
            ),
            replace(SUCCEEDED, events=((1, "queued"), (3, "succeeded"))),
        ),
        (
            replace(SUCCEEDED, events=(), updated_at=SETTLED),
            replace(SUCCEEDED, events=(), updated_at=SETTLED - INSTANT),
        ),
    ],
)
def test_a_bound_lies_where_it_is_said_to_lie(kept: RequestFacts, broken: RequestFacts) -> None:
    assert seen(kept) == []
    assert len(seen(broken)) == 1


def test_a_balance_of_nothing_is_none_below_it() -> None:
    assert list(account("demo/live", 0, 0)) == []
    assert list(account("demo/live", -1, -1)) == [Violation(7, "demo/live", "the balance is -1")]
    assert list(account("demo/live", 3, 4)) == [
        Violation(7, "demo/live", "the balance is 3, the entries add up to 4")
    ]


@pytest.mark.parametrize(
    ("topic", "promise"), [("look.requested", 1), ("credit.refund", 4), ("look.failed", 5)]
)
def test_a_stray_record_breaks_the_promise_of_its_topic(topic: str, promise: int) -> None:
    words = f"{topic} speaks of a request that was never accepted"
    assert stray(REQUEST_ID, topic, SETTLED, MOMENT) is None
    found = stray(REQUEST_ID, topic, SETTLED - INSTANT, MOMENT)
    assert found == Violation(promise, REQUEST_ID, words)


def test_a_quarantined_record_without_a_value_has_no_bytes_to_keep() -> None:
    names = ("topic", "partition", "offset", "consumer")
    headers = {f"looks-quarantine-{name}": "x" for name in names}
    assert list(quarantined("q", headers, has_bytes=True)) == [
        Violation(9, "q", "quarantined without reason")
    ]
    valueless = {**headers, "looks-quarantine-reason": "the record has no value"}
    assert list(quarantined("q", valueless, has_bytes=False)) == []
    read = {**headers, "looks-quarantine-reason": "no JSON"}
    assert list(quarantined("q", read, has_bytes=False)) == [
        Violation(9, "q", "quarantined without its bytes")
    ]


def test_the_lake_against_its_topic() -> None:
    clean = InLake("look.failed", 3, rows=9, missing=(4,))
    assert list(in_lake(clean, {4})) == []
    assert list(in_lake(replace(clean, repeated=(7,), strangers=(8,)), set())) == [
        Violation(11, "look.failed[3]@4", "is committed and not in the lake"),
        Violation(11, "look.failed[3]@7", "is in the lake more than once"),
        Violation(11, "look.failed[3]@8", "is in the lake and no committed record"),
    ]


def test_of_many_offsets_some_are_shown_and_all_are_counted() -> None:
    some = InLake("look.failed", 3, rows=9, repeated=tuple(range(SHOWN_OFFSETS)))
    assert len(list(in_lake(some, set()))) == SHOWN_OFFSETS
    many = replace(some, repeated=tuple(range(SHOWN_OFFSETS + 1)))
    *shown, last = in_lake(many, set())
    assert [one.subject for one in shown] == [
        f"look.failed[3]@{offset}" for offset in range(SHOWN_OFFSETS)
    ]
    assert last == Violation(
        11,
        "look.failed[3]",
        f"{SHOWN_OFFSETS + 1} in all: each is in the lake more than once",
    )
