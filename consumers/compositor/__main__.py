"""`python -m consumers.compositor`."""

import asyncio
from datetime import datetime

from consumers.compositor.handler import Compositor, Engines, Station
from consumers.compositor.pool import SPARE_WORKERS, RenderPool
from runtime import faults
from runtime.lane_session import LaneSession
from runtime.process import Process, run
from runtime.sessions import Session, run_sessions
from runtime.settings import EngineSettings, KafkaSettings, LookSettings, ObjectStoreSettings
from runtime.slots import Slots


async def main(process: Process) -> None:
    """Run until asked to stop."""
    kafka, look, engine, store = (
        KafkaSettings(),
        LookSettings(),
        EngineSettings(),
        ObjectStoreSettings(),
    )
    engine.check(look)
    pool = RenderPool(look, store, spare=SPARE_WORKERS)
    remote = RenderPool(look, store, engine) if engine.url is not None else None

    def clock() -> datetime:
        return faults.clock("compositor")

    def begin() -> Session:
        station = Station(remote, Slots(engine.concurrency)) if remote is not None else None
        window_s = look.deadline_s + 2 * look.clock_margin_s
        engines = Engines(station, engine.default)
        slots = Slots(look.workers, spare=SPARE_WORKERS)
        handler = Compositor(pool, slots, clock, history_window_s=window_s, engines=engines)
        return LaneSession(process, kafka, handler, clock)

    try:
        await pool.open(process.stopping)
        await run_sessions(process, "compositor", begin)
    finally:
        await asyncio.to_thread(pool.close)
        if remote is not None:
            await asyncio.to_thread(remote.close)


if __name__ == "__main__":
    run("compositor", main)
