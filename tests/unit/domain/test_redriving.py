"""What operators may do: each case of a failed request and of a quarantined record has one answer,
with its reason.
"""

from dataclasses import replace

import pytest

from domain.redriving import (
    MAX_REDRIVES,
    OURS,
    Already,
    Discard,
    Letter,
    Mark,
    RecordPosition,
    RedriveRefused,
    RequestStanding,
    Rerun,
    Send,
    Verb,
    discard_letter,
    discard_record,
    origin,
    redrive_letter,
    redrive_record,
    redrives,
    sent_again,
)
from schemas.failures import FailureCode
from schemas.http import JobStatus
from schemas.topics import BY_NAME, TOPICS, Audience
from tests.making import NOW, REQUEST_ID

HERE = RecordPosition("look.dead-letter", 3, 17)
LETTER = Letter(HERE, REQUEST_ID, "demo", FailureCode.INTERNAL)
OPEN = RequestStanding("demo", JobStatus.IN_PROGRESS)
REFUNDED = RequestStanding(
    "demo", JobStatus.FAILURE, FailureCode.INTERNAL, claimed=True, refunded=True
)
DONE = Mark("a", Verb.SEND, True, "ann", NOW, "", "sent as x[1]@2")
BEGUN = replace(DONE, finished=False, outcome="")
KEPT = {
    "looks-quarantine-topic": "look.requested",
    "looks-quarantine-partition": "4",
    "looks-quarantine-offset": "9",
    "looks-quarantine-reason": "not JSON",
    "looks-quarantine-consumer": "compositor",
}


@pytest.mark.parametrize(
    ("letter", "standing", "why"),
    [
        (LETTER, None, "there is no such request"),
        (LETTER, replace(OPEN, tenant_id="other"), "different tenants"),
        (LETTER, RequestStanding("demo", JobStatus.SUCCESS), "the look succeeded"),
        (LETTER, replace(OPEN, claimed=True), "has claimed it"),
        (replace(LETTER, handled_past=False), OPEN, "has not read it yet"),
        (replace(LETTER, redrives=MAX_REDRIVES), OPEN, "redriven 3 times"),
        (LETTER, replace(REFUNDED, refunded=False), "not refunded yet"),
        (LETTER, replace(REFUNDED, code=FailureCode.CANCELLED), "not our fault"),
        (LETTER, replace(REFUNDED, code=FailureCode.OBJECT_NOT_FOUND), "not our fault"),
    ],
)
def test_a_dead_letter_that_may_not_be_redriven_says_why(
    letter: Letter, standing: RequestStanding | None, why: str
) -> None:
    decision = redrive_letter(letter, standing, None)
    assert isinstance(decision, RedriveRefused)
    assert why in decision.why


@pytest.mark.parametrize("code", sorted(OURS))
def test_a_look_that_failed_by_our_fault_and_was_refunded_is_made_anew(code: FailureCode) -> None:
    assert redrive_letter(LETTER, replace(REFUNDED, code=code), None) == Rerun()


def test_only_our_faults_are_made_good() -> None:
    assert {FailureCode.INTERNAL, FailureCode.TIMEOUT, FailureCode.EXPIRED} == OURS
    for code in set(FailureCode) - OURS:
        assert isinstance(
            redrive_letter(LETTER, replace(REFUNDED, code=code), None), RedriveRefused
        )


def test_a_request_is_redriven_once() -> None:
    assert redrive_letter(LETTER, replace(REFUNDED, redriven_as="other"), None) == Already(
        "redriven as other"
    )


@pytest.mark.parametrize("status", [JobStatus.NOT_STARTED, JobStatus.IN_PROGRESS])
def test_a_letter_that_nobody_handled_is_sent_again_and_its_request_is_not_composed(
    status: JobStatus,
) -> None:
    assert redrive_letter(LETTER, replace(OPEN, status=status), None) == Send(
        "look.dead-letter", 3, 1
    )
    assert redrive_letter(replace(LETTER, redrives=2), OPEN, None) == Send("look.dead-letter", 3, 3)


def test_no_request_is_ever_both_open_and_made_anew() -> None:
    for status in JobStatus:
        for refunded in (False, True):
            standing = replace(REFUNDED, status=status, refunded=refunded)
            if isinstance(redrive_letter(LETTER, standing, None), Rerun):
                assert (status, refunded) == (JobStatus.FAILURE, True)


