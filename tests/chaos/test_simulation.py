"""The deterministic simulation: thousands of interleavings break nothing, and each safeguard that
is taken out is missed.
"""

import pytest

from chaos.simulation.planted import FAULTS, Missing
from chaos.simulation.running import quiet, shortest, simulate, simulated
from chaos.simulation.script import Deed, make_script

INTERLEAVINGS = 1200
FOUND_WITHIN = 600
"""Runs with the faults that a safeguard is there for."""


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


def test_no_interleaving_breaks_a_promise() -> None:
    totals = simulated(1, INTERLEAVINGS)
    assert not totals.broken, f"make simulate N=1 SEED={totals.broken[0]}"
    assert {*totals.deeds} == {str(deed) for deed in Deed}
    # They are worth something: looks succeed in spite of all, and some don't
    assert totals.outcomes["SUCCESS"] > INTERLEAVINGS / 4
    assert totals.outcomes["FAILURE"] > INTERLEAVINGS / 4


@pytest.mark.parametrize("missing", Missing)
def test_a_safeguard_that_is_not_there_is_missed(missing: Missing) -> None:
    totals = simulated(1, FOUND_WITHIN, missing, enough=1)
    assert totals.broken
    script = make_script(totals.broken[0], FAULTS[missing])
    assert simulate(script, missing).findings
    assert not simulate(script).findings  # with the safeguard the same script breaks nothing


def test_what_breaks_is_made_short() -> None:
    missing = Missing.CLAIM
    seed = simulated(1, FOUND_WITHIN, missing, enough=1).broken[0]
    script = make_script(seed, FAULTS[missing])
    short = shortest(script, missing)
    assert len(short.steps) < len(script.steps)
    assert simulate(short, missing).findings
