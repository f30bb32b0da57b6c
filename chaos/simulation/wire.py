"""How a process's calls travel: how long, and whether they arrive."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from chaos.simulation.loop import Scheduler, SimulatedLoop

T = TypeVar("T")

LOST_AFTER_S = 1.5
"""So long a caller waits for an answer that does not come, at most."""
LATE_SHARE = 0.02
"""Of calls, in rough weather, that take longer than a transaction may last."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How long one way takes, as a rule and at most."""

    usual_s: float = 0.004
    slow_share: float = 0.1
    slow_s: float = 0.2
    late_s: float = 0.0  # 0: nothing is late beyond slow


@dataclass(slots=True, eq=False)
class SimulatedStrike:
    """What befalls a process at a call of its own, so many calls from now. `sent`: the call leaves
    all the same.
    """

    calls: int
    sent: bool
    how: Callable[[], None]


class SimulatedWire:
    """Of one process. What it sent arrives, whatever becomes of the process meanwhile."""

    def __init__(self, scheduler: Scheduler, loop: SimulatedLoop, weather: Weather) -> None:
        """Whole."""
        self.scheduler = scheduler
        self.loop = loop
        self.cut_until_s = -1.0
        self.held_until_s = -1.0
        self.strike: SimulatedStrike | None = None
        self._weather = weather

    def one_way_s(self) -> float:
        """For how long something travels."""
        draw, weather = self.scheduler.random.random(), self._weather
        if weather.late_s and draw < LATE_SHARE:
            return weather.late_s * draw / LATE_SHARE
        if draw < weather.slow_share:
            return weather.slow_s * draw / weather.slow_share
        return weather.usual_s * draw

    def call(
        self,
        effect: Callable[[], T],
        lost: Callable[[], Exception],
        *,
        not_before_s: float = 0.0,
    ) -> "asyncio.Future[T]":
        """Have it happen at the other end, once; the answer, or `lost` where the wire is cut: then
        nobody knows whether it happened.
        """
        scheduler = self.scheduler
        answer: asyncio.Future[T] = self.loop.create_future()
        strike = self._due()
        if strike is not None and not strike.sent:
            strike.how()
        if not self.loop.alive:
            return answer  # the dead send nothing
        cut = scheduler.now_s < self.cut_until_s
        fate = scheduler.random.random() if cut else 1.0

        def arrive() -> None:
            if fate < 0.5:
                fail_later()
                return
            try:
                result = effect()
            except Exception as error:
                failed = error
                scheduler.after(self.one_way_s(), lambda: self._fail(answer, failed))
                return
            if fate < 0.9:
                fail_later()
            else:
                scheduler.after(self.one_way_s(), lambda: self._answer(answer, result))

        def fail_later() -> None:
            wait_s = LOST_AFTER_S * scheduler.random.random()
            scheduler.after(wait_s, lambda: self._fail(answer, lost()))

        departs_s = max(scheduler.now_s, self.held_until_s)
        scheduler.at(max(departs_s + self.one_way_s(), not_before_s), arrive)
        if strike is not None and strike.sent:
            strike.how()
        return answer

    def _due(self) -> "SimulatedStrike | None":
        strike = self.strike
        if strike is None:
            return None
        strike.calls -= 1
        if strike.calls > 0:
            return None
        self.strike = None
        return strike

    def _answer(self, answer: "asyncio.Future[T]", result: T) -> None:
        if self.loop.alive and not answer.done():
            answer.set_result(result)

    def _fail(self, answer: "asyncio.Future[T]", error: Exception) -> None:
        if self.loop.alive and not answer.done():
            answer.set_exception(error)
            answer.exception()  # who sent it may be gone
