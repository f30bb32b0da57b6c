"""Programs beside a stack: brokers and servers that one module of tests needs."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from devstack.folder import StackFolder
from devstack.part import Part
from devstack.supervisor import Supervisor


@contextmanager
def supervised(folder: StackFolder, parts: Sequence[Part]) -> Iterator[Supervisor]:
    """Run these until the block ends, whatever loop the test has. Raises PartFailed."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    supervisor = Supervisor(folder)
    try:
        asyncio.run_coroutine_threadsafe(supervisor.start(parts), loop).result()
        yield supervisor
    finally:
        asyncio.run_coroutine_threadsafe(supervisor.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
