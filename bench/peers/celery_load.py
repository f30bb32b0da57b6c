"""`python -m bench.peers.celery_load latency|rate N`: N jobs, one at a time or many."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from bench.peers.celery_app import noop
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

THREADS = 16


class _Threads(threading.local):
    connection: "psycopg.Connection[Any] | None" = None


own = _Threads()


def submit(_: object = None) -> str:
    """Charge, add the row, send the job."""
    if own.connection is None:
        own.connection = psycopg.connect(DSN)
    job = new_id()
    with own.connection.transaction():
        own.connection.execute(CHARGE)
        own.connection.execute(INSERT, (job,))
    noop.delay(job)
    return job


def main() -> None:
    """Measure what was asked for."""
    what, count = asked()
    with psycopg.connect(DSN, autocommit=True) as admin:
        admin.execute(SCHEMA)
        until_done(admin, submit())
        if what == "latency":
            ids = []
            for _ in range(count):
                ids.append(submit())
                until_done(admin, ids[-1])
            tell_latencies(admin, ids)
            return
        with ThreadPoolExecutor(THREADS) as threads:
            begun_s, cpu_s = time.monotonic(), time.process_time()
            list(threads.map(submit, range(count)))
            tell_rate(admin, begun_s, cpu_s)


if __name__ == "__main__":
    main()
