"""What a lane's finished records come to: the last look at each decision, and the records that say
so. Nothing is sent here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.breaker import Breaker
from domain.history import PartitionHistory
from domain.outcomes import Outcome, Reject, Unhandled
from runtime import logs
from runtime.declaration import LaneHandler, Settled
from runtime.kafka import ConsumerRecord, quarantined
from runtime.records import OutRecord, Work, outgoing
from schemas.envelope import Unpublishable
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

NOT_PUBLISHED = FailureReason(
    code=FailureCode.INTERNAL, message="The look's result could not be published."
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A record that was decided, waiting for its transaction."""

    record: ConsumerRecord
    work: Work | None  # None: it could not be read
    outcome: Outcome
    chance: float
    taken_at_s: float


@dataclass(frozen=True, slots=True)
class Begun:
    """A record that work has begun on, and when; that is to be said."""

    work: Work
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a finished record came to, and the records that say so, ready to be sent."""

    finished: Finished
    settled: Settled
    records: tuple[OutRecord, ...]


async def _all(records: Sequence[OutRecord]) -> Sequence[OutRecord]:
    return records


@dataclass(frozen=True, slots=True)
class LanePorts:
    """What a lane is given."""

    handler: LaneHandler
    source: str
    transaction_timeout_s: float
    clock: Callable[[], datetime]
    breaker: Breaker
    unreadable: Breaker
    failed: Callable[[BaseException], None]
    room: Callable[[], None]  # called when more may be worked on
    fresh: Callable[[Sequence[OutRecord]], Awaitable[Sequence[OutRecord]]] = _all
    """Those of some records that are to be sent: not what is in quarantine already."""


class Decider:
    """Of one lane."""

    def __init__(self, history: PartitionHistory, ports: LanePorts) -> None:
        """Our clock is taken for the broker's until a record tells."""
        self._history = history
        self._ports = ports
        self._behind = timedelta(0)

    def settle(self, finished: Finished) -> Settled:
        """The last word on one record, as of now."""
        if finished.work is None or isinstance(finished.outcome, Unhandled):
            return Settled(finished.outcome)
        now = self._ports.clock() + self._behind
        return self._ports.handler.settle(
            finished.work, finished.outcome, self._history, now, chance=finished.chance
        )

    def announce(self, begun: Sequence[Begun]) -> list[OutRecord]:
        """The records that say what work has begun, numbered as of now."""
        now = self._ports.clock() + self._behind
        said = [
            (one.work, self._ports.handler.begun(one.work, self._history, one.at, now))
            for one in begun
        ]
        return [
            outgoing(emit, self._ports.source, self._ports.clock(), work.decoded)
            for work, emit in said
            if emit is not None
        ]

    def decide(self, finished: Finished) -> Decision:
        """Settle, and make the records."""
        settled = self.settle(finished)
        try:
            return Decision(finished, settled, self._records(finished, settled))
        except Unpublishable as error:
            request_id = finished.work.request_id if finished.work else ""
            log.error("a decision can't be published", request_id=request_id, error=str(error))
            return self._instead(finished, str(error))

    def note_broker_time(self, written_ms: int) -> None:
        """How far our clock is behind the broker's, which dates records as it appends them; 0 tells
        nothing.
        """
        if written_ms:
            self._behind = max(
                timedelta(0), datetime.fromtimestamp(written_ms / 1000, UTC) - self._ports.clock()
            )

    def _instead(self, finished: Finished, why: str) -> Decision:
        """A failure of ours in place of what its readers could not read; where that says nothing,
        the record is kept whole.
        """
        if not isinstance(finished.outcome, Reject):
            failed = self.decide(replace(finished, outcome=Reject(NOT_PUBLISHED)))
            if failed.records:
                return failed
        return self.decide(
            replace(finished, outcome=Unhandled(f"its outcome can't be published: {why}"))
        )

    def _records(self, finished: Finished, settled: Settled) -> tuple[OutRecord, ...]:
        cause = finished.work.decoded if finished.work else None
        records = [
            outgoing(emit, self._ports.source, self._ports.clock(), cause) for emit in settled.emits
        ]
        if isinstance(settled.outcome, Unhandled):
            records.append(
                quarantined(
                    finished.record, settled.outcome.why, self._ports.handler.declaration.name
                )
            )
        return tuple(records)
