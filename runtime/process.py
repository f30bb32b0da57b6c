"""How a process lives: settings and logs, health, signals, drain, exit.

SIGTERM and SIGINT ask it to stop: it says that it is not ready, works on for
LOOKS_PRE_STOP_DELAY_S, then takes no new work, finishes what it has in hand, and exits 0. A second
signal ends the delay. Work that does not finish within the drain time is dropped; nothing is lost
by that, for what is not committed is read again.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable

import uvloop
from starlette.types import ASGIApp

from runtime import logs, metrics, offset_jumps, tracing
from runtime.health import HealthServer, health_app
from runtime.settings import CLOSE_WITHIN_S, ProcessSettings

log = logs.get(__name__)

BEAT_S = 1.0


class Process:
    """A running process: its name, its settings, when to stop, and whether it does its work at the
    moment.
    """

    def __init__(self, name: str, settings: ProcessSettings) -> None:
        """Not ready, not stopping."""
        self.name = name
        self.settings = settings
        self.stopping = asyncio.Event()
        self.leaving = False
        """Asked to stop; it works on until `stopping`, for those who have not heard."""
        self.ready = False
        self.lacks: set[str] = set()
        """What its work needs and has not got at the moment; it is not ready meanwhile."""

    @property
    def serving(self) -> bool:
        """Whether it does its work, lacks nothing for it, and is not asked to stop."""
        asked = self.leaving or self.stopping.is_set()
        return self.ready and not self.lacks and not asked

    def leave(self) -> None:
        """Not ready from now on; stop after the delay, or at once when asked again."""
        delay_s = 0.0 if self.leaving else self.settings.pre_stop_delay_s
        self.leaving = True
        if delay_s > 0:
            log.info("leaving", delay_s=delay_s)
            asyncio.get_running_loop().call_later(delay_s, self.stopping.set)
        else:
            self.stopping.set()

    @property
    def source(self) -> str:
        """The CloudEvents source of what it publishes."""
        return f"/looks/{self.name}"


Main = Callable[[Process], Awaitable[None]]


async def _live(process: Process, main: Main, app: ASGIApp) -> None:
    settings = process.settings
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.leave)
    health = HealthServer(settings.health_host, settings.health_port, app)
    await health.start()
    log.info("started")
    beating = asyncio.create_task(_watch_loop())
    work = asyncio.ensure_future(main(process))
    stop = asyncio.create_task(process.stopping.wait())
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            log.info("draining", limit_s=settings.drain_timeout_s)
            await asyncio.wait({work}, timeout=settings.drain_timeout_s)
        if not work.done():
            log.warning("drain timed out")
            work.cancel()
            await asyncio.wait({work}, timeout=settings.drain_timeout_s)
        if work.done() and not work.cancelled():
            work.result()
    finally:
        stop.cancel()
        beating.cancel()
        await health.stop()
        await asyncio.to_thread(tracing.stop)
        log.info("stopped")


async def _watch_loop() -> None:
    """Note how late the loop is for what it should do now."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + BEAT_S
        await asyncio.sleep(BEAT_S)
        metrics.LOOP_LATE_SECONDS.observe(max(0.0, loop.time() - due_s))


def run(name: str, main: Main) -> None:
    """Run `main` until it returns or the process is asked to stop. Raises what `main` raised."""
    process = Process(name, ProcessSettings())
    uvloop.run(live(process, main, health_app(ready=lambda: process.serving)))


async def live(process: Process, main: Main, app: ASGIApp) -> None:
    """The life of a process; `app` is served on its health port."""
    logs.configure(process.name, process.settings.instance, process.settings.log_level)
    tracing.start(process.name, process.settings.instance)
    metrics.PROCESS_READY.labels(process.name).set_function(lambda: float(process.serving))
    offset_jumps.watch(process.name)
    code = 1
    try:
        await _live(process, main, app)
        code = 0
    finally:
        _exit_after(CLOSE_WITHIN_S, code)


def _exit_after(seconds: float, code: int) -> None:
    """All is done and closed; only the loop is to be closed, and uvloop can wait without end for a
    closed TLS connection.
    """
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()
