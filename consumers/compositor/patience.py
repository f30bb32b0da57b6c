"""A look's time may be up without its photos having taken it: the store was slow, the engine behind
HTTP was, the machine was busy or stood still. A worker that did not work but wait ends itself
shortly before it would be killed, and says so by its exit code: nobody blames the photos then.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAITED = 75
"""The exit code. EX_TEMPFAIL of sysexits.h."""
GIVEN_UP_AT = 0.9
"""Of the time that one look may have."""
WORKING_SHARE = 1 / 3
"""Of the time that passed, a worker works at least so much of it on photos that take too long, also
where the spare worker is at work on the same core.
"""


@contextmanager
def given_up_while_waiting(
    limit_s: float,
    *,
    worked_s: Callable[[], float] = time.process_time,
    leave: Callable[[int], object] = os._exit,
) -> Iterator[None]:
    """End the process shortly before the block has taken `limit_s`, if it mostly waited.

    `worked_s`: CPU seconds of this process, all threads. A block that holds the interpreter works.
    """
    begun_s, wall_s = worked_s(), limit_s * GIVEN_UP_AT

    def look() -> None:
        if worked_s() - begun_s < wall_s * WORKING_SHARE:
            leave(WAITED)

    timer = threading.Timer(wall_s, look)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
