"""`python -m consumers.compositor`."""

import asyncio
from datetime import datetime

from consumers.compositor.handler import Compositor
from consumers.compositor.pool import SPARE_WORKERS, RenderPool
from runtime import faults
from runtime.lane_session import LaneSession
from runtime.process import Process, run
from runtime.sessions import Session, run_sessions
from runtime.settings import KafkaSettings, LookSettings, ObjectStoreSettings
from runtime.slots import Slots


async def main(process: Process) -> None:
    """Run until asked to stop."""
    kafka, look = KafkaSettings(), LookSettings()
    pool = RenderPool(look, ObjectStoreSettings(), spare=SPARE_WORKERS)

    def clock() -> datetime:
        return faults.clock("compositor")

    def begin() -> Session:
        handler = Compositor(
            pool, Slots(look.workers, spare=SPARE_WORKERS), clock, history_window_s=look.deadline_s + 2 * look.clock_margin_s
        )
        return LaneSession(process, kafka, handler, clock)

    try:
        await run_sessions(process, "compositor", begin)
    finally:
        await asyncio.to_thread(pool.close)


if __name__ == "__main__":
    run("compositor", main)
