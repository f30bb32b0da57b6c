"""Many runs, on as many processes as there are cores."""

import gc
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

import structlog

from chaos.simulation.planted import FAULTS, Missing, planted
from chaos.simulation.script import DICE, Script, make_script
from chaos.simulation.shrink import shrunk
from chaos.simulation.world import Run, World

CHUNK = 500
COLLECT_EVERY = 25
"""Runs between two collections of garbage: what a run leaves is thrown away together."""
SILENT = 50


@dataclass(slots=True)
class Totals:
    """Of some runs."""

    runs: int = 0
    steps: int = 0
    records: int = 0
    cpu_s: float = 0.0
    virtual_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    broken: list[int] = field(default_factory=list)  # seeds

    def add(self, other: "Totals") -> None:
        """Count others' too."""
        for name in ("runs", "steps", "records", "cpu_s", "virtual_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.outcomes.update(other.outcomes)
        self.deeds.update(other.deeds)
        self.broken += other.broken

    def count(self, script: Script, run: Run) -> None:
        """One more."""
        self.runs += 1
        self.steps += run.steps
        self.records += run.records
        self.virtual_s += run.ended_s
        self.outcomes.update(run.outcomes)
        self.deeds.update(str(step.deed) for step in script.steps)
        if run.findings:
            self.broken.append(script.seed)


def quiet() -> None:
    """Our processes' logs say what they should about faults: thousands of lines a second."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))


def simulate(script: Script, missing: Missing | None = None) -> Run:
    """One run."""
    with planted(missing) as lacks:
        return World(script, lacks=lacks).run()


def simulated(
    first: int, count: int, missing: Missing | None = None, *, enough: int | None = None
) -> Totals:
    """The runs of these seeds; fewer where `enough` of them are broken."""
    totals, begun_s = Totals(), time.process_time()
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()  # what was there before is not looked through each time
    try:
        for seed in range(first, first + count):
            script = make_script(seed, FAULTS.get(missing, DICE) if missing else DICE)
            totals.count(script, simulate(script, missing))
            if totals.runs % COLLECT_EVERY == 0:
                gc.collect()
            if enough is not None and len(totals.broken) >= enough:
                break
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()
    totals.cpu_s = time.process_time() - begun_s
    return totals


def side_by_side(first: int, count: int, workers: int) -> Iterator[Totals]:
    """The same on several processes; a part whenever it is done."""
    parts = range(first, first + count, CHUNK)
    with ProcessPoolExecutor(workers, get_context("spawn"), quiet) as pool:
        under_way = [
            pool.submit(simulated, part, min(CHUNK, first + count - part)) for part in parts
        ]
        for one in as_completed(under_way):
            yield one.result()


def first_finding(run: Run) -> str:
    """What a run's first finding says, without ids and numbers: scripts that show the same say the
    same.
    """
    if not run.findings:
        return ""
    return " ".join(word for word in run.findings[0].split() if word.isalpha())


def shortest(script: Script, missing: Missing | None = None) -> Script:
    """A script as short as it still shows the same finding first."""
    wanted = first_finding(simulate(script, missing))
    return shrunk(script, lambda one: first_finding(simulate(one, missing)) == wanted)
