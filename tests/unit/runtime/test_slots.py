import asyncio

import pytest

from runtime.declaration import Draining
from runtime.slots import Slots


async def test_never_more_at_work_than_places() -> None:
    slots = Slots(2)
    at_work = peak = 0

    async def one(tenant: str) -> None:
        nonlocal at_work, peak
        async with slots.place(tenant):
            at_work += 1
            peak = max(peak, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*(one(f"t{number % 3}") for number in range(50)))
    assert peak == 2


async def test_a_cancelled_waiter_loses_no_place() -> None:
    slots = Slots(1)
    async with slots.place("a"):
        waiter = asyncio.create_task(_hold(slots))
        await asyncio.sleep(0)
    waiter.cancel()  # its place was just given to it
    with pytest.raises(asyncio.CancelledError):
        await waiter
    async with asyncio.timeout(1), slots.place("b"):
        pass


async def test_draining_sends_away_who_waits_and_lets_work_finish() -> None:
    slots = Slots(1)
    async with slots.place("a"):
        waiter = asyncio.create_task(_hold(slots))
        await asyncio.sleep(0)
        slots.drain()
        with pytest.raises(Draining):
            await waiter
    with pytest.raises(Draining):
        async with slots.place("b"):
            pass


async def _hold(slots: Slots) -> None:
    async with slots.place("a"):
        pass
