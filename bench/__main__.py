"""`python -m bench`: every measurement, one JSON file each in bench/results/, and the docs' plots.

`python -m bench NAME ...`: these; `--seeds N`: of so many drawn garments (recovery, pale, cutouts).
"""

import json
import signal
import sys
import time
from pathlib import Path

from bench import (
    accept,
    audit,
    backlog,
    cutouts,
    engine,
    growth,
    house,
    kills,
    lake,
    pale,
    pipeline,
    plots,
    priority,
    projection,
    rebuild,
    recovery,
    relay,
    replay,
    rolling,
    starting,
    streams,
    tracing,
    years,
)
from bench.peers import compared
from bench.processes import RESULTS


def main() -> None:
    """Run what was named, or all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = {name for name in sys.argv[1:] if name[0].isalpha()}
    measures = {
        "house": house.measure,
        "engine": engine.measure,
        "recovery": recovery.measure,
        "pale": pale.measure,
        "cutouts": cutouts.measure,
        "accept": accept.measure,
        "tracing": tracing.measure,
        "pipeline": pipeline.measure,
        "projection": projection.measure,
        "priority": priority.measure,
        "rebuild": rebuild.measure,
        "replay": replay.measure,
        "backlog": backlog.measure,
        "streams": streams.measure,
        "audit": audit.measure,
        "lake": lake.measure,
        "kills": kills.measure,
        "years": years.measure,
        "peers": compared.measure,
        "relay": relay.measure,
        "rolling": rolling.measure,
        "starting": starting.measure,
        "growth": growth.measure,
    }
    for name, measure in measures.items():
        if chosen and name not in chosen:
            continue
        result = {"at": time.strftime("%Y-%m-%dT%H:%M:%S"), **measure()}
        Path(RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1))
        sys.stdout.write(f"{name}: {json.dumps(result, indent=1)}\n")
    if not chosen:
        plots.main()


if __name__ == "__main__":
    main()
