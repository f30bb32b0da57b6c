"""Worker processes that make looks, each look bounded in time and memory. A stuck worker is killed
and replaced.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as TooLong
from functools import partial
from typing import Any

import pebble

from compositing.options import Bars
from consumers.compositor.entry import PRELOADED, WorkerSetup, idle, prepare, render
from consumers.compositor.patience import WAITED
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from runtime import logs
from runtime.settings import EngineSettings, LookSettings, ObjectStoreSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

RenderResult = Rendered | NotRendered

UNEXPECTED = FailureReason(code=FailureCode.INTERNAL, message="The look could not be composed.")
SPARE_WORKERS = 1
"""At work only while others are slow (`runtime.fairness.slots`)."""
TOLD_MAX = 1000
"""Faults whose traceback is logged once; a tenant's thousand odd photos must not fill the log."""
CANCEL_GRACE_S = 3.0
"""About what a new worker costs. Most looks end sooner."""
RENEWAL_MIN_S, RENEWAL_MAX_S = 0.1, 30.0
"""Between two tries to have a worker; doubled at each."""
LOOK_AT_WORKERS_S = 0.3
"""So often each pool looks whether its worker lives and is in time. Results do not wait for it."""
LOOKS_PER_WORKER = 500
"""A worker is replaced after so many looks: what a native library leaks stays bounded."""


class _WorkerPlace:
    """One worker process and the pipe to it.

    Each has a pool of its own: in a pool of several all workers read one pipe under one lock, a
    look that was cancelled in the pipe would still cost the worker that takes it, and a worker that
    is stopped holds up all others meanwhile.
    """

    def __init__(self, make: Callable[[], pebble.ProcessPool]) -> None:
        self._make = make
        self._pool = make()
        self._closed = False

    def begin(self, request: LookRequested, limit_s: float) -> "asyncio.Future[RenderResult]":
        """Make a look. Cancelling it kills the worker. Raises RuntimeError where an idle worker
        died: such a pool never works again.
        """
        return asyncio.wrap_future(
            self._pool.schedule(render, args=(request, limit_s), timeout=limit_s)
        )

    async def ready(self) -> None:
        """Return once a worker is there and idle."""
        pause_s = RENEWAL_MIN_S
        while not self._closed:
            try:
                wrong = await asyncio.wrap_future(self._pool.schedule(idle))
                if wrong:
                    log.warning("the engine's rehearsal failed", why=wrong)
                return
            except (RuntimeError, pebble.ProcessExpired) as error:
                if self._closed:
                    return
                log.error("a worker died while it had no look; making a new one", why=repr(error))
            await asyncio.to_thread(self._stop)
            self._pool = self._make()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RENEWAL_MAX_S)

    def close(self) -> None:
        """Kill the worker. Blocks until it is gone."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has no annotation here
        self._pool.join()


class RenderPool:
    """As many workers as `settings.workers`, and `spare` more. Its caller never hands in more looks
    than that at a time.

    With `remote` these are workers of their own, which ask that engine, as many as its
    `concurrency`: one that is slow or silent holds up none of our own engine's looks.
    """

    def __init__(
        self,
        settings: LookSettings,
        store: ObjectStoreSettings,
        remote: EngineSettings | None = None,
        *,
        spare: int = 0,
        grace_s: float = CANCEL_GRACE_S,
    ) -> None:
        """No worker is started: `open`, or the first look, does."""
        self._time_limit_s = settings.time_limit_s
        self._too_late = FailureReason(
            code=FailureCode.TIMEOUT,
            message=f"The look was not composed within {settings.time_limit_s:g} s.",
        )
        self._grace_s = grace_s
        self._told: set[str] = set()
        count = (settings.workers if remote is None else remote.concurrency) + spare
        setup = WorkerSetup(
            store,
            settings.worker_memory_bytes,
            settings.cutout_cache,
            Bars(settings.quality_floor, settings.quality_dress),
            remote,
        )
        pebble.CONSTS.sleep_unit = LOOK_AT_WORKERS_S  # of the whole process: there is no other way
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([PRELOADED])
        make = partial(
            pebble.ProcessPool,
            max_workers=1,
            max_tasks=LOOKS_PER_WORKER,
            initializer=prepare,
            initargs=(setup,),
            context=context,
        )
        self._places = [_WorkerPlace(make) for _ in range(count)]
        self._free: asyncio.Queue[_WorkerPlace] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, stopping: asyncio.Event) -> None:
        """Start the workers; return when all are there and rehearsed, or at `stopping`."""
        self._started()
        stop = asyncio.create_task(stopping.wait())
        waiting: set[asyncio.Future[Any]] = {asyncio.gather(*self._tasks), stop}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        """One look.

        Cancelling it waits for nothing. A look that was begun may end within `grace_s`, which costs
        less than a new worker; then its worker is killed, and a new one takes the place.
        """
        place, work = await self._begun(request)
        try:
            result = await asyncio.shield(work)
        except TooLong:
            return NotRendered(self._too_late, can_heal=True, symptom=Symptom.OUT_OF_TIME)
        except pebble.ProcessExpired as death:
            if death.exitcode == WAITED:
                log.error(
                    "a worker waited for as long as a look may take, for the store or the machine",
                    request_id=request.request_id,
                )
                return NotRendered(self._too_late, can_heal=True)
            log.error("a worker died", request_id=request.request_id, exit_code=death.exitcode)
            return NotRendered(UNEXPECTED, can_heal=True, symptom=Symptom.DIED)
        except Exception:
            log.exception("composing failed unexpectedly", request_id=request.request_id)
            return NotRendered(UNEXPECTED, can_heal=True)
        finally:
            self._keep(self._give_back(place, work))
        if isinstance(result, NotRendered) and result.trace:
            self._tell(request, result)
        return result

    async def _begun(
        self, request: LookRequested
    ) -> "tuple[_WorkerPlace, asyncio.Future[RenderResult]]":
        free = self._started()
        while True:
            place = await free.get()
            try:
                return place, place.begin(request, self._time_limit_s)
            except RuntimeError:
                self._keep(self._offer(place))

    def _started(self) -> "asyncio.Queue[_WorkerPlace]":
        """The places that are free. The first call starts all workers."""
        if self._free is None:
            self._free = asyncio.Queue()
            for place in self._places:
                self._keep(self._offer(place))
        return self._free

    async def _give_back(self, place: _WorkerPlace, work: "asyncio.Future[RenderResult]") -> None:
        if not work.done():
            await asyncio.wait({work}, timeout=self._grace_s)
        whole = work.done() and not work.cancelled() and work.exception() is None
        if whole and self._free is not None:
            self._free.put_nowait(place)
            return
        work.cancel()
        await self._offer(place)

    async def _offer(self, place: _WorkerPlace) -> None:
        await place.ready()
        if self._free is not None:
            self._free.put_nowait(place)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, request: LookRequested, result: NotRendered) -> None:
        """What operators need to find a fault that a client quotes. Here, for a worker's own log is
        nobody's.
        """
        index = result.reason.item_index
        told = result.reason.message in self._told
        if len(self._told) < TOLD_MAX:
            self._told.add(result.reason.message)
        log.error(
            "a look failed by a fault in our code or of our store",
            request_id=request.request_id,
            tenant_id=request.tenant_id,
            photo="" if index is None else request.items[index].trial_image,
            why=result.reason.message,
            trace="told before" if told else result.trace,
        )

    def close(self) -> None:
        """Kill the workers. Blocks until they are gone."""
        for place in self._places:
            place.close()
