"""Sessions one after another: whatever ends one, the next begins anew, as after a crash, within the
same process.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from runtime import logs, metrics
from runtime.process import Process
from runtime.transactions import BreakerTripped

log = logs.get(__name__)

BACKOFF_MIN_S = 0.2
BACKOFF_MAX_S = 5.0
BREAKER_PAUSE_S = 20.0


class HandlerFailed(Exception):
    """A handler raised what does not heal by itself: the process ends, and nothing is committed
    after the last batch that was done.
    """


class Session(Protocol):
    """Runs until the process is asked to stop, or raises."""

    async def run(self) -> None:
        """Do the process's work."""


async def run_sessions(
    process: Process,
    name: str,
    begin: Callable[[], Session],
    *,
    breaker_pause_s: float = BREAKER_PAUSE_S,
) -> None:
    """Run sessions until the process is asked to stop. Raises HandlerFailed."""
    # There from the start, as 0: an alert sees the first trip as a rise
    metrics.BREAKER_TRIPS.labels(name)
    backoff_s = BACKOFF_MIN_S
    while not process.stopping.is_set():
        begun_s = asyncio.get_running_loop().time()
        try:
            await begin().run()
        except BreakerTripped:
            metrics.BREAKER_TRIPS.labels(name).inc()
            log.error(
                "breaker open: most failures are our own fault; nothing is decided for a while",
                pause_s=breaker_pause_s,
            )
            await pause(process, breaker_pause_s)
        except HandlerFailed as error:
            log.error("a handler raised: the process ends", error=str(error)[:500], exc_info=True)
            raise
        except Exception as error:
            metrics.SESSION_RESTARTS.labels(name, type(error).__name__).inc()
            lasted_s = asyncio.get_running_loop().time() - begun_s
            backoff_s = (
                BACKOFF_MIN_S if lasted_s > BACKOFF_MAX_S * 2 else min(backoff_s * 2, BACKOFF_MAX_S)
            )
            log.warning(
                "session ended, beginning anew",
                error=f"{type(error).__name__}: {error}"[:500],
                pause_s=backoff_s,
                exc_info=True,
            )
            await pause(process, backoff_s)


async def pause(process: Process, seconds: float) -> None:
    """Wait, but not longer than until the process is asked to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await process.stopping.wait()
