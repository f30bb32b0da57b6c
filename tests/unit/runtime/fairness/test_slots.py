import asyncio

import pytest

from runtime.declaration import Draining
from runtime.fairness.slots import Slots


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


async def _at_work(slots: Slots, tenant: str, begun: list[str], end: asyncio.Event) -> None:
    async with slots.place(tenant):
        begun.append(tenant)
        await end.wait()


async def test_another_tenant_waits_no_longer_than_patience_for_places_full_of_slow_work() -> None:
    slots, begun, end = Slots(2, spare=1), list[str](), asyncio.Event()
    for _ in range(5):  # what most looks take: a hundredth of a second
        async with slots.place("before"):
            await asyncio.sleep(0.01)
    assert 0.02 < slots.patience_s < 0.3
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(_at_work(slots, "slow", begun, end))
        await asyncio.sleep(0)
        asked_s, patience_s = loop.time(), slots.patience_s
        for _ in range(3):
            async with asyncio.timeout(10), slots.place("quick"):
                assert begun == ["slow", "slow"], "the spare place is not for whoever is slow"
        assert loop.time() - asked_s < patience_s + 2
        end.set()
    assert begun.count("slow") == 20


async def test_without_slow_work_a_spare_place_is_not_used() -> None:
    slots, begun, end = Slots(1, spare=1), list[str](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for tenant in ("a", "b"):
            group.create_task(_at_work(slots, tenant, begun, end))
        await asyncio.sleep(0.05)
        assert begun == ["a"]
        end.set()
    assert begun == ["a", "b"]


async def test_slow_work_that_ends_while_a_spare_place_is_held_frees_no_further_one() -> None:
    slots, begun, end, others = Slots(1, spare=1), list[str](), asyncio.Event(), asyncio.Event()
    async with slots.place("before"):
        pass
    async with asyncio.TaskGroup() as group:
        group.create_task(_at_work(slots, "slow", begun, end))
        await asyncio.sleep(0.05)
        group.create_task(_at_work(slots, "b", begun, others))
        async with asyncio.timeout(5):
            while begun != ["slow", "b"]:
                await asyncio.sleep(0)
        group.create_task(_at_work(slots, "c", begun, others))
        end.set()
        await asyncio.sleep(0)
        others.set()
    assert begun == ["slow", "b", "c"]
