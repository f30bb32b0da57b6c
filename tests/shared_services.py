"""One Kafka, one Postgres and one S3 for a whole run of pytest, however many workers it has.

They are started when a worker needs them first, and stopped by the process that started the
workers. Each stack of a worker has a namespace, a database and a bucket of its own there. In
containers (LOOKS_TEST_STACK=docker) each worker has its own.
"""

import asyncio
import fcntl
import os
import signal
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg

from devstack.folder import cache_folder
from devstack.kafka import write_archive
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
_kept = ExitStack()


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
    stop(_stack())
    _stack.cache_clear()
    end_containers()
    folder.cleanup()
    del os.environ[FOLDER]


def stop(stack: Stack) -> None:
    """Nobody needs its data any more; but a process that is killed writes down no coverage."""
    stack.forget(at_once="COVERAGE_PROCESS_CONFIG" not in os.environ)


def place() -> dict[str, str]:
    """The settings of a new stack on the shared services: nothing of another one's is there."""
    own = f"{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}-{next(_numbers)}"
    with _locked():
        there = _containers() if in_containers() else _embedded()
        url = run_apart(_database(there["LOOKS_DATABASE_URL"], own))
    return {
        **{name: there[name] for name in _SHARED if name in there},
        "LOOKS_NAMESPACE": own,
        "LOOKS_DATABASE_URL": url,
        "LOOKS_S3_BUCKET": own,
    }


async def _database(server: str, name: str) -> str:
    """One with every table, made from a template."""
    connection = await asyncpg.connect(server)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
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


def in_containers() -> bool:
    """Whether the run was asked for services in containers."""
    return os.environ.get("LOOKS_TEST_STACK", "embedded") == "docker"


def end_containers() -> None:
    """Remove those of this process."""
    _kept.close()
    _containers.cache_clear()


@cache
def _containers() -> dict[str, str]:
    from tests.containers import services  # noqa: PLC0415 (needs a Docker engine)

    return _kept.enter_context(services())


def _embedded() -> dict[str, str]:
    write_archive(cache_folder(_stack().folder))
    _stack().start()
    return _stack().env


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
