"""`python -m bench.peers.procrastinate_worker`: works until it is asked to stop."""

import asyncio

from bench.peers.procrastinate_app import app

JOBS_AT_ONCE = 16


async def main() -> None:
    """Work."""
    async with app.open_async():
        await app.run_worker_async(
            concurrency=JOBS_AT_ONCE, delete_jobs="successful", install_signal_handlers=True
        )


if __name__ == "__main__":
    asyncio.run(main())
