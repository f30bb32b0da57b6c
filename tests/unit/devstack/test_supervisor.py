"""What the supervisor says of parts that don't start, and what it leaves out."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from devstack import supervisor
from devstack.folder import StackFolder
from devstack.part import Part, PartFailed
from devstack.supervisor import MOST_ENDS, Supervisor


async def test_a_part_that_keeps_ending_is_given_up_before_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_MIN_S", 0.001)
    folder = StackFolder(tmp_path)
    for each in (folder.run, folder.log):
        each.mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-c", "raise SystemExit('no such table')")
    running = Supervisor(folder)
    try:
        with pytest.raises(PartFailed) as caught:
            await running.start([Part("broken", argv, lambda: False, ready_within_s=600)])
    finally:
        await running.stop()
    assert f"broken ended {MOST_ENDS} times" in str(caught.value)
    assert "no such table" in str(caught.value)


async def test_a_part_that_is_left_out_stays_so_until_it_is_brought_back(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    pid = folder.run / "sleeper.pid"
    argv = (sys.executable, "-c", "import time; time.sleep(600)")
    running = Supervisor(folder)
    try:
        await running.start([Part(name, argv, lambda: True) for name in ("sleeper", "other")])
        while not pid.exists():
            await asyncio.sleep(0.01)
        before = pid.read_text()
        await running.leave_out(["sleeper", "no such part"])
        await running.leave_out(["sleeper"])
        await asyncio.sleep(3 * supervisor.BACKOFF_MIN_S)
        assert not pid.exists()
        assert (folder.run / "other.pid").exists()
        await running.leave_out([])
        while not pid.exists():
            await asyncio.sleep(0.01)
        assert pid.read_text() != before
    finally:
        await running.stop()


SLOW = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path(sys.argv[1]).touch())
pathlib.Path(sys.argv[2]).touch()
while True:
    signal.pause()
"""


async def test_what_is_stopped_at_once_is_not_asked(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    asked, begun = tmp_path / "asked", tmp_path / "begun"
    running = Supervisor(folder)
    argv = (sys.executable, "-c", SLOW, str(asked), str(begun))
    await running.start([Part("slow", argv, begun.exists, stop_within_s=600)])
    pid = int((folder.run / "slow.pid").read_text())
    await running.stop(at_once=True)
    assert not psutil.pid_exists(pid)
    assert not asked.exists()
