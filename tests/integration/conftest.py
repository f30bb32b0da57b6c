"""Connections to the services, and a hand for running our consumers inside a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from devstack.bootstrap import settings_of
from devstack.stack import Stack
from runtime.kafka import new_producer
from runtime.process import Process
from runtime.sessions import BREAKER_PAUSE_S, Session, run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings, ProcessSettings
from storage.database import open_pool


@pytest.fixture
def kafka(services: Stack) -> KafkaSettings:
    """Kafka of the services, with the short times of tests."""
    return settings_of(KafkaSettings, services.env)


@pytest.fixture
async def pool(services: Stack) -> AsyncIterator[asyncpg.Pool]:
    """The database of the services."""
    async with open_pool(
        DatabaseSettings.model_validate({"url": services.env["LOOKS_DATABASE_URL"]})
    ) as made:
        yield made


@pytest.fixture
async def producer(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    """One that is started."""
    made = new_producer(kafka, "test")
    await made.start()
    yield made
    await made.stop()


Begin = Callable[[Process], Session]


@asynccontextmanager
async def running(
    name: str, begin: Begin, *, breaker_pause_s: float = BREAKER_PAUSE_S
) -> AsyncIterator[Process]:
    """A process of ours inside the test, until the block ends; then it drains."""
    process = Process(name, ProcessSettings(instance=f"test-{name}"))
    task = asyncio.create_task(
        run_sessions(process, name, lambda: begin(process), breaker_pause_s=breaker_pause_s)
    )
    try:
        async with asyncio.timeout(60):
            while not process.ready:
                await asyncio.sleep(0.02)
        yield process
    finally:
        process.stopping.set()
        await asyncio.wait_for(task, 30)


async def until(
    true: Callable[[], Awaitable[object]],
    within_s: float = 120,
    seen: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Poll a coroutine function until it gives something true. The time is patience with a busy
    machine and asserts nothing. Raises TimeoutError: its name, and what `seen` gives then.
    """
    try:
        async with asyncio.timeout(within_s):
            while not await true():
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        waited_for = getattr(true, "__name__", repr(true))
        there = f": {await seen()}" if seen else ""
        raise TimeoutError(f"not {waited_for} within {within_s} s{there}") from error
