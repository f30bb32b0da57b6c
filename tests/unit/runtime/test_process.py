"""How a process ends: when its work is done, also when its event loop can't be closed."""

import subprocess
import sys

import pytest

from runtime.process import Process
from runtime.settings import ProcessSettings

# A thread that never ends stands for what uvloop can do with a closed TLS connection: the loop's
# end waits for it.
SCRIPT = """
import asyncio, threading
from runtime.process import Process, run

async def main(process: Process) -> None:
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    {ending}

run("test", main)
"""


@pytest.mark.parametrize(("ending", "code"), [("return", 0), ("raise RuntimeError('broken')", 1)])
def test_a_process_ends_with_its_work_although_its_loop_can_not_be_closed(
    ending: str, code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(ending=ending)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr


async def test_who_is_asked_to_stop_is_not_ready_at_once_and_works_on_for_the_delay() -> None:
    process = Process("test", ProcessSettings(pre_stop_delay_s=0.05))
    process.ready = True
    process.leave()
    assert not process.serving
    assert not process.stopping.is_set()
    await process.stopping.wait()


async def test_who_is_asked_again_does_not_wait() -> None:
    process = Process("test", ProcessSettings(pre_stop_delay_s=3600))
    process.leave()
    process.leave()
    assert process.stopping.is_set()


async def test_without_a_delay_it_stops_at_once() -> None:
    process = Process("test", ProcessSettings())
    process.leave()
    assert process.stopping.is_set()
