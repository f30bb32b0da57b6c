"""The FastStream application: its subscriber hands what is read to lanes, one of each partition
number.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from faststream import Context, ContextRepo
from faststream.types import Lifespan

from consumers.compositor.handler import Compositor, Engines, Station, declaration
from consumers.compositor.photos import PhotoFetcher
from consumers.compositor.pool import SPARE_WORKERS, RenderPool
from runtime import faults
from runtime.application import Application
from runtime.egress import Egress, Resolver
from runtime.fairness.slots import Slots
from runtime.injected import Injected
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.received import Reading, readings
from runtime.settings import (
    EngineSettings,
    KafkaSettings,
    LookSettings,
    ObjectStoreSettings,
    PhotoSettings,
)
from storage.object_store import ObjectStore


async def compose(readings: list[Reading], session: Annotated[LaneSession, Injected()]) -> None:
    """Each request, retry and cancel to the lane of its partition number."""
    session.take(readings)


def application() -> Application:
    """Connects to nothing, and starts no worker, before it runs."""
    look, engine = LookSettings(), EngineSettings()
    engine.check(look)
    window_s = look.deadline_s + 2 * look.clock_margin_s

    def begin(host: Application) -> LaneSession:
        remote = host.context.get("remote")
        station = Station(remote, Slots(engine.concurrency)) if remote is not None else None
        handler = Compositor(
            host.context.get("pool"),
            Slots(look.workers, spare=SPARE_WORKERS),
            clock,
            history_window_s=window_s,
            engines=Engines(station, engine.default, host.context.get("photos")),
        )
        return LaneSession(host, handler, clock)

    made = consuming(window_s, lifespan=resources(look, engine))
    made.sessions(begin)
    return made


def consuming(
    history_window_s: float,
    *,
    process: Process | None = None,
    kafka: KafkaSettings | None = None,
    lifespan: Lifespan | None = None,
) -> Application:
    """Without its sessions, which make the compositor."""
    made = Application(
        declaration(history_window_s), process=process, kafka=kafka, lifespan=lifespan
    )
    made.subscriber(compose, decoder=readings)
    return made


def _fetcher(store: ObjectStoreSettings) -> PhotoFetcher:
    settings = PhotoSettings()
    egress = Egress(Resolver(settings.fetches), insecure=settings.allow_insecure_urls)
    return PhotoFetcher(egress, ObjectStore(store), settings)


def clock() -> datetime:
    """The compositor's."""
    return faults.clock("compositor")


def resources(look: LookSettings, engine: EngineSettings) -> Lifespan:
    """The worker processes, for as long as the application runs."""

    @asynccontextmanager
    async def workers(
        context: ContextRepo, process: Annotated[Process, Context()]
    ) -> AsyncIterator[None]:
        store = ObjectStoreSettings()
        pool = RenderPool(look, store, spare=SPARE_WORKERS)
        remote = RenderPool(look, store, engine) if engine.url is not None else None
        context.set_global("pool", pool)
        context.set_global("remote", remote)
        context.set_global("photos", _fetcher(store))
        try:
            await pool.open(process.stopping)
            yield
        finally:
            await asyncio.to_thread(pool.close)
            if remote is not None:
                await asyncio.to_thread(remote.close)

    return workers
