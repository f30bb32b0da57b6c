"""Turns a dead letter into its consequences: `look.failed` for subscribers and `credit.refund` for
the ledger.

Key: request id. Order: the first dead letter of a request wins (`failure_claims`), the others are
skipped. A replay is safe: the claim names the winner's position, and both records leave in one
Kafka transaction with its offset, in order. Where the offset is lost or set back, `look.failed`
itself tells what was published about the letters that are read again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.history import PartitionHistory
from domain.outcomes import Done, Emit, Outcome, Skip, Unhandled
from domain.refunding import failure_records
from runtime import faults, metrics
from runtime.application import Application, start
from runtime.declaration import Begin, Declaration, LaneHandler
from runtime.injected import Injected
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.received import Reading, readings
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.events import LookDeadLettered, LookFailed
from schemas.failures import FailureCode
from schemas.topics import LOOK_DEAD_LETTER, LOOK_FAILED
from storage.claims import ClaimResult, ClaimStore
from storage.database import TRANSIENT
from storage.injected import injecting

DECLARATION = Declaration(
    name="dead_letter",
    topics=(LOOK_DEAD_LETTER,),
    about="publishes failures and the refunds they owe",
    max_in_flight=500,
    history=(LOOK_FAILED,),
    history_window_s=LOOK_DEAD_LETTER.retention_ms
    / 1000,  # for as long as a letter can be read again
    history_of_unread=True,
    # a claim is won again when its record is read again: only committed offsets tell that it was
    # published
    in_order=True,
)


@dataclass(frozen=True, slots=True)
class ReceivedLetter:
    """A dead letter, and the record that it came in."""

    event: LookDeadLettered
    work: Work


class DeadLetters(LaneHandler[ReceivedLetter]):
    """Claims each failed request once and says what follows."""

    declaration = DECLARATION

    def __init__(self, claims: ClaimStore) -> None:
        """Claim here."""
        self._claims = claims
        for code in FailureCode:
            metrics.DEAD_LETTERS.labels(code.value)  # there as 0: an alert sees the first

    def remember(self, history: PartitionHistory, work: Work, until: datetime) -> None:
        """Take in a failure that was published. Claims are remembered in Postgres, but not what
        came of them.
        """
        history.note_decided(work.request_id, work.decoded.meta.sequence, until)

    def parse(self, work: Work) -> ReceivedLetter | Unhandled:
        """The letter, which is about one request."""
        event = work.decoded.event
        if not isinstance(event, LookDeadLettered):
            return Unhandled("not a dead letter")
        inside = event.request
        if (inside.request_id, inside.tenant_id) != (event.request_id, event.tenant_id):
            return Unhandled("the dead letter and the request inside it differ")
        return ReceivedLetter(event, work)

    def receive(
        self, asked: ReceivedLetter, history: PartitionHistory, now: datetime
    ) -> Outcome | None:
        """Each one is to be claimed, unless its failure was published before."""
        published = history.recall(asked.event.request_id, now).decided
        return Skip("its failure was published before") if published else None

    async def handle(
        self, asked: ReceivedLetter, history: PartitionHistory, begin: Begin
    ) -> Outcome:
        """Claim the request; the winner's consequences are published."""
        letter, at = asked.event, asked.work
        claim = await self._claims.claim(
            letter.request_id, letter.reason.code.value, at.topic, at.partition, at.offset
        )
        await faults.at(DECLARATION.name, faults.FaultPoint.AFTER_CLAIM)
        match claim:
            case ClaimResult.WON:
                return Done(
                    failure_records(letter, at.decoded.meta.sequence, letter.dead_lettered_at)
                )
            case ClaimResult.LOST:
                return Skip("another dead letter came first")
            case ClaimResult.SUCCEEDED:
                return Unhandled("the look succeeded: it can't fail any more")
            case _:
                return Unhandled("there is no such request")

    def committed(self, asked: ReceivedLetter, emit: Emit, history: PartitionHistory) -> None:
        """Count the failure that was published; there is nothing to remember."""
        if isinstance(emit.event, LookFailed):
            metrics.DEAD_LETTERS.labels(emit.event.error.code.value).inc()


async def claim(readings: list[Reading], session: Annotated[LaneSession, Injected()]) -> None:
    """Each letter to the lane of its partition number."""
    session.take(readings)


def app(process: Process | None = None, kafka: KafkaSettings | None = None) -> Application:
    """The FastStream application."""
    application = Application(
        DECLARATION,
        process=process,
        kafka=kafka,
        lifespan=injecting(claims=ClaimStore),
        heals=TRANSIENT,
    )
    application.sessions(
        lambda one: LaneSession(
            one, DeadLetters(one.context.get("claims")), lambda: faults.clock(DECLARATION.name)
        )
    )
    application.subscriber(claim, decoder=readings)
    return application


if __name__ == "__main__":
    start(app)
