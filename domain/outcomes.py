"""What handling one record came to. Outcomes are values; only `runtime` turns them into records and
offsets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.events import RequestEvent
from schemas.failures import FailureReason
from schemas.topics import TOPIC_OF, Topic


@dataclass(frozen=True, slots=True)
class Emit:
    """An event to publish. `identity` makes its id: the same words give the same id whenever it is
    published again.
    """

    event: RequestEvent
    identity: tuple[str, ...]
    sequence: int = 0
    topic: Topic | None = None  # None: the topic that its type belongs to
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Topic:
        """The topic it goes to."""
        return self.topic or TOPIC_OF[type(self.event)]


@dataclass(frozen=True, slots=True)
class Done:
    """Handled: publish these."""

    emits: tuple[Emit, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """It can heal: try again by the schedule; `reason` is what the look fails with when the
    schedule is used up.

    `suspect`: it may be that it can't heal (`domain.blame`); the next attempt is told so.
    """

    reason: FailureReason
    suspect: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Reject:
    """It will never work, and why."""

    reason: FailureReason


@dataclass(frozen=True, slots=True)
class Unhandled:
    """The record makes no sense to its reader: keep it in quarantine, whole."""

    why: str


Outcome = Done | Later | Skip | Reject | Unhandled
