"""`python -m bench.peers.procrastinate_load latency|rate N`: N jobs, one at a time or many."""

import asyncio
import time

import psycopg
from psycopg_pool import AsyncConnectionPool

from bench.peers.jobs import (
    CHARGE,
    DSN,
    INSERT,
    SCHEMA,
    asked,
    new_id,
    tell_latencies,
    tell_rate,
    until_done,
)
from bench.peers.procrastinate_app import app, noop

IN_FLIGHT = 32


async def main() -> None:
    """Measure what was asked for."""
    what, count = asked()
    admin = psycopg.connect(DSN, autocommit=True)
    admin.execute(SCHEMA)
    async with app.open_async(), AsyncConnectionPool(DSN, min_size=8, max_size=16) as pool:

        async def submit() -> str:
            job = new_id()
            async with pool.connection() as connection, connection.transaction():
                await connection.execute(CHARGE)
                await connection.execute(INSERT, (job,))
            await noop.defer_async(job=job)
            return job

        async def one(places: asyncio.Semaphore) -> None:
            async with places:
                await submit()

        await asyncio.to_thread(until_done, admin, await submit())
        if what == "latency":
            ids = []
            for _ in range(count):
                ids.append(await submit())
                await asyncio.to_thread(until_done, admin, ids[-1])
            tell_latencies(admin, ids)
            return
        places = asyncio.Semaphore(IN_FLIGHT)
        begun_s, cpu_s = time.monotonic(), time.process_time()
        await asyncio.gather(*(one(places) for _ in range(count)))
        await asyncio.to_thread(tell_rate, admin, begun_s, cpu_s)


if __name__ == "__main__":
    asyncio.run(main())
