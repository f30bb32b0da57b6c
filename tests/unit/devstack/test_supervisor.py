"""What the supervisor says of parts that don't start."""

import sys
from pathlib import Path

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
