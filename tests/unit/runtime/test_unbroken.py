"""Calls to Kafka that may connect are not torn by a cancellation."""

import asyncio

import pytest

from runtime import kafka
from runtime.kafka import unbroken


async def test_a_cancelled_call_comes_to_its_end_first() -> None:
    connecting, connected = asyncio.Event(), False

    async def connect() -> None:
        nonlocal connected
        connecting.set()
        await asyncio.sleep(0.05)
        connected = True

    task = asyncio.create_task(unbroken(connect()))
    await connecting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connected


@pytest.mark.parametrize("error", [OSError("away"), TimeoutError()])
async def test_what_a_call_comes_to_is_told_and_swallowed_only_when_nobody_waits(
    error: Exception,
) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)):
        await unbroken(fail())
    task = asyncio.create_task(unbroken(fail()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "STOP_TIMEOUT_S", 0.01)
    task = asyncio.create_task(unbroken(asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
