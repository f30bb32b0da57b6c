"""What an operator may do about a failed request or a quarantined record. Pure.

A dead letter is a decision, and it stays on its topic: a request that has one is never composed
again as itself, or it could complete after it was refunded. So there are two redrives of a dead
letter. Nobody has handled it (no claim, no outcome, and its consumer has read past it): the letter
itself is sent again, and its request fails and is refunded as it should have been. It was failed
and refunded, and the fault was ours: a new request with the same items is made that costs nothing,
once. A quarantined record goes back to where it came from, unless subscribers outside would read it
twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.composing import OUR_FAULTS
from schemas.envelope import Headers
from schemas.failures import FailureCode
from schemas.http import JobStatus
from schemas.topics import Audience, Topic

MAX_REDRIVES = 3
"""A record that comes back to quarantine so often is not healed by sending it again."""

REDRIVES_HEADER = "looks-redrives"  # how often the record was sent again
# the operator's action that sent it, so that an interrupted action finds its record
ACTION_HEADER = "looks-redrive-id"
QUARANTINE_PREFIX = "looks-quarantine-"

OURS = OUR_FAULTS | {FailureCode.EXPIRED}
"""Failures that are made good by a look at our cost. The others speak of the tenant's photos or of
its cancel.
"""


class Fault(StrEnum):
    """Whose fault a failure was."""

    OURS = "ours"
    TENANT = "tenant"  # its photos, or its cancel


def fault_of(code: FailureCode) -> Fault:
    """Whose fault it was: ours are made good."""
    return Fault.OURS if code in OURS else Fault.TENANT


@dataclass(frozen=True, slots=True, order=True)
class RecordPosition:
    """Where a record stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """As commands show and take it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


NOWHERE = RecordPosition("", -1, -1)
"""The place of an action that is about no record."""


class Verb(StrEnum):
    """What operators do."""

    SEND = "send"  # the record once more
    RERUN = "rerun"  # a new request with the items of a failed one, at no cost
    DISCARD = "discard"  # nothing, and say why
    REWIND = "rewind"  # let the projection read a partition again from the record on
    ERASE = "erase"  # a tenant; the place is its pseudonym
    GRANT = "grant"  # credits; the target is the tenant
    ADD_OPERATOR = "add_operator"  # a key; the target is its id
    REVOKE_OPERATOR = "revoke_operator"
    END_SESSIONS = "end_sessions"  # of an operator; the target is the key's or the person's id
    AUDIT = "audit"  # of the whole system


_DONE = {
    Verb.SEND: "redriven",
    Verb.RERUN: "redriven",
    Verb.DISCARD: "discarded",
    Verb.REWIND: "rewound",
    Verb.ERASE: "erased",
    Verb.GRANT: "granted",
    Verb.ADD_OPERATOR: "added",
    Verb.REVOKE_OPERATOR: "revoked",
    Verb.END_SESSIONS: "ended",
    Verb.AUDIT: "audited",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What an operator did about the record at one place, or began to do."""

    action_id: str
    verb: Verb
    finished: bool
    operator: str
    at: datetime
    reason: str
    outcome: str

    @property
    def state(self) -> str:
        """One word."""
        if not self.finished:
            return "unfinished"
        return _DONE[self.verb]

    def __str__(self) -> str:
        """For people."""
        about = f" ({self.outcome})" if self.outcome else ""
        return f"{self.state} by {self.operator} at {self.at:%Y-%m-%d %H:%M:%S}{about}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, in short. `handled_past`: whether its consumer has committed an offset
    behind it.
    """

    place: RecordPosition
    request_id: str
    tenant_id: str
    code: FailureCode
    redrives: int = 0
    handled_past: bool = True


@dataclass(frozen=True, slots=True)
class RequestStanding:
    """What Postgres says of a request. `code`: what it failed with, as its tenant was told."""

    tenant_id: str
    status: JobStatus
    code: FailureCode | None = None
    claimed: bool = False
    refunded: bool = False
    redriven_as: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send the record to this partition, for the `redrives`-th time."""

    topic: str
    partition: int
    redrives: int


@dataclass(frozen=True, slots=True)
class Rerun:
    """Make a new request with the same items, at no cost."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Mark it as looked at; nothing else happens."""


@dataclass(frozen=True, slots=True)
class Already:
    """There is nothing left to do."""

    what: str


@dataclass(frozen=True, slots=True)
class RedriveRefused:
    """It may not be done, or not yet."""

    why: str


RedriveDecision = Send | Rerun | Discard | Already | RedriveRefused


