"""Virtual time, and processes that step in any order, stand still or die."""

import asyncio

from chaos.simulation.loop import Scheduler


def in_order(seed: int) -> list[str]:
    """What two processes of two tasks each say, at one moment."""
    scheduler, said = Scheduler(seed), list[str]()

    async def speak(name: str) -> None:
        for word in range(3):
            said.append(f"{name}{word}")
            await asyncio.sleep(0)

    for process in "ab":
        loop = scheduler.new_loop(process)
        for task in "xy":
            loop.create_task(speak(process + task))
    scheduler.run(lambda: False, 10.0)
    return said


def test_a_process_keeps_its_own_order_and_processes_have_none() -> None:
    orders = {tuple(in_order(seed)) for seed in range(40)}
    assert len(orders) > 1
    of_a = {tuple(word for word in order if word[0] == "a") for order in orders}
    assert of_a == {("ax0", "ay0", "ax1", "ay1", "ax2", "ay2")}


def test_one_seed_gives_one_order() -> None:
    assert in_order(7) == in_order(7)


def test_time_passes_only_when_nobody_can_step() -> None:
    scheduler, at_s = Scheduler(1), list[float]()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        at_s.append(asyncio.get_running_loop().time())

    loop = scheduler.new_loop("a")
    for seconds in (3600.0, 1.0):
        loop.create_task(sleep(seconds))
    assert not scheduler.run(lambda: False, 4000.0)
    assert at_s == [1.0, 3600.0]


def test_the_dead_do_not_even_clean_up_and_the_still_know_of_nothing() -> None:
    scheduler, said = Scheduler(1), list[object]()

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(2.0)
            said.append((name, asyncio.get_running_loop().time()))
        finally:
            said.append(name)

    dead, still = scheduler.new_loop("dead"), scheduler.new_loop("still")
    for loop in (dead, still):
        loop.create_task(work(loop.name))
    scheduler.at(1.0, dead.kill)
    scheduler.at(1.0, lambda: still.stand_still(5.0))
    scheduler.run(lambda: False, 10.0)
    assert said == [("still", 6.0), "still"]
    scheduler.dispose()
