"""What the comparison with other job systems stands on: the job that does nothing, and its sums."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bench.peers.compared import JOBS, PROMISES, TurnFigures
from bench.peers.noop import InstantEngine
from consumers.compositor.handler import outcome_of
from devstack.folder import CHECKOUT
from domain.outcomes import Done
from schemas.events import LookCompleted, StoredImage
from tests.making import a_request

PIXEL = StoredImage(
    bucket="looks",
    key="results/bench/pixel.png",
    content_type="image/png",
    width=1,
    height=1,
    bytes=69,
    sha256="0" * 64,
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_the_instant_engine_completes_a_look_with_every_garment_placed() -> None:
    request = a_request()
    outcome = outcome_of(request, await InstantEngine(PIXEL).render(request), NOW, NOW)
    assert isinstance(outcome, Done)
    completed = outcome.emits[0].event
    assert isinstance(completed, LookCompleted)
    assert completed.image == PIXEL
    assert [item.trial_image for item in completed.items] == [
        item.trial_image for item in request.items
    ]


def test_turns_are_told_as_medians_and_cpu_for_each_job() -> None:
    measured = TurnFigures()
    for turn in (1, 2, 3):
        measured.add([10.0 * turn, 30.0, 20.0], 100.0 * turn, {"worker": JOBS / 1000 * turn})
    told = measured.told()
    assert told["jobs_per_s"] == {"median": 200.0, "least": 100.0, "most": 300.0}
    assert told["p50_ms"] == {"median": 20.0, "least": 20.0, "most": 30.0}
    assert told["cpu_ms_a_job_by_process"] == {"worker": {"median": 2.0, "least": 1.0, "most": 3.0}}


@pytest.mark.parametrize("name", ["looks", "celery", "procrastinate"])
def test_what_each_promises_stands_beside_its_figure(name: str) -> None:
    assert "HTTP" in PROMISES[name]


def test_the_peers_part_needs_nothing_of_ours() -> None:
    code = "import sys, json, bench.peers.jobs; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    ours = {"runtime", "schemas", "storage", "api", "devstack", "pydantic", "asyncpg"}
    assert ours & set(json.loads(done.stdout)) == set()
