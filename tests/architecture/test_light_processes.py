"""What a process does not need is not imported when it starts: only the compositor's workers load
the picture engine.
"""

import subprocess
import sys
from collections.abc import Collection

from consumers.compositor.entry import PRELOADED
from devstack.folder import CHECKOUT
from devstack.processes import LAKE_WRITER, MODULES

HEAVY = (
    "cv2",
    "numpy",
    "PIL",
    "duckdb",
    "pyarrow",
    "pandas",
    "polars",
    "matplotlib",
    "confluent_kafka",
    "pyiceberg",
    "devstack",
    "typer",
)


def imported_by(modules: list[str], heavy: Collection[str] = HEAVY) -> set[str]:
    """Which of the heavy ones are there once these are imported."""
    code = f"""
import importlib, importlib.util, sys
for name in {modules!r}:
    package = importlib.util.find_spec(name).submodule_search_locations
    importlib.import_module(name + ".__main__" if package else name)
print(*sorted({set(heavy)!r} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return set(done.stdout.split())


def test_no_process_loads_the_engine_or_an_analysts_library() -> None:
    light = {*MODULES.values()} - {MODULES[LAKE_WRITER]}
    assert imported_by(sorted(light)) == set()


def test_who_consumes_nothing_loads_no_framework_for_it() -> None:
    producers = [MODULES["outbox_relay"], MODULES["deadline_sweeper"]]
    assert imported_by(producers, ("faststream", "fastapi", "boto3")) == set()
    assert imported_by([MODULES["api"]], ("faststream", "aiokafka")) == set()


def test_the_lake_s_writer_loads_arrow_and_nothing_else_that_is_heavy() -> None:
    found = imported_by([MODULES[LAKE_WRITER], f"{MODULES[LAKE_WRITER]}.application"])
    # Arrow asks for these where they are; the writer's lock has neither (test_locks.py)
    assert found - {"numpy", "pandas"} == {"pyarrow", "pyiceberg"}


def test_what_workers_are_forked_from_is_seen_to_load_the_engine() -> None:
    assert "cv2" in imported_by([PRELOADED])
