"""What a lane's finished records come to: the last look at each decision, and the records that say
so. Nothing is sent here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.breaker import Breaker
from domain.history import PartitionHistory
from domain.outcomes import Emit, Outcome, Reject, Unhandled
from runtime import logs
from runtime.declaration import Decided, LaneHandler
from runtime.kafka import ConsumerRecord, quarantined
from runtime.records import OutRecord, Work, outgoing
from schemas.envelope import Unpublishable
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)
NOT_PUBLISHED = FailureReason(
    code=FailureCode.INTERNAL, message="The look's result could not be published."
)


@dataclass(frozen=True, slots=True, eq=False)
class TakenRecord:
    """A record that a lane took. It was read once: every step after that is given this."""

    record: ConsumerRecord
    at_s: float
    work: Work | None = None  # None: it could not be read
    asked: Any = None  # what it asks its consumer for: the handler's, opaque to the lane

    @property
    def request_id(self) -> str:
        """The request it is about; empty where it could not be read."""
        return self.work.request_id if self.work else ""

    @property
    def traceparent(self) -> str:
        """The span that it stands in; empty where it could not be read."""
        return self.work.decoded.meta.traceparent if self.work else ""

    def below(self, traceparent: str) -> "TakenRecord":
        """The same in another span: what it leads to stands below that one."""
        return replace(self, work=self.work.below(traceparent)) if self.work else self


@dataclass(frozen=True, slots=True)
class Begun:
    """A record that work has begun on, and when; that is to be said."""

    taken: TakenRecord
    at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """A record and what handling it came to, waiting for its transaction."""

    taken: TakenRecord
    outcome: Outcome
    chance: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The last word on a finished record, and the records that say so, ready to be sent."""

    finished: Finished
    decided: Decided
    records: tuple[OutRecord, ...]


async def _all(records: Sequence[OutRecord]) -> Sequence[OutRecord]:
    return records


@dataclass(frozen=True, slots=True)
class LanePorts:
    """What a lane is given."""

    handler: LaneHandler[Any]
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
        self._written: datetime | None = None

    def last_word(self, finished: Finished) -> Decided:
        """What one record comes to, as of now."""
        if isinstance(finished.outcome, Unhandled):
            return Decided(finished.outcome)
        now = self._ports.clock() + self._behind
        return self._ports.handler.decide(
            finished.taken.asked, finished.outcome, self._history, now, chance=finished.chance
        )

    def announce(self, begun: Sequence[Begun]) -> list[OutRecord]:
        """The records that say what work has begun, numbered as of now."""
        now = self._ports.clock() + self._behind
        said = [
            (one.taken, self._ports.handler.begun(one.taken.asked, self._history, one.at, now))
            for one in begun
        ]
        return [self._outgoing(emit, taken) for taken, emit in said if emit is not None]

    def decide(self, finished: Finished) -> Decision:
        """The last word, and the records that say it."""
        decided = self.last_word(finished)
        try:
            return Decision(finished, decided, self._records(finished.taken, decided))
        except Unpublishable as error:
            log.error(
                "a decision can't be published",
                request_id=finished.taken.request_id,
                error=str(error),
            )
            return self._instead(finished, str(error))

    def surely_now(self) -> datetime:
        """A time that has come by our clock and by the broker's: what is over by it may be
        forgotten, though one of the two is fast. Before the broker told, none has.
        """
        return min(self._ports.clock(), self._written) if self._written else NEVER

    def note_broker_time(self, written_ms: int) -> None:
        """How far our clock is behind the broker's, which dates records as it appends them; 0 tells
        nothing.
        """
        if written_ms:
            self._written = datetime.fromtimestamp(written_ms / 1000, UTC)
            self._behind = max(timedelta(0), self._written - self._ports.clock())

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

    def _records(self, taken: TakenRecord, decided: Decided) -> tuple[OutRecord, ...]:
        records = [self._outgoing(emit, taken) for emit in decided.emits]
        if isinstance(decided.outcome, Unhandled):
            name = self._ports.handler.declaration.name
            records.append(quarantined(taken.record, decided.outcome.why, name))
        return tuple(records)

    def _outgoing(self, emit: Emit, taken: TakenRecord) -> OutRecord:
        cause = taken.work.decoded if taken.work else None
        return outgoing(emit, self._ports.source, self._ports.clock(), cause)
