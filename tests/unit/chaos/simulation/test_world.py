"""One seed is one interleaving, and a script can be kept."""

import dataclasses

import pytest

from chaos.simulation.running import quiet, simulate
from chaos.simulation.script import Deed, from_json, make_script, to_json
from chaos.simulation.wire import Weather
from chaos.simulation.world import KAFKA, LOOK


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


@pytest.mark.parametrize("seed", range(8))
def test_the_same_script_gives_the_same_run(seed: int) -> None:
    script = make_script(seed)
    assert simulate(script) == simulate(from_json(to_json(script)))


def test_another_seed_is_another_interleaving() -> None:
    script = make_script(3)
    others = [dataclasses.replace(script, seed=seed) for seed in range(10)]
    assert len({simulate(one).digest for one in others}) == len(others)


def test_without_faults_looks_end_as_their_work_does() -> None:
    script = make_script(3)
    asked = [step for step in script.steps if step.deed is Deed.ASK]
    calm = dataclasses.replace(
        script,
        weather=Weather(slow_share=0.0),
        skew_s={},
        steps=tuple(dataclasses.replace(step, seconds=50.0) for step in asked),
    )
    run = simulate(calm)
    assert not run.findings
    wanted = ["SUCCESS" if step.tries[0].ending == "made" else "FAILURE" for step in asked]
    healing = any(each.ending in ("heals", "died") for step in asked for each in step.tries)
    assert healing or [*run.outcomes] == wanted


def test_every_seed_makes_a_script_of_its_own() -> None:
    scripts = [make_script(seed) for seed in range(200)]
    assert len({str(one) for one in scripts}) == 200
    assert {step.deed for one in scripts for step in one.steps} == {*Deed}
    assert all(max(map(abs, one.skew_s.values()), default=0) < 0.5 for one in scripts)


def test_requests_live_no_longer_than_is_remembered_and_clocks_differ_by_less_than_is_granted() -> (
    None
):
    scripts = [make_script(seed) for seed in range(200)]
    longest = max(step.seconds for one in scripts for step in one.steps if step.deed is Deed.ASK)
    assert longest <= LOOK.deadline_s
    assert 2 * 0.45 < LOOK.clock_margin_s
    assert KAFKA.transaction_timeout_s < LOOK.deadline_s
