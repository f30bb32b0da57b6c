"""Who decides what about a look, and when: from a finished attempt to the records that make its
result known.

A look completes only before its deadline, only once, and only when no cancel was read before the
decision. After the deadline nothing is decided here: the sweeper fails the request
(`domain.deadline`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.history import Admission, PartitionHistory
from domain.outcomes import Done, Emit, Later, Outcome, Reject, Skip
from domain.retry import Retry, next_retry
from schemas.events import LookDeadLettered, LookProgress, LookRequested, Stage
from schemas.failures import FailureCode, FailureReason
from schemas.topics import RETRY_DELAYS_S, RETRY_TOPICS

ATTEMPT_HEADER = "looks-attempt"
NOT_BEFORE_HEADER = "looks-not-before"  # milliseconds since the epoch

SUSPECT_HEADER = (
    "looks-suspect"  # what the attempt before was lost to, where that may be the photos' fault
)

MAX_ATTEMPT = 1000
MAX_NOT_BEFORE_MS = 253_402_300_799_999
"""The end of the year 9999. Beyond these no retry of ours is numbered or dated, and counting with
them raises: such a record would be read again and again.
"""

OUR_FAULTS = frozenset({FailureCode.INTERNAL, FailureCode.TIMEOUT})
"""Failures that speak of us rather than of the client's photos: they count towards the breaker."""

SUSPECT_FAULTS = frozenset({FailureCode.PHOTO_NOT_PROCESSED, FailureCode.OBJECT_FORBIDDEN})
"""Failures that speak of one photo, or of us where they meet the photos of several tenants."""

CANCELLED = Reject(
    FailureReason(code=FailureCode.CANCELLED, message="The look was cancelled on request.")
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of one request."""

    request: LookRequested
    number: int = 1
    suspected: bool = False  # the attempt before may have failed by its photos
    not_before_ms: int = 0  # since the epoch; 0: at once


def attempt_of(request: LookRequested, headers: Mapping[str, str]) -> Attempt | None:
    """The attempt that a record's headers ask for; None when they make no sense."""
    try:
        number = int(headers.get(ATTEMPT_HEADER, "1"))
        not_before_ms = int(headers.get(NOT_BEFORE_HEADER, "0"))
    except ValueError:
        return None
    if not (1 <= number <= MAX_ATTEMPT and 0 <= not_before_ms <= MAX_NOT_BEFORE_MS):
        return None
    return Attempt(request, number, bool(headers.get(SUSPECT_HEADER)), not_before_ms)


def admit(attempt: Attempt, history: PartitionHistory, now: datetime) -> Outcome | None:
    """An outcome when no work is needed; None when the look is to be composed."""
    admission = history.admission(
        attempt.request.request_id, attempt.number, attempt.request.deadline_at, now
    )
    if admission is Admission.COMPOSE:
        return None
    return CANCELLED if admission is Admission.CANCELLED else Skip(admission.value)


def decide(
    attempt: Attempt, outcome: Outcome, history: PartitionHistory, now: datetime, *, chance: float
) -> tuple[Outcome, tuple[Emit, ...]]:
    """The last look before the decision is published: what the outcome came to, and the records
    that say so.

    `now` is the moment of decision. A cancel or a deadline that came while the work was under way
    wins over its result.
    """
    request = attempt.request
    last_word = admit(attempt, history, now) if not isinstance(outcome, Skip) else None
    if last_word is not None:
        outcome = last_word
    sequence = history.recall(request.request_id, request.deadline_at).last_sequence + 1
    match outcome:
        case Done(emits):
            return outcome, tuple(_numbered(emit, sequence) for emit in emits)
        case Later(reason, suspect):
            retry = next_retry(
                attempt.number, now, request.deadline_at, RETRY_DELAYS_S, chance=chance
            )
            if retry is None:
                return Reject(reason), (_dead_letter(attempt, reason, sequence, now),)
            return outcome, _scheduled(attempt, retry, Later(reason, suspect), sequence, now)
        case Reject(reason):
            return outcome, (_dead_letter(attempt, reason, sequence, now),)
        case _:
            return outcome, ()


def note(history: PartitionHistory, emit: Emit, until: datetime) -> None:
    """Remember what a committed record decided."""
    match emit.event:
        case LookProgress(request_id=request_id, stage=Stage.COMPOSING, attempt=number):
            history.note_started(request_id, number, emit.sequence, until)
        case LookProgress(request_id=request_id, stage=Stage.RETRYING, attempt=number):
            history.note_scheduled(request_id, number, emit.sequence, until)
        case LookRequested():
            pass  # its RETRYING progress, in the same transaction, says the same
        case _:
            history.note_decided(emit.event.request_id, emit.sequence, until)


def started(attempt: Attempt, history: PartitionHistory, now: datetime) -> Emit | None:
    """The progress event that says that work begins; None when an earlier run of the same attempt
    said so already.
    """
    request = attempt.request
    known = history.recall(request.request_id, request.deadline_at)
    if known.started_attempt >= attempt.number:
        return None
    event = LookProgress(
        request_id=request.request_id,
        tenant_id=request.tenant_id,
        stage=Stage.COMPOSING,
        attempt=attempt.number,
        at=now,
    )
    return Emit(
        event, ("look.progress", Stage.COMPOSING, str(attempt.number)), known.last_sequence + 1
    )


def begun(attempt: Attempt, history: PartitionHistory, at: datetime, now: datetime) -> Emit | None:
    """The progress event that says that work began `at`, numbered and noted. DESIGN 3.8: a number
    is taken before it is seen.

    None when it was said before, or when by `now` the look is cancelled, decided or the sweeper's.
    """
    if admit(attempt, history, now) is not None:
        return None
    emit = started(attempt, history, at)
    if emit is not None:
        note(history, emit, attempt.request.deadline_at)
    return emit


def _numbered(emit: Emit, sequence: int) -> Emit:
    return Emit(emit.event, emit.identity, sequence, emit.topic, emit.extra)


def _scheduled(
    attempt: Attempt, retry: Retry, later: Later, sequence: int, now: datetime
) -> tuple[Emit, ...]:
    request = attempt.request
    not_before_ms = int(retry.not_before.timestamp() * 1000)
    headers = {ATTEMPT_HEADER: str(retry.attempt), NOT_BEFORE_HEADER: str(not_before_ms)}
    if later.suspect:
        headers[SUSPECT_HEADER] = later.suspect
    progress = LookProgress(
        request_id=request.request_id,
        tenant_id=request.tenant_id,
        stage=Stage.RETRYING,
        attempt=retry.attempt,
        message=later.reason.message,
        at=now,
    )
    return (
        Emit(
            request,
            ("look.requested", str(retry.attempt)),
            sequence,
            RETRY_TOPICS[retry.delay_index],
            headers,
        ),
        Emit(progress, ("look.progress", Stage.RETRYING, str(retry.attempt)), sequence),
    )


def _dead_letter(attempt: Attempt, reason: FailureReason, sequence: int, now: datetime) -> Emit:
    request = attempt.request
    event = LookDeadLettered(
        request_id=request.request_id,
        tenant_id=request.tenant_id,
        reason=reason,
        request=request,
        attempts=attempt.number,
        decided_by="compositor",
        dead_lettered_at=now,
    )
    return Emit(event, ("look.dead-letter", "compositor"), sequence)
