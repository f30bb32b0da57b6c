"""One Kafka, one Postgres and one S3 for a whole run of pytest, however many workers it has.

They are started when a worker needs them first, and stopped by the process that started the
workers. Each stack of a worker has a namespace, a database and a bucket of its own there.
"""

import asyncio
import fcntl
import os
import signal
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg

from devstack.stack import Stack
from storage.migrations import migrate
from storage.partitions import TABLES, IdPartitions

T = TypeVar("T")

FOLDER = "LOOKS_TEST_SHARED"
"""The variable that names the run's folder: workers inherit it."""
TEMPLATE = "looks_template"
PARTITIONED = "LOOKS_TEST_PARTITIONED"
"""Set: every database begins with partitioned tables, as `looks db maintain` leaves them."""
_SHARED = (
    "LOOKS_KAFKA_BOOTSTRAP",
    "LOOKS_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "LOOKS_LAKE_CATALOG_URI",
    "LOOKS_LAKE_WAREHOUSE",
    "LOOKS_LAKE_CREDENTIAL",
)
_numbers = count(1)


def run_apart(work: Coroutine[None, None, T]) -> T:
    """A coroutine's result, from a thread of its own: Playwright has a loop in the tests' one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def begin() -> "tempfile.TemporaryDirectory[str]":
    """Once for a run, where its workers are started from."""
    signal.signal(signal.SIGTERM, _interrupt)
    folder = tempfile.TemporaryDirectory(prefix="looks-test-", ignore_cleanup_errors=True)
    os.environ[FOLDER] = folder.name
    return folder


def end(folder: "tempfile.TemporaryDirectory[str]") -> None:
    """Stop what was started, also after an interrupt."""
    _stack().stop()
    _stack.cache_clear()
    folder.cleanup()
    del os.environ[FOLDER]


def place() -> dict[str, str]:
    """The settings of a new stack on the shared services: nothing of another one's is there."""
    own = f"{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}-{next(_numbers)}"
    with _locked():
        shared = _stack()
        fresh = not shared.running
        shared.start()
        url = run_apart(_database(shared.env["LOOKS_DATABASE_URL"], own, fresh=fresh))
    return {
        **{name: shared.env[name] for name in _SHARED},
        "LOOKS_NAMESPACE": own,
        "LOOKS_DATABASE_URL": url,
        "LOOKS_S3_BUCKET": own,
    }


async def _database(server: str, name: str, *, fresh: bool) -> str:
    """One with every table, made from a template."""
    connection = await asyncpg.connect(server)
    try:
        if fresh:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
            template = urlsplit(server)._replace(path=f"/{TEMPLATE}").geturl()
            await migrate(template)
            if os.environ.get(PARTITIONED):
                await _partition(template)
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    finally:
        await connection.close()
    return urlsplit(server)._replace(path=f"/{name}").geturl()


async def _partition(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for table in TABLES:
            await IdPartitions(connection).prepare(table, datetime.now(UTC))
    finally:
        await connection.close()


@cache
def _stack() -> Stack:
    # Nobody uses the topics that it makes for itself.
    return Stack(Path(os.environ[FOLDER]) / "stack", (), {"LOOKS_KAFKA_PARTITIONS": "1"})


@contextmanager
def _locked() -> Iterator[None]:
    """One worker at a time."""
    with (Path(os.environ[FOLDER]) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
