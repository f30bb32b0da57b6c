"""The stacks that tests run on: real Kafka, Postgres and S3, embedded or in containers (LOOKS_TEST_STACK=docker)."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devstack.stack import ALL, Stack

GARMENTS = Path(__file__).resolve().parents[2] / "shared" / "garments"

SETTINGS = {
    "LOOKS_LOOK_DEADLINE_S": "90",
    "LOOKS_LOOK_CLOCK_MARGIN_S": "1",
    "LOOKS_KAFKA_TRANSACTION_TIMEOUT_S": "5",
    "LOOKS_KAFKA_SESSION_TIMEOUT_S": "6",
    "LOOKS_DRAIN_TIMEOUT_S": "10",
}
"""Shorter times than in production, so that a killed process is replaced within seconds."""


def _running(folder: Path, processes: tuple[str, ...]) -> Iterator[Stack]:
    with ExitStack() as stack:
        env = dict(SETTINGS)
        if os.environ.get("LOOKS_TEST_STACK", "embedded") == "docker":
            from tests.containers import services as containers  # noqa: PLC0415 (needs a Docker engine)

            env |= stack.enter_context(containers())
        running = Stack(folder, processes, env)
        stack.callback(running.stop)
        running.start()
        yield running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system. Tests share it: each brings its own requests and looks only at them."""
    yield from _running(tmp_path_factory.mktemp("stack"), ALL)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka, Postgres and S3 with tables, topics, bucket and tenants, and none of our processes."""
    yield from _running(tmp_path_factory.mktemp("services"), ())


@pytest.fixture(scope="session")
def garments() -> Path:
    """Real product photos, where this checkout has them beside it."""
    if not (GARMENTS / "manifest.json").exists():
        pytest.skip("no photos: ../shared/garments is absent (test data that is not part of the project)")
    return GARMENTS
