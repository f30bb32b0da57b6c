"""`looks` imports what a command needs when it is called, and lists them all the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.lazy import COMMANDS, OF_TENANTS, OF_TOPICS, Named, load
from cli.main import app

CHECKOUT = Path(__file__).resolve().parents[3]
HEAVY = (
    "aiokafka asyncpg boto3 compositing confluent_kafka cv2 devstack duckdb fastapi faststream "
    "httpx matplotlib numpy pandas "
    "polars pyarrow replaying runtime storage"
).split()


@pytest.mark.parametrize("words", [["--help"], ["topics", "list"]], ids=["help", "topics list"])
def test_what_needs_no_service_imports_no_client_of_one(words: list[str]) -> None:
    code = f"""
import sys
from cli.main import app
try:
    app({words!r})
except SystemExit as end:
    assert end.code == 0, end.code
print("heavy:", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize(
    ("group", "names"),
    [([], COMMANDS), (["topics"], OF_TOPICS), (["tenants"], OF_TENANTS)],
    ids=["looks", "looks topics", "looks tenants"],
)
def test_each_command_is_there_with_the_help_that_the_list_says(
    group: list[str], names: dict[str, Named]
) -> None:
    listed = CliRunner().invoke(app, [*group, "--help"]).output
    for name, named in names.items():
        command = load(name, named)
        assert command.name == name
        assert (command.help or "").replace("\n", " ").startswith(named.about.rstrip("."))
        assert f"\n  {name} " in listed


def test_a_command_that_is_not_there_is_refused_with_what_is_near() -> None:
    done = CliRunner().invoke(app, ["repay"])
    assert done.exit_code == 2
    assert "replay" in done.output
