"""Worker processes that make looks, each look bounded in time and memory. A stuck worker is killed and replaced."""

import asyncio
import multiprocessing
from concurrent.futures import TimeoutError as TooLong

import pebble

from consumers.compositor.render import prepare, render
from consumers.compositor.results import NotRendered, Rendered
from runtime import logs
from runtime.settings import EngineSettings, LookSettings, ObjectStoreSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

LOOKS_PER_WORKER = 500
"""A worker is replaced after so many looks: what a native library leaks stays bounded."""


class RenderPool:
    """As many workers as `settings.workers`. Its caller never hands in more looks than that at a time.

    With `remote` these are workers of their own, which ask that engine, as many as its `concurrency`: one that is slow or
    silent holds up none of our own engine's looks.
    """

    def __init__(self, settings: LookSettings, store: ObjectStoreSettings, remote: EngineSettings | None = None) -> None:
        """Workers start with the first look."""
        self._time_limit_s = settings.time_limit_s
        self._pool = pebble.ProcessPool(
            max_workers=settings.workers if remote is None else remote.concurrency,
            max_tasks=LOOKS_PER_WORKER,
            initializer=prepare,
            initargs=(store, settings.worker_memory_bytes, settings.cutout_cache, remote),
            context=multiprocessing.get_context("spawn"),
        )

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        """One look. Cancelling it kills its worker, and a new one takes the place."""
        try:
            return await asyncio.wrap_future(self._pool.schedule(render, args=(request,), timeout=self._time_limit_s))
        except TooLong:
            return _ours(FailureCode.TIMEOUT, f"The look was not composed within {self._time_limit_s:g} s.")
        except pebble.ProcessExpired as death:
            log.error("a worker died", request_id=request.request_id, exit_code=death.exitcode)
            return _ours(FailureCode.INTERNAL, "The look could not be composed.")
        except Exception:
            log.exception("composing failed unexpectedly", request_id=request.request_id)
            return _ours(FailureCode.INTERNAL, "The look could not be composed.")

    def close(self) -> None:
        """Kill the workers. Blocks until they are gone."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has no annotation here
        self._pool.join()


def _ours(code: FailureCode, message: str) -> NotRendered:
    return NotRendered(FailureReason(code=code, message=message), can_heal=True)
