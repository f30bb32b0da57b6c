"""The ten questions to one lake: a replay's files and the tables themselves say the same."""

import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.reporting.cookbook import of_folder, of_lake, questions
from cli.reporting.views import TOPICS
from devstack.stack import Stack
from replaying.parquet import ParquetSink
from tests.integration.known_lake import known_lake
from tests.integration.lakes import Lake
from tests.unit.cli.test_cookbook import ANSWERS, write_known
from tests.unit.replaying.making import NOON_MS, TOPIC


@pytest.fixture(scope="module")
def lake(services: Stack) -> Lake:
    return known_lake(services)


def test_duckdb_asks_the_lake_itself(lake: Lake, tmp_path: Path) -> None:
    book = of_lake(lake.settings, lake.store, lake.env)
    found = {name: [tuple(row) for row in book.ask(name)] for name in questions()}
    book.close()
    assert found == ANSWERS
    late = datetime.datetime.fromtimestamp(NOON_MS / 1000 + 3600, datetime.UTC)
    book = of_lake(lake.settings, lake.store, lake.env, start=late)
    assert book.ask("time_to_look")[0][0] == 0
    book.close()
    done = CliRunner(env=lake.env).invoke(app, ["report", "--output", str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_views_that_duckdb_takes(lake: Lake) -> None:
    done = CliRunner(env=lake.env).invoke(app, ["lake", "views", "--engine", "duckdb"])
    assert done.exit_code == 0, done.output
    book = of_lake(lake.settings, lake.store, lake.env)
    book.db.execute(done.output)
    assert [tuple(row) for row in book.ask("retry_cost")] == ANSWERS["retry_cost"]
    book.close()


def test_a_folder_of_a_replay_says_the_same_as_the_lake(lake: Lake, tmp_path: Path) -> None:
    write_known(ParquetSink(tmp_path, {}, topics=[*TOPICS.values()]))
    folder, of_tables = of_folder(tmp_path), of_lake(lake.settings, lake.store, lake.env)
    for name in questions():
        assert folder.ask(name) == of_tables.ask(name), name
    folder.close()
    of_tables.close()
    assert TOPIC in TOPICS.values()
