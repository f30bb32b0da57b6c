"""Event loops of simulated processes, under one scheduler whose time is virtual.

Each process has a loop of its own: its callbacks run in their order, as asyncio promises, while
processes step in any order that the seed draws. Time stands still while anybody can step, and
jumps to the next timer when nobody can. A process that is killed never runs again, not even its
`finally` blocks; one that stands still is passed over until it wakes.
"""

import asyncio
import contextvars
import sys
from asyncio import AbstractEventLoop, Handle, TimerHandle, events
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

CLOSE_TRIES = 20
STEPS_MAX = 400_000
"""Of one run: beyond it two processes chase each other without end."""


class Endless(Exception):
    """A run that does not come to rest."""


class Scheduler:
    """Whose step is next, and what time it is."""

    def __init__(self, seed: int) -> None:
        """At time 0; every draw comes from the seed."""
        self.random = Random(seed)
        self.now_s = 0.0
        self.steps = 0
        self._turn: SimulatedLoop | None = None
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._timed = 0
        self._runnable: list[SimulatedLoop] = []
        self._all: list[SimulatedLoop] = []

    def new_loop(self, name: str) -> "SimulatedLoop":
        """The loop of one more process."""
        made = SimulatedLoop(self, name)
        self._all.append(made)
        return made

    def at(self, when_s: float, call: Callable[[], object]) -> None:
        """Call it then, in nobody's name: so a request travels on when its sender is dead."""
        self._timed += 1
        heappush(self._timers, (max(when_s, self.now_s), self._timed, call))

    def after(self, delay_s: float, call: Callable[[], object]) -> None:
        """Call it so much later."""
        self.at(self.now_s + delay_s, call)

    def ready(self, loop: "SimulatedLoop") -> None:
        """It has something to do."""
        self._runnable.append(loop)

    def turn(self, loop: "SimulatedLoop") -> None:
        """It is this loop's. Said where it changes only: asyncio asks the system for it."""
        if loop is not self._turn:
            self._turn = loop
            events._set_running_loop(loop)

    def run(self, until: Callable[[], bool], limit_s: float) -> bool:
        """Step until the condition holds, which is asked whenever time is about to pass; False
        when the limit comes first.
        """
        before = events._get_running_loop()
        self._turn = None
        try:
            return self._run(until, limit_s)
        finally:
            events._set_running_loop(before)

    def _run(self, until: Callable[[], bool], limit_s: float) -> bool:
        while True:
            self._step_all()
            if until():
                return True
            if not self._timers or self._timers[0][0] > limit_s:
                return False
            self.now_s = max(self.now_s, self._timers[0][0])
            while self._timers and self._timers[0][0] <= self.now_s:
                heappop(self._timers)[2]()

    def _step_all(self) -> None:
        runnable, draw = self._runnable, self.random.random
        while runnable:
            place = int(draw() * len(runnable)) if len(runnable) > 1 else 0
            loop = runnable[place]
            runnable[place] = runnable[-1]
            runnable.pop()
            self.steps += loop.step()
            if self.steps > STEPS_MAX:
                raise Endless(f"{self.steps} steps")

    def dispose(self) -> None:
        """End what is left of every process, without a step more: nothing of it is heard of
        afterwards.
        """
        for loop in self._all:
            loop.dispose()


@contextmanager
def generators_end_with_their_loop() -> Iterator[None]:
    """An asynchronous generator that is left early is closed by its loop, as asyncio does it, and
    not at all where its process is dead.
    """
    loops: dict[int, SimulatedLoop] = {}

    def begun(generator: AsyncGenerator[Any, None]) -> None:
        loop = events._get_running_loop()
        if isinstance(loop, SimulatedLoop):
            loops[id(generator)] = loop

    def left(generator: AsyncGenerator[Any, None]) -> None:
        loop = loops.pop(id(generator), None)
        if loop is not None and loop.alive:
            loop.create_task(_closed(generator))

    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(begun, left)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*before)


async def _closed(generator: AsyncGenerator[Any, None]) -> None:
    await generator.aclose()


_Abstract: Any = AbstractEventLoop


class SimulatedLoop(_Abstract):  # type: ignore[misc]  # what asks it asks for no network
    """Of one process. It does what asyncio's own primitives ask of a loop, and has no network."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        """Alive, with nothing to do."""
        self.name = name
        self.alive = True
        self._scheduler = scheduler
        self._ready: deque[Handle] = deque()
        self._listed = False
        self._still = False
        self._tasks: list[asyncio.Task[Any]] = []

    def kill(self) -> None:
        """Never step again."""
        self.alive = False
        self._ready.clear()

    def stand_still(self, seconds: float) -> None:
        """Do nothing for so long, and know nothing of it."""
        self._still = True
        self._scheduler.after(seconds, self._wake)

    def _wake(self) -> None:
        self._still = False
        self._list()

    def _list(self) -> None:
        if self.alive and self._ready and not self._listed and not self._still:
            self._listed = True
            self._scheduler.ready(self)

    def step(self) -> int:
        """Run what is ready now, as one turn of asyncio's loop does; returns how much it was."""
        self._listed = False
        if not self.alive or self._still:
            return 0
        count = len(self._ready)
        ready = self._ready
        self._scheduler.turn(self)
        for _ in range(count):
            if not ready or self._still:
                break  # killed or stopped by its own step
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()
        self._list()
        return count

    def dispose(self) -> None:
        """Close its coroutines, so that none is closed by the garbage collector at a moment that
        nobody chose.
        """
        self.kill()
        for task in self._tasks:
            if task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is not forgotten: it is over
            coroutine: Any = task.get_coro()
            for _ in range(CLOSE_TRIES):
                try:
                    coroutine.close()
                    break
                except BaseException:  # a `finally` that waits: it is closed again
                    continue
        self._tasks.clear()

    # What asyncio asks of a loop

    def time(self) -> float:
        """Virtual seconds."""
        return self._scheduler.now_s

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        """As asyncio's."""
        handle = Handle(callback, args, self, context)
        if self.alive:
            self._ready.append(handle)
            if not self._listed:
                self._list()
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> TimerHandle:
        """As asyncio's."""
        return self.call_at(self._scheduler.now_s + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> TimerHandle:
        """As asyncio's."""
        handle = TimerHandle(when, callback, list(args), self, context)

        def due() -> None:
            if self.alive and not handle.cancelled():
                self._ready.append(handle)
                self._list()

        self._scheduler.at(when, due)
        return handle

    def create_future(self) -> "asyncio.Future[Any]":
        """As asyncio's."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> "asyncio.Task[T]":
        """As asyncio's."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        if len(self._tasks) % 256 == 0:
            self._tasks = [one for one in self._tasks if not one.done()]
        return task

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """Always: it is asked only from within."""
        return True

    def is_closed(self) -> bool:
        """Whether it was killed."""
        return not self.alive

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """It stays in the heap, and does nothing there."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What asyncio would log; nobody reads it."""
