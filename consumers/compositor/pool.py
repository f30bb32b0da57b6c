"""Worker processes that make looks, each look bounded in time and memory. A stuck worker is killed
and replaced.
"""

import asyncio
import multiprocessing
from concurrent.futures import TimeoutError as TooLong

import pebble

from compositing import Bars
from consumers.compositor.render import prepare, render
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from runtime import logs
from runtime.settings import EngineSettings, LookSettings, ObjectStoreSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

UNEXPECTED = FailureReason(code=FailureCode.INTERNAL, message="The look could not be composed.")
SPARE_WORKERS = 1
"""At work only while others are slow (`runtime.slots`)."""
TOLD_MAX = 1000
"""Faults whose traceback is logged once; a tenant's thousand odd photos must not fill the log."""
LOOKS_PER_WORKER = 500
"""A worker is replaced after so many looks: what a native library leaks stays bounded."""


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
    ) -> None:
        """Workers start with the first look."""
        self._time_limit_s = settings.time_limit_s
        self._told: set[str] = set()
        self._pool = pebble.ProcessPool(
            max_workers=(settings.workers if remote is None else remote.concurrency) + spare,
            max_tasks=LOOKS_PER_WORKER,
            initializer=prepare,
            initargs=(
                store,
                settings.worker_memory_bytes,
                settings.cutout_cache,
                Bars(settings.quality_floor, settings.quality_dress),
                remote,
            ),
            context=multiprocessing.get_context("spawn"),
        )

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        """One look. Cancelling it kills its worker, and a new one takes the place."""
        try:
            result = await asyncio.wrap_future(
                self._pool.schedule(render, args=(request,), timeout=self._time_limit_s)
            )
        except TooLong:
            message = f"The look was not composed within {self._time_limit_s:g} s."
            reason = FailureReason(code=FailureCode.TIMEOUT, message=message)
            return NotRendered(reason, can_heal=True, symptom=Symptom.OUT_OF_TIME)
        except pebble.ProcessExpired as death:
            log.error("a worker died", request_id=request.request_id, exit_code=death.exitcode)
            return NotRendered(UNEXPECTED, can_heal=True, symptom=Symptom.DIED)
        except Exception:
            log.exception("composing failed unexpectedly", request_id=request.request_id)
            return NotRendered(UNEXPECTED, can_heal=True)
        if isinstance(result, NotRendered) and result.trace:
            self._tell(request, result)
        return result

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
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has no annotation here
        self._pool.join()
