"""The circuit breaker: when most of what we decide is our own fault, deciding must stop before it
does harm.

Two kinds of decisions speak against us. One names a fault that is ours whatever the photo (the
store is gone): each counts. One may be the photo's or ours (the engine fails on it): it counts for
its tenant and photo, so that no tenant's photos open the breaker for all, however many they are,
while a release that fails on everybody's photos still does (promise 10).
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerLimit:
    """Trips when at least `min_faults` of the last `window` decisions were our fault and they make
    up `max_ratio` of them.

    Of suspected faults the same holds, over decisions of which each tenant has its latest
    `per_tenant`, and each photo one.
    """

    window: int = 40
    min_faults: int = 10
    max_ratio: float = 0.5
    per_tenant: int = 5


@dataclass(frozen=True, slots=True)
class About:
    """Whose photo a decision was about."""

    tenant_id: str
    photo: Hashable


class Breaker:
    """Counts decisions; `fault=True` for those whose cause is ours and not the message's."""

    def __init__(self, limit: BreakerLimit) -> None:
        """Begin closed, with nothing counted."""
        self._limit = limit
        self._recent: deque[bool] = deque(maxlen=limit.window)
        self._of_photos: list[tuple[About, bool]] = []

    def record(self, *, fault: bool, about: About | None = None, suspect: bool = False) -> None:
        """Count one decision. `suspect`: it may be our fault, and it may be that of the photo it is
        about.
        """
        self._recent.append(fault)
        if about is not None:
            self._note(about, fault or suspect)

    @property
    def tripped(self) -> bool:
        """Whether deciding must stop now."""
        suspected = [failed for _, failed in self._of_photos]
        return self._too_many(self._recent) or self._too_many(suspected)

    def _too_many(self, faults: "deque[bool] | list[bool]") -> bool:
        return sum(faults) >= self._limit.min_faults and sum(faults) >= self._limit.max_ratio * len(
            faults
        )

    def _note(self, about: About, failed: bool) -> None:
        """The photo's latest decision takes the place of its earlier one; the tenant's oldest gives
        way to a new photo.
        """
        kept = [one for one in self._of_photos if one[0] != about]
        same = [one for one in kept if one[0].tenant_id == about.tenant_id]
        if len(same) >= self._limit.per_tenant:
            kept.remove(same[0])
        self._of_photos = [*kept, (about, failed)][-self._limit.window :]
