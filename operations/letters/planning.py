"""What is to become of the records that were chosen. Nothing is changed here."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.redriving import (
    MAX_REDRIVES,
    Already,
    Discard,
    Letter,
    Mark,
    RecordPosition,
    RedriveDecision,
    RedriveRefused,
    RequestStanding,
    Rerun,
    Send,
    Verb,
    discard_letter,
    discard_record,
    redrive_letter,
    redrive_record,
)
from operations.letters.choice import Choice
from operations.letters.dead import Found, Letters
from operations.letters.desk import Desk
from operations.letters.finding import choose, find
from operations.letters.quarantine import Kept, Quarantined
from runtime.groups import committed_by
from schemas.access import user_of

VERBS: dict[type[RedriveDecision], Verb] = {
    Send: Verb.SEND,
    Rerun: Verb.RERUN,
    Discard: Verb.DISCARD,
}
SKIP, REFUSE = "skip", "refuse"


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to become of one record."""

    place: RecordPosition
    decision: RedriveDecision
    request_id: str | None
    origin: RecordPosition | None = None
    mark: Mark | None = None  # of an action that was interrupted

    @property
    def order(self) -> RecordPosition:
        """Records go out in the order in which they first came."""
        return self.origin or self.place

    @property
    def verb(self) -> str:
        """What would be done, in a word."""
        match self.decision:
            case Already():
                return SKIP
            case RedriveRefused():
                return REFUSE
            case _:
                return VERBS[type(self.decision)].value

    @property
    def detail(self) -> str:
        """And what that comes to."""
        match self.decision:
            case Already(what):
                return what
            case RedriveRefused(why):
                return why
            case Send(topic, partition, redrives):
                again = " unless its record is found there: it was interrupted" if self.mark else ""
                return f"to {topic}[{partition}], redrive {redrives} of {MAX_REDRIVES}{again}"
            case Rerun():
                return "a new request with the same items, at no cost"
            case Discard():
                return "marked, nothing else"


@dataclass(frozen=True, slots=True)
class RedrivePlan:
    """What is to become of the chosen records, and how many were left out."""

    planned: Sequence[Planned]
    left: int

    @property
    def fingerprint(self) -> str:
        """The same for the same records and decisions, whenever they are looked at."""
        told = (f"{one.place} {one.verb} {one.detail}" for one in self.planned)
        return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()[:32]


async def redrive_letters(at: Desk, choice: Choice, limit: int) -> RedrivePlan:
    """Dead letters: of several letters of one request the last one counts."""

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(
            letter.place, redrive_letter(letter, standing, mark), letter.request_id, mark=mark
        )

    return await _letters(at, choice, limit, decide, lambda found: found.letter.request_id)


async def discard_letters(at: Desk, choice: Choice, limit: int) -> RedrivePlan:
    """Dead letters that need nothing more."""

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(letter.place, discard_letter(standing, mark), letter.request_id)

    return await _letters(at, choice, limit, decide, lambda found: str(found.letter.place))


async def _letters(
    at: Desk,
    choice: Choice,
    limit: int,
    decide: Callable[[Letter, RequestStanding | None, Mark | None], Planned],
    key: Callable[[Found], str],
) -> RedrivePlan:
    letters = Letters(await committed_by(at.kafka, user_of("dead_letter")))
    chosen, left = await choose(find(at.kafka, letters, choice), limit, key)
    known = [found.letter for found in chosen]
    marks = await at.actions.marks([letter.place for letter in known])
    standings = await at.redrives.standings([letter.request_id for letter in known])
    planned = [
        decide(letter, standings.get(letter.request_id), marks.get(letter.place))
        for letter in known
    ]
    return RedrivePlan(planned, left)


async def redrive_records(at: Desk, choice: Choice, limit: int) -> RedrivePlan:
    """Quarantined records: of several copies of one record only the first goes back."""
    topics = at.kafka.names.declared

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        decision = redrive_record(kept.headers, topics, mark, twin)
        return Planned(kept.place, decision, kept.request_id, kept.origin, mark)

    return await _records(at, choice, limit, decide)


async def discard_records(at: Desk, choice: Choice, limit: int) -> RedrivePlan:
    """Quarantined records that are dealt with."""

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        return Planned(kept.place, discard_record(mark), kept.request_id, kept.origin)

    return await _records(at, choice, limit, decide)


async def _records(
    at: Desk,
    choice: Choice,
    limit: int,
    decide: Callable[[Kept, Mark | None, Mark | None], Planned],
) -> RedrivePlan:
    chosen, left = await choose(find(at.kafka, Quarantined(), choice), limit, lambda one: one.place)
    marks = await at.actions.marks([kept.place for kept in chosen])
    origins = [kept.origin for kept in chosen if kept.origin is not None]
    twins = await at.actions.sent_from(origins) | await at.actions.marks(origins)
    planned: list[Planned] = []
    first: dict[RecordPosition, RecordPosition] = {}
    for kept in chosen:
        one = decide(kept, marks.get(kept.place), twins.get(kept.origin) if kept.origin else None)
        if isinstance(one.decision, Send) and kept.origin is not None:
            copy = first.setdefault(kept.origin, kept.place)
            if copy != kept.place:
                what = Already(f"the same record as {copy}, kept by another reader")
                one = Planned(kept.place, what, kept.request_id, kept.origin)
        planned.append(one)
    return RedrivePlan(planned, left)
