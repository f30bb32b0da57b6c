"""What a consumer declares of itself, and what it must offer to be run. Only data and decisions;
the rest is `runtime`'s.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from domain.breaker import About, BreakerLimit
from domain.history import PartitionHistory
from domain.outcomes import Done, Emit, Outcome, Unhandled
from runtime.records import Work
from schemas.events import RequestEvent
from schemas.failures import FailureCode, FailureReason
from schemas.topics import Topic

UNREADABLE = BreakerLimit(window=1000, min_faults=200, max_ratio=0.9)
"""A few poison records are not our fault; when nearly all of them can't be read, it is."""


@dataclass(frozen=True, slots=True)
class WorkWindow:
    """How much of one tenant's may be at work, in each topic of a partition number, before its
    records are deferred.
    """

    size: int
    deferred_max: int  # of one instance; beyond it nothing is read but commands
    whose: Callable[[RequestEvent], str]  # the tenant


@dataclass(frozen=True, slots=True)
class Declaration:
    """A consumer: what it reads, as which group, and within which limits."""

    name: str
    topics: tuple[Topic, ...]
    about: str
    poll_records: int = 500  # at most, of one poll
    max_in_flight: int = 2000
    history: tuple[
        Topic, ...
    ] = ()  # read back over `history_window_s` when a partition is taken over
    history_window_s: float = 0.0
    # read back only as far as what the group has not read: all it says about a record follows it
    history_of_unread: bool = False
    breaker: BreakerLimit = field(default_factory=BreakerLimit)
    unreadable: BreakerLimit = UNREADABLE
    faults: frozenset[FailureCode] = frozenset()  # rejections that count as our own
    # Rejections that may be our own; they count by tenant and photo
    suspects: frozenset[FailureCode] = frozenset()
    photo_of: Callable[[RequestEvent, FailureReason | None], About | None] | None = (
        None  # whose photo a decision is about
    )
    # decisions are committed in reading order, so none is ever beyond the offsets committed with it
    in_order: bool = False
    interrupts: tuple[type[RequestEvent], Outcome] | None = (
        None  # reading such an event ends the work on its request so
    )
    window: WorkWindow | None = None  # None: records are worked on as they come

    @property
    def group(self) -> str:
        """Its consumer group."""
        return f"looks.{self.name}"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: what the outcome came to, and the records that make it known."""

    outcome: Outcome
    emits: tuple[Emit, ...] = ()


Begin = Callable[[datetime], None]
"""Says since when a record is worked on. Waits for nothing: its lane's next transaction publishes
it, before the decision.
"""


class Draining(Exception):
    """Raised to work that has not begun when its process is asked to stop: it is left for the next
    owner.
    """


Asked = TypeVar("Asked")
"""What a record asks a consumer for, as the consumer reads it. Lanes carry it and do not look into
it.
"""


class LaneHandler(ABC, Generic[Asked]):
    """A consumer that decides record by record; each decision is one Kafka transaction with its
    offset.
    """

    declaration: Declaration

    @abstractmethod
    def remember(self, history: PartitionHistory, work: Work, until: datetime) -> None:
        """Take in one record of the `history` topics."""

    @abstractmethod
    def parse(self, work: Work) -> Asked | Unhandled:
        """What a record asks for, headers included. Asked once, on receipt; the others are given
        it.
        """

    def is_repeat(self, asked: Asked, at_work: Asked) -> bool:
        """Whether what is asked for is under way already, by another record of the same request."""
        return False

    @abstractmethod
    def receive(self, asked: Asked, history: PartitionHistory, now: datetime) -> Outcome | None:
        """Decide at once, or return None when there is work to do. Called in offset order; must not
        block.
        """

    @abstractmethod
    async def handle(self, asked: Asked, history: PartitionHistory, begin: Begin) -> Outcome:
        """Do the work. May take as long as it declares; what it raises ends its lane or session:
        the record is read again.
        """

    def begun(
        self, asked: Asked, history: PartitionHistory, at: datetime, now: datetime
    ) -> Emit | None:
        """The event that says that work began `at`, numbered and noted; None when nothing is to be
        said. Asked once.

        Asked in the lane's transactions, as `decide` is: one after another they give every number
        there is.
        """
        return None

    def decide(
        self,
        asked: Asked,
        outcome: Outcome,
        history: PartitionHistory,
        now: datetime,
        *,
        chance: float,
    ) -> Decided:
        """The last word, asked right before the records are sent and again right before they are
        committed. Pure. What was done stands, where nothing can change it.
        """
        return Decided(outcome, outcome.emits if isinstance(outcome, Done) else ())

    @abstractmethod
    def committed(self, asked: Asked, emit: Emit, history: PartitionHistory) -> None:
        """One record of a decision is durable."""

    def drain(self) -> None:
        """Let work that has not begun fail with `Draining`; quick work finishes."""
        return


Spans = Mapping[tuple[str, int], tuple[int, int]]
"""(topic, partition) -> (first offset of a batch or the position before it, next offset after
it).
"""


class OwnOffsets(Protocol):
    """A consumer's offsets, where it keeps them itself: they move with what it applies."""

    async def start(self, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """Where to read on; nothing of a partition: where the group committed."""

    async def moved(self, positions: Spans) -> None:
        """Positions moved without a record, past transaction markers or what was compacted."""
