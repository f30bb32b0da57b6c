"""Our own processes as parts of a stack."""

import pytest

from devstack.processes import MODULES, process, runnable
from runtime.settings import ProcessSettings


@pytest.mark.parametrize("name", runnable())
@pytest.mark.parametrize(
    "own", [{}, {"LOOKS_DRAIN_TIMEOUT_S": "10"}, {"LOOKS_PRE_STOP_DELAY_S": "5"}]
)
def test_a_process_is_killed_no_sooner_than_it_says_that_it_stops(
    name: str, own: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = process(name, dict.fromkeys([f"health_{name}", name], 1), own)
    for variable, value in own.items():
        monkeypatch.setenv(variable, value)
    assert part.stop_within_s == ProcessSettings().stops_within_s
    assert part.argv[-1] == MODULES[name]
