"""The circuit breaker: when most of what we decide is our own fault, deciding must stop before it does harm."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerLimit:
    """Trips when at least `min_faults` of the last `window` decisions were our fault and they make up `max_ratio` of them."""

    window: int = 40
    min_faults: int = 10
    max_ratio: float = 0.5


class Breaker:
    """Counts decisions; `fault=True` for those whose cause is ours and not the message's."""

    def __init__(self, limit: BreakerLimit) -> None:
        """Begin closed, with nothing counted."""
        self._limit = limit
        self._recent: deque[bool] = deque(maxlen=limit.window)

    def record(self, *, fault: bool) -> None:
        """Count one decision."""
        self._recent.append(fault)

    @property
    def tripped(self) -> bool:
        """Whether deciding must stop now."""
        faults = sum(self._recent)
        return faults >= self._limit.min_faults and faults >= self._limit.max_ratio * len(self._recent)
