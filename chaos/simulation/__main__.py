"""`make simulate N=100000 SEED=1`: so many runs, the seeds one after another; what breaks is made
short and told. Exit 1 where anything broke.
"""

import argparse
import sys
import time
from pathlib import Path

from chaos.simulation.planted import Missing
from chaos.simulation.running import (
    Totals,
    quiet,
    shortest,
    side_by_side,
    simulate,
    simulated,
)
from chaos.simulation.script import Script, from_json, make_script, to_json
from runtime.machine import cpus

SAY_EVERY_S = 30.0
SHOWN = 3
FOLDER = Path("build/simulation")


def main() -> int:
    """Run what the command line asks for."""
    asked = _arguments()
    quiet()
    if asked.script is not None:
        return _show(from_json(asked.script.read_text()), asked.missing)
    if asked.missing is not None:
        totals = simulated(asked.seed, asked.n, asked.missing, enough=SHOWN)
    else:
        totals = _many(asked.seed, asked.n, asked.workers)
    _say(_summary(totals))
    for seed in sorted(totals.broken)[:SHOWN]:
        short = shortest(make_script(seed), asked.missing)
        FOLDER.mkdir(parents=True, exist_ok=True)
        kept = FOLDER / f"{seed}.json"
        kept.write_text(to_json(short))
        _say(f"\nseed {seed}, made short ({kept}):")
        _show(short, asked.missing)
    return 1 if totals.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000, help="runs")
    parser.add_argument("--seed", type=int, default=1, help="of the first")
    parser.add_argument("--workers", type=int, default=cpus())
    parser.add_argument("--missing", type=Missing, choices=[*Missing], help="without a safeguard")
    parser.add_argument("--script", type=Path, help="show this one, as it was kept")
    return parser.parse_args()


def _many(first: int, count: int, workers: int) -> Totals:
    totals, begun_s, said_s = Totals(), time.monotonic(), time.monotonic()
    for part in side_by_side(first, count, workers):
        totals.add(part)
        now_s = time.monotonic()
        if now_s - said_s > SAY_EVERY_S:
            said_s = now_s
            rate = totals.runs / (now_s - begun_s)
            _say(f"{totals.runs} of {count}, {rate:.0f} a second, {len(totals.broken)} broken")
    return totals


def _summary(totals: Totals) -> str:
    outcomes = ", ".join(f"{many} {what}" for what, many in sorted(totals.outcomes.items()))
    deeds = ", ".join(f"{many} {what}" for what, many in sorted(totals.deeds.items()))
    return (
        f"{totals.runs} runs, {len(totals.broken)} broken; {totals.virtual_s / 3600:.1f} virtual "
        f"hours in {totals.cpu_s:.0f} s of CPU ({totals.runs / max(totals.cpu_s, 0.01):.0f} a "
        f"second); {totals.records} records; {outcomes}; {deeds}"
    )


def _show(script: Script, missing: Missing | None) -> int:
    run = simulate(script, missing)
    _say(str(script), *run.story, *run.findings)
    return 1 if run.findings else 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
