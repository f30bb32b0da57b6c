"""Following a job: when it has nothing more to say, and where a reader who comes back goes on."""

from dataclasses import dataclass

from schemas.http import JobStatus

TERMINAL_EVENTS = frozenset({"succeeded", "failed"})
"""After one of these a job has no more events."""


def settled(status: str, *, refunded: bool) -> bool:
    """Whether a job has its outcome and, where that is owed, its refund."""
    return status == JobStatus.SUCCESS or (status == JobStatus.FAILURE and refunded)


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a stream begins. `reset`: the reader knows numbers that were never given; what it has
    is void.
    """

    after_seq: int
    reset: bool = False
    nothing_left: bool = False


def resume(seen_seq: int, latest_seq: int, *, ended: bool) -> Resume:
    """How to go on for a reader who has seen `seen_seq` (0: nothing) of a job whose latest event is
    `latest_seq`.
    """
    if seen_seq > latest_seq:
        return Resume(0, reset=True)
    return Resume(seen_seq, nothing_left=ended and seen_seq == latest_seq)
