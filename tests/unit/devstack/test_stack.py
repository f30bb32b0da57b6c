"""How long a start is waited for, on a clock of the tests' own."""

import json
from pathlib import Path

import pytest

from devstack import stack
from devstack.stack import START_WITHIN_S, Stack, StackFailed

STEP_S = 0.9 * START_WITHIN_S


class Starting(Stack):
    """Its supervisor says the next of these steps each `STEP_S`. It is the clock, too."""

    running = True

    def __init__(self, root: Path, *steps: dict[str, object]) -> None:
        super().__init__(root)
        self._steps = [*steps]
        self._now_s = 0.0

    def monotonic(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        before, self._now_s = self._now_s, self._now_s + seconds
        if self._now_s // STEP_S > before // STEP_S and self._steps:
            self.folder.status.write_text(json.dumps(self._steps.pop(0)))


def test_each_step_of_a_start_has_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"step {number}" for number in range(6)]
    steps: list[dict[str, object]] = [{"phase": name} for name in names]
    starting = Starting(tmp_path, *steps, {"phase": "up", "ready": True})
    monkeypatch.setattr(stack, "time", starting)
    told: list[str] = []
    starting.start(told.append)
    assert told == [*names, "up"]


def test_a_step_that_takes_too_long_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = Starting(tmp_path, {"phase": "tables"})
    monkeypatch.setattr(stack, "time", starting)
    with pytest.raises(StackFailed, match=r"^tables: not ready within"):
        starting.start()
