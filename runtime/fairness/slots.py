"""A bounded number of places to work in, given fairly, and spare ones while somebody's slow work
would hold up everybody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

from runtime.declaration import Draining
from runtime.fairness.turns import Turns

PATIENCE_MEDIANS = 3.0
PATIENCE_MAX_S = 3.0
"""Also where work is slow as a rule, or nothing was measured yet."""
MEASURED = 101
ALARM_MIN_S = 0.001


@dataclass(slots=True, eq=False)
class _Holder:
    tenant_id: str
    since_s: float


@dataclass(frozen=True, slots=True)
class _Waiter:
    tenant_id: str
    place: "asyncio.Future[_Holder]"


class Slots:
    """Places for `count` at a time; who waits gets one by tenant in turn.

    Work is slow once it has taken PATIENCE_MEDIANS times as long as most. For each slow piece one
    of `spare` more places is there, for tenants who have no slow work: one tenant's slow looks,
    however many, never keep another waiting for longer (promise 10).
    """

    def __init__(self, count: int, *, spare: int = 0) -> None:
        """All free."""
        self._count = count
        self._spare = spare
        self._holders: list[_Holder] = []
        self._turns: Turns[_Waiter] = Turns()
        self._took_s: deque[float] = deque(maxlen=MEASURED)
        self._alarm: asyncio.TimerHandle | None = None
        self.draining = asyncio.Event()

    @property
    def patience_s(self) -> float:
        """How long work may take before it is slow."""
        return (
            min(PATIENCE_MAX_S, PATIENCE_MEDIANS * median(self._took_s))
            if self._took_s
            else PATIENCE_MAX_S
        )

    @asynccontextmanager
    async def place(self, tenant_id: str) -> AsyncIterator[None]:
        """Hold a place. Raises Draining when none was got before `drain`."""
        if self.draining.is_set():
            raise Draining
        holder = await self._enter(tenant_id)
        try:
            yield
            self._took_s.append(_now_s() - holder.since_s)
        finally:
            self._leave(holder)

    def drain(self) -> None:
        """Give no more places: what waits for one fails with Draining."""
        self.draining.set()
        for waiter in self._turns.clear():
            if not waiter.place.done():
                waiter.place.set_exception(Draining())

    async def _enter(self, tenant_id: str) -> _Holder:
        place: asyncio.Future[_Holder] = asyncio.get_running_loop().create_future()
        self._turns.join(tenant_id, _Waiter(tenant_id, place))
        self._give()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                # The place was given in the moment of cancellation: pass it on
                self._leave(place.result())
            raise

    def _leave(self, holder: _Holder) -> None:
        self._holders.remove(holder)
        self._give()

    def _give(self) -> None:
        """Give what is free to whoever is next, and look again when somebody's work becomes
        slow.
        """
        while (waiter := self._next()) is not None:
            if not waiter.place.done():
                holder = _Holder(waiter.tenant_id, _now_s())
                self._holders.append(holder)
                waiter.place.set_result(holder)
        self._look_again()

    def _next(self) -> _Waiter | None:
        if len(self._holders) < self._count:
            return self._turns.next()
        slow = [holder.tenant_id for holder, left_s in self._patience_left() if left_s <= 0]
        if len(self._holders) < self._count + min(self._spare, len(slow)):
            return self._turns.next(without=slow)
        return None

    def _patience_left(self) -> list[tuple[_Holder, float]]:
        """For how long each piece of work may go on before it is slow, in seconds."""
        now_s, patience_s = _now_s(), self.patience_s
        return [(holder, holder.since_s + patience_s - now_s) for holder in self._holders]

    def _look_again(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        later_s = [left_s for _, left_s in self._patience_left() if left_s > 0]
        if self._spare and len(self._turns) and later_s:
            self._alarm = asyncio.get_running_loop().call_later(
                max(min(later_s), ALARM_MIN_S), self._give
            )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
