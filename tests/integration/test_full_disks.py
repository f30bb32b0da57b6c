"""`looks replay` where it can't write: one line, exit 2 in good time, nothing half written."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from runtime.settings import KafkaSettings
from tests.integration.test_replay import Topics, fill, topics

__all__ = ["topics"]  # a fixture

SMALL_BYTES = 20_000
LIMITED = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL_BYTES}, {SMALL_BYTES}));"
    "from cli.main import app; app()"
)
"""Files that can't grow, which every machine has: the error is "File too large"."""


def replay(
    services: Stack, *words: str, code: str = "from cli.main import app; app()", out: IO[bytes]
) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", code, "replay", *words],
        stdout=out,
        stderr=subprocess.PIPE,
        env={**os.environ, **services.env, "PYTHONPATH": str(CHECKOUT)},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode().splitlines()


def left_of(folder: Path) -> list[str]:
    """Files that are neither whole nor told of."""
    return [path.name for path in folder.rglob("*.unfinished")]


@pytest.mark.parametrize("format_", ["jsonl", "pretty"])
def test_a_full_standard_output(
    services: Stack, kafka: KafkaSettings, topics: Topics, tmp_path: Path, format_: str
) -> None:
    topic = topics()
    fill(kafka, topic, range(300))
    words = (topic, "--format", format_, "--damaged", str(tmp_path / "d"))
    with Path("/dev/full").open("wb") as full:
        ended = replay(services, *words, out=full)
    assert ended == (2, ["standard output: No space left on device"])


@pytest.mark.parametrize(
    ("format_", "output"), [("jsonl", "x.jsonl"), ("parquet", "x"), ("duckdb", "x.duckdb")]
)
def test_files_that_can_not_be_written(
    services: Stack,
    kafka: KafkaSettings,
    topics: Topics,
    tmp_path: Path,
    format_: str,
    output: str,
) -> None:
    topic = topics()
    fill(kafka, topic, range(3000))
    words: Sequence[str] = (topic, "--format", format_, "--damaged", str(tmp_path / "d"))
    with Path(os.devnull).open("wb") as out:
        there = str(tmp_path / output)
        code, said = replay(services, *words, "--output", there, code=LIMITED, out=out)
        assert code == 2
        assert len(said) == 1, said
        assert left_of(tmp_path) == []
        assert format_ != "jsonl" or not (tmp_path / output).exists()
        below_a_file = tmp_path / "file" / output
        (tmp_path / "file").write_text("in the way")
        code, said = replay(services, *words, "--output", str(below_a_file), out=out)
        assert code == 2
        assert len(said) == 1, said