def test_what_was_done_about_a_letter_is_not_done_again_and_what_was_begun_is_finished() -> None:
    assert isinstance(redrive_letter(LETTER, OPEN, DONE), Already)
    assert redrive_letter(LETTER, replace(OPEN, claimed=True), BEGUN) == Send(
        "look.dead-letter", 3, 1
    )


@pytest.mark.parametrize(
    ("standing", "mark", "kind"),
    [
        (REFUNDED, None, Discard),
        (RequestStanding("demo", JobStatus.SUCCESS), None, Discard),
        (None, None, Discard),
        (OPEN, None, RedriveRefused),
        (replace(REFUNDED, refunded=False), None, RedriveRefused),
        (REFUNDED, DONE, Already),
        (REFUNDED, BEGUN, RedriveRefused),
    ],
)
def test_a_letter_is_put_aside_only_when_its_tenant_waits_for_nothing(
    standing: RequestStanding | None, mark: Mark | None, kind: type
) -> None:
    assert type(discard_letter(standing, mark)) is kind


def test_a_quarantined_record_goes_back_to_the_partition_that_it_came_from() -> None:
    assert origin(KEPT) == RecordPosition("look.requested", 4, 9)
    assert redrive_record(KEPT, BY_NAME, None, None) == Send("look.requested", 4, 1)
    assert redrive_record(KEPT | {"looks-redrives": "2"}, BY_NAME, None, None) == Send(
        "look.requested", 4, 3
    )


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "does not say where"),
        (KEPT | {"looks-quarantine-partition": "-1"}, "does not say where"),
        (KEPT | {"looks-quarantine-partition": "99"}, "there is no look.requested[99]"),
        (KEPT | {"looks-quarantine-topic": "look.of-old"}, "there is no look.of-old[4]"),
        (KEPT | {"looks-quarantine-topic": "look.quarantine"}, "there is no look.quarantine[4]"),
        (KEPT | {"looks-redrives": "3"}, "redriven 3 times"),
    ],
)
def test_a_quarantined_record_that_may_not_go_back_says_why(
    headers: dict[str, str], why: str
) -> None:
    decision = redrive_record(headers, BY_NAME, None, None)
    assert isinstance(decision, RedriveRefused)
    assert why in decision.why


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.event is not None], ids=lambda topic: topic.name
)
def test_no_subscriber_outside_reads_a_record_twice(topic) -> None:  # type: ignore[no-untyped-def]  # a Topic
    decision = redrive_record(KEPT | {"looks-quarantine-topic": topic.name}, BY_NAME, None, None)
    assert isinstance(decision, RedriveRefused) == (topic.audience is Audience.PUBLIC)


def test_two_copies_of_one_record_go_back_once() -> None:
    assert isinstance(redrive_record(KEPT, BY_NAME, None, DONE), Already)
    assert isinstance(redrive_record(KEPT, BY_NAME, DONE, DONE), Already)
    assert redrive_record(KEPT, BY_NAME, BEGUN, BEGUN) == Send("look.requested", 4, 1)


def test_a_quarantined_record_is_put_aside_unless_something_was_done_or_begun() -> None:
    assert [type(discard_record(mark)) for mark in (None, DONE, BEGUN)] == [
        Discard,
        Already,
        RedriveRefused,
    ]


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("2", 2), ("-1", 0), ("many", 0), ("9" * 5000, 0), ("²", 0)]
)
def test_a_count_that_makes_no_sense_is_none(text: str, count: int) -> None:
    assert redrives({"looks-redrives": text}) == count


def test_a_record_that_is_sent_again_keeps_its_own_headers() -> None:
    headers = (
        ("ce_id", b"x"),
        ("looks-quarantine-reason", b"r"),
        ("raw", b"\xff"),
        ("looks-redrives", b"1"),
        ("ce_id", b"y"),
    )
    assert sent_again(headers, 2, "A") == (
        ("ce_id", b"x"),
        ("raw", b"\xff"),
        ("ce_id", b"y"),
        ("looks-redrives", b"2"),
        ("looks-redrive-id", b"A"),
    )
