"""What one partition remembers of its recent requests, so that a request met again is not decided
again.

Duplicates are normal: the outbox relay delivers at least once, a crash redelivers, an operator
replays. Each is met within the request's own lifetime or after its deadline, and after the deadline
the compositor decides nothing. So memory of one lifetime is enough; it is rebuilt from Kafka when a
partition is taken over, and forgets by time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_SEQUENCE = 1
"""Of the event `queued`, which is `look.requested` itself."""
FORGET_EVERY = timedelta(seconds=1)
"""Looking through all that is remembered takes 0.3 ms per thousand requests: not after every
decision.
"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One request, as far as its partition's records tell."""

    until: datetime
    last_sequence: int = FIRST_SEQUENCE
    started_attempt: int = 0
    scheduled_attempt: int = 1
    decided: bool = False
    cancelled: bool = False


class Admission(StrEnum):
    """What to do with a request record."""

    COMPOSE = "compose"
    DUPLICATE = "duplicate"  # decided already, or a later attempt is on its way
    EXPIRED = "expired"  # past its deadline: the sweeper's to decide
    CANCELLED = "cancelled"


class PartitionHistory:
    """Recent requests of one partition number, by request id: 230 bytes each. Not shared between
    threads.

    Requests that wait and that nothing was noted of cost nothing.
    """

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._requests: dict[str, Remembered] = {}
        self._forget_at: datetime | None = None

    def __len__(self) -> int:
        """Count the requests remembered."""
        return len(self._requests)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the request ids remembered."""
        return iter(self._requests)

    def _update(self, request_id: str, until: datetime, sequence: int, **changes: object) -> None:
        known = self._requests.get(request_id) or Remembered(until)
        self._requests[request_id] = replace(
            known,
            until=max(known.until, until),
            last_sequence=max(known.last_sequence, sequence),
            **changes,  # type: ignore[arg-type]  # each caller passes fields of Remembered by name
        )

    def note_started(self, request_id: str, attempt: int, sequence: int, until: datetime) -> None:
        """The progress event `composing` of an attempt was published."""
        started = max(attempt, self.recall(request_id, until).started_attempt)
        self._update(request_id, until, sequence, started_attempt=started)

    def note_scheduled(self, request_id: str, attempt: int, sequence: int, until: datetime) -> None:
        """Another attempt was put on a retry topic."""
        scheduled = max(attempt, self.recall(request_id, until).scheduled_attempt)
        self._update(request_id, until, sequence, scheduled_attempt=scheduled)

    def note_decided(self, request_id: str, sequence: int, until: datetime) -> None:
        """A completion or a dead letter was published."""
        self._update(request_id, until, sequence, decided=True)

    def note_cancelled(self, request_id: str, until: datetime) -> None:
        """A cancel command was read."""
        self._update(request_id, until, FIRST_SEQUENCE, cancelled=True)

    def recall(self, request_id: str, until: datetime) -> Remembered:
        """What is known of a request; a fresh `Remembered` when nothing is."""
        return self._requests.get(request_id) or Remembered(until)

    def forget(self, now: datetime) -> int:
        """Drop what can no longer matter, if it is time to look; returns how many requests were
        dropped.
        """
        if self._forget_at is not None and now < self._forget_at:
            return 0
        self._forget_at = now + FORGET_EVERY
        old = [request_id for request_id, known in self._requests.items() if known.until < now]
        for request_id in old:
            del self._requests[request_id]
        return len(old)

    def admission(
        self, request_id: str, attempt: int, deadline_at: datetime, now: datetime
    ) -> Admission:
        """Whether this attempt of a request is to be made, and if not, why not."""
        known = self.recall(request_id, deadline_at)
        if known.decided or attempt < known.scheduled_attempt:
            return Admission.DUPLICATE
        if now >= deadline_at:
            return Admission.EXPIRED
        if known.cancelled:
            return Admission.CANCELLED
        return Admission.COMPOSE
