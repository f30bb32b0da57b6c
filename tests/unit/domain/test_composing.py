from datetime import timedelta

import pytest

from domain.composing import (
    ATTEMPT_HEADER,
    CANCELLED,
    NOT_BEFORE_HEADER,
    Attempt,
    admit,
    attempt_of,
    begun,
    decide,
    note,
    started,
)
from domain.history import PartitionHistory
from domain.outcomes import Done, Emit, Later, Reject, Skip
from schemas.events import (
    LookCompleted,
    LookDeadLettered,
    LookProgress,
    LookRequested,
    Stage,
    StoredImage,
)
from schemas.failures import FailureCode, FailureReason
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, RETRY_DELAYS_S, RETRY_TOPICS
from tests.making import NOW, REQUEST_ID, TENANT, a_request

INTERNAL = FailureReason(code=FailureCode.INTERNAL, message="S3 is away")
BAD_PHOTO = FailureReason(code=FailureCode.IMAGE_UNREADABLE, message="not a picture", item_index=0)


def completion() -> Done:
    image = StoredImage(
        bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
    )
    event = LookCompleted(
        request_id=REQUEST_ID,
        tenant_id=TENANT,
        image=image,
        items=(),
        engine_version="1",
        duration_ms=1,
        completed_at=NOW,
    )
    return Done((Emit(event, ("look.completed",)),))


def test_a_fresh_request_is_composed() -> None:
    assert admit(Attempt(a_request()), PartitionHistory(), NOW) is None


def test_a_finished_look_is_published_before_its_deadline() -> None:
    outcome, emits = decide(Attempt(a_request()), completion(), PartitionHistory(), NOW, chance=0)
    assert isinstance(outcome, Done)
    assert [emit.target for emit in emits] == [LOOK_COMPLETED]
    assert emits[0].sequence == 2


@pytest.mark.hostile(row=27)
@pytest.mark.parametrize(
    "outcome", [completion(), Reject(BAD_PHOTO), Later(INTERNAL)], ids=["done", "reject", "later"]
)
def test_at_its_deadline_nothing_is_decided(outcome: Done | Reject | Later) -> None:
    result, emits = decide(
        Attempt(a_request()), outcome, PartitionHistory(), a_request().deadline_at, chance=0
    )
    assert result == Skip("expired")
    assert emits == ()


@pytest.mark.hostile(row=23)
def test_a_cancel_read_before_the_decision_wins_over_the_picture() -> None:
    history = PartitionHistory()
    history.note_cancelled(REQUEST_ID, a_request().deadline_at)
    outcome, emits = decide(Attempt(a_request()), completion(), history, NOW, chance=0)
    assert outcome == CANCELLED
    assert [emit.target for emit in emits] == [LOOK_DEAD_LETTER]


def test_a_decided_request_is_not_decided_again() -> None:
    history = PartitionHistory()
    _, emits = decide(Attempt(a_request()), completion(), history, NOW, chance=0)
    note(history, emits[0], a_request().deadline_at)
    history.note_cancelled(REQUEST_ID, a_request().deadline_at)
    assert decide(Attempt(a_request()), completion(), history, NOW, chance=0) == (
        Skip("duplicate"),
        (),
    )


def test_what_can_heal_goes_to_the_retry_topics_in_turn_and_then_fails() -> None:
    request = a_request(deadline_s=3600)
    topics = []
    for number in range(1, len(RETRY_DELAYS_S) + 1):
        outcome, emits = decide(
            Attempt(request, number), Later(INTERNAL), PartitionHistory(), NOW, chance=0
        )
        assert isinstance(outcome, Later)
        topics.append(emits[0].target)
        assert emits[0].extra[ATTEMPT_HEADER] == str(number + 1)
        assert isinstance(emits[1].event, LookProgress)
        assert emits[1].event.stage is Stage.RETRYING
    assert tuple(topics) == RETRY_TOPICS
    outcome, emits = decide(
        Attempt(request, len(RETRY_DELAYS_S) + 1),
        Later(INTERNAL),
        PartitionHistory(),
        NOW,
        chance=0,
    )
    assert outcome == Reject(INTERNAL)
    assert isinstance(emits[0].event, LookDeadLettered)
    assert emits[0].event.reason == INTERNAL


def test_a_retry_that_would_come_after_the_deadline_fails_at_once() -> None:
    outcome, emits = decide(
        Attempt(a_request(deadline_s=1)), Later(INTERNAL), PartitionHistory(), NOW, chance=0
    )
    assert outcome == Reject(INTERNAL)
    assert len(emits) == 1


