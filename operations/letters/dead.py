"""Dead letters as they are found on their topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.redriving import (
    Letter,
    Mark,
    RecordPosition,
    RequestStanding,
    fault_of,
    redrives,
)
from operations.letters.choice import Choice
from operations.letters.desk import Desk
from operations.letters.records import state_of
from runtime.kafka import ConsumerRecord, TopicPartition, read
from schemas.envelope import Undecodable
from schemas.events import LookDeadLettered
from schemas.failures import JobFailure
from schemas.topics import LOOK_DEAD_LETTER, Topic


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter that was read."""

    letter: Letter
    event: LookDeadLettered


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters. One that can't be read is in quarantine.

    `handled`: the next offset that their consumer will read of each partition, where that matters.
    """

    handled: Mapping[TopicPartition, int] = field(default_factory=dict)

    topic: Topic = LOOK_DEAD_LETTER

    def read(self, record: ConsumerRecord) -> Found | None:
        """The letter in a record; None when it can't be read."""
        work = read(record)
        if isinstance(work, Undecodable) or not isinstance(work.decoded.event, LookDeadLettered):
            return None
        event = work.decoded.event
        handled = self.handled.get(TopicPartition(work.topic, work.partition))
        letter = Letter(
            place=RecordPosition(work.topic, work.partition, work.offset),
            request_id=event.request_id,
            tenant_id=event.tenant_id,
            code=event.reason.code,
            redrives=redrives(work.decoded.meta.extra),
            handled_past=handled is not None and handled > work.offset,
        )
        return Found(letter, event)

    def takes(self, choice: Choice, one: Found, _: ConsumerRecord) -> bool:
        """Whether it is meant."""
        return (
            (choice.requests is None or one.event.request_id in choice.requests)
            and choice.reason in (None, one.event.reason.code)
            and choice.fault in (None, fault_of(one.event.reason.code))
            and choice.tenant in (None, one.event.tenant_id)
        )

    async def states(self, at: Desk, found: Sequence[Found]) -> Sequence[str]:
        """What became of each: a request that was redriven from another letter is redriven."""
        letters = [one.letter for one in found]
        marks = await at.actions.marks([letter.place for letter in letters])
        standings = await at.redrives.standings([letter.request_id for letter in letters])
        return [
            _state(marks.get(letter.place), standings.get(letter.request_id)) for letter in letters
        ]

    def fields(self, one: Found, _: ConsumerRecord, state: str) -> dict[str, object]:
        """For programs."""
        event = one.event
        return {
            "record": str(one.letter.place),
            "at": event.dead_lettered_at.isoformat(),
            "request_id": event.request_id,
            "tenant_id": event.tenant_id,
            "state": state,
            "reason": JobFailure.model_validate(event.reason, from_attributes=True).model_dump(
                mode="json"
            ),  # the code that it is chosen by, as everywhere over HTTP
            "fault": fault_of(event.reason.code).value,
            "attempts": event.attempts,
            "decided_by": event.decided_by,
            "redrives": one.letter.redrives,
        }


def _state(mark: Mark | None, standing: RequestStanding | None) -> str:
    if mark is None and standing is not None and standing.redriven_as:
        return "redriven"
    return state_of(mark)