def redrive_letter(
    letter: Letter, standing: RequestStanding | None, mark: Mark | None
) -> RedriveDecision:
    """What redriving a dead letter comes to. An action that was interrupted is finished before
    anything else.
    """
    send = Send(letter.place.topic, letter.place.partition, letter.redrives + 1)
    if mark is not None:
        return Already(str(mark)) if mark.finished else send
    if standing is not None and standing.redriven_as is not None:
        return Already(f"redriven as {standing.redriven_as}")
    why = next(_against_redriving(letter, standing), None)
    if why is not None or standing is None:
        return RedriveRefused(why or "")
    return Rerun() if standing.status is JobStatus.FAILURE else send


def _against_redriving(letter: Letter, standing: RequestStanding | None) -> Iterator[str]:
    if standing is None:
        yield "there is no such request: restore its row and its charge first"
    elif standing.tenant_id != letter.tenant_id:
        yield "the letter and the request name different tenants"
    elif standing.status is JobStatus.SUCCESS:
        yield "the look succeeded: nothing may fail or repeat it"
    elif standing.status is JobStatus.FAILURE:
        if not standing.refunded:
            yield "failed and not refunded yet: see to credit_ledger and the quarantine first"
        if standing.code not in OURS:
            yield f"it failed for {standing.code}, not our fault: its tenant posts it again"
    elif standing.claimed:
        yield "dead_letter has claimed it: its failure and its refund are on their way"
    elif not letter.handled_past:
        yield "dead_letter has not read it yet: start it, nothing is wrong with the letter"
    elif letter.redrives >= MAX_REDRIVES:
        yield f"it was redriven {letter.redrives} times"


def discard_letter(standing: RequestStanding | None, mark: Mark | None) -> RedriveDecision:
    """Whether a dead letter may be put aside: not while its tenant waits for an outcome or for its
    credits.
    """
    if mark is not None:
        return (
            Already(str(mark))
            if mark.finished
            else RedriveRefused("a redrive of it was interrupted: repeat that first")
        )
    if standing is not None and standing.status not in {JobStatus.SUCCESS, JobStatus.FAILURE}:
        return RedriveRefused("its tenant has no outcome yet: redrive it")
    if standing is not None and standing.status is JobStatus.FAILURE and not standing.refunded:
        return RedriveRefused("its tenant is not refunded yet")
    return Discard()


def origin(headers: Mapping[str, str]) -> RecordPosition | None:
    """Where a quarantined record came from; None when it does not say."""
    topic, partition, offset = (
        headers.get(f"{QUARANTINE_PREFIX}{name}", "") for name in ("topic", "partition", "offset")
    )
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        return None
    return RecordPosition(topic, int(partition), int(offset))


def redrives(headers: Mapping[str, str]) -> int:
    """How often a record was sent again. A count that makes no sense is not ours: 0."""
    text = headers.get(REDRIVES_HEADER, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def redrive_record(
    headers: Mapping[str, str], topics: Mapping[str, Topic], mark: Mark | None, twin: Mark | None
) -> RedriveDecision:
    """What redriving a quarantined record comes to.

    `twin`: what was done about the same record where it came from, or as another of its readers
    kept it.
    """
    from_where = origin(headers)
    if mark is not None and mark.finished:
        return Already(str(mark))
    if mark is None and twin is not None:
        return Already(f"the same record, elsewhere: {twin}")
    why = next(_against_sending_back(from_where, redrives(headers), topics), None)
    if why is not None or from_where is None:
        return RedriveRefused(why or "")
    return Send(from_where.topic, from_where.partition, redrives(headers) + 1)


def _against_sending_back(
    from_where: RecordPosition | None, count: int, topics: Mapping[str, Topic]
) -> Iterator[str]:
    if from_where is None:
        yield "it does not say where it came from"
        return
    topic = topics.get(from_where.topic)
    if topic is None or topic.event is None or from_where.partition >= topic.partitions:
        yield f"there is no {from_where.topic}[{from_where.partition}] to send it to"
    elif topic.audience is Audience.PUBLIC:
        yield (
            f"{topic.name} is public and has it: subscribers would read it twice; let its consumer "
            "read it again"
        )
    if count >= MAX_REDRIVES:
        yield f"it was redriven {count} times"


def discard_record(mark: Mark | None) -> RedriveDecision:
    """Whether a quarantined record may be put aside."""
    if mark is None:
        return Discard()
    return (
        Already(str(mark))
        if mark.finished
        else RedriveRefused("a redrive of it was interrupted: repeat that first")
    )


def sent_again(headers: Headers, count: int, action_id: str) -> Headers:
    """The headers of a record that is sent again: its own, without quarantine's, with the count and
    the action.
    """
    ours = {REDRIVES_HEADER: str(count), ACTION_HEADER: action_id}
    kept = tuple(
        (name, raw)
        for name, raw in headers
        if name not in ours and not name.startswith(QUARANTINE_PREFIX)
    )
    return kept + tuple((name, text.encode()) for name, text in ours.items())