def test_the_first_attempt_met_again_after_its_retry_was_scheduled_is_a_duplicate() -> None:
    history = PartitionHistory()
    request = a_request()
    _, emits = decide(Attempt(request), Later(INTERNAL), history, NOW, chance=0)
    for emit in emits:
        note(history, emit, request.deadline_at)
    assert admit(Attempt(request), history, NOW) == Skip("duplicate")
    assert admit(Attempt(request, 2), history, NOW) is None


def test_sequences_of_one_request_grow_without_gaps_over_attempts() -> None:
    history = PartitionHistory()
    request = a_request()
    seen = [1]  # queued
    for number, outcome in ((1, Later(INTERNAL)), (2, completion())):
        said = started(Attempt(request, number), history, NOW)
        assert said is not None
        note(history, said, request.deadline_at)
        seen.append(said.sequence)
        _, emits = decide(Attempt(request, number), outcome, history, NOW, chance=0)
        for emit in emits:
            note(history, emit, request.deadline_at)
        seen.extend({emit.sequence for emit in emits})
    assert seen == [1, 2, 3, 4, 5]


def test_an_attempt_that_said_it_began_does_not_say_it_again_after_a_crash() -> None:
    history = PartitionHistory()
    said = started(Attempt(a_request()), history, NOW)
    assert said is not None
    note(history, said, NOW + timedelta(minutes=1))
    assert started(Attempt(a_request()), history, NOW) is None


def test_a_dead_letter_keeps_the_request_whole() -> None:
    request = a_request()
    _, (emit,) = decide(Attempt(request), Reject(BAD_PHOTO), PartitionHistory(), NOW, chance=0)
    assert isinstance(emit.event, LookDeadLettered)
    assert emit.event.request == request
    assert isinstance(emit.event.request, LookRequested)


def test_history_forgets_what_can_no_longer_matter() -> None:
    history = PartitionHistory()
    history.note_cancelled(REQUEST_ID, NOW)
    assert history.forget(NOW) == 0
    assert history.forget(NOW + timedelta(seconds=1)) == 1
    assert len(history) == 0


def test_a_number_is_remembered_as_soon_as_it_is_given() -> None:
    """DESIGN 3.8: a cancel after this finds the number taken, whether or not the event has been
    seen.
    """
    history, attempt = PartitionHistory(), Attempt(a_request())
    emit = begun(attempt, history, NOW, NOW)
    assert emit is not None
    _, emits = decide(attempt, CANCELLED, history, NOW, chance=0)
    assert (emit.sequence, emits[0].sequence) == (2, 3)
    assert begun(attempt, history, NOW, NOW) is None


def test_what_is_cancelled_or_late_is_not_said_to_have_begun() -> None:
    history, attempt = PartitionHistory(), Attempt(a_request())
    assert begun(attempt, history, NOW, a_request().deadline_at) is None
    history.note_cancelled(REQUEST_ID, a_request().deadline_at)
    assert begun(attempt, history, NOW, NOW) is None


def test_a_record_without_headers_asks_for_the_first_attempt_at_once() -> None:
    assert attempt_of(a_request(), {}) == Attempt(a_request(), 1)


def test_what_a_retry_is_sent_with_is_what_its_reader_reads() -> None:
    request = a_request(deadline_s=600)
    later = Later(INTERNAL, "crash")
    _, emits = decide(Attempt(request), later, PartitionHistory(), NOW, chance=0)
    asked = attempt_of(request, emits[0].extra)
    assert asked is not None
    assert (asked.number, asked.suspected) == (2, True)
    delay_s = asked.not_before_ms / 1000 - NOW.timestamp()
    assert delay_s == pytest.approx(RETRY_DELAYS_S[0], abs=0.001)


@pytest.mark.parametrize(
    "headers",
    [
        {ATTEMPT_HEADER: "two"},
        {ATTEMPT_HEADER: "0"},
        {ATTEMPT_HEADER: ""},
        {NOT_BEFORE_HEADER: "soon"},
        {NOT_BEFORE_HEADER: "-1"},
        {NOT_BEFORE_HEADER: "9" * 400},  # too large to be divided
        {ATTEMPT_HEADER: "9" * 400},
    ],
)
def test_headers_that_make_no_sense_ask_for_nothing(headers: dict[str, str]) -> None:
    assert attempt_of(a_request(), headers) is None
