"""The ten questions to one lake: Spark says what DuckDB says."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.reporting.cookbook import of_lake, questions
from cli.reporting.views import QueryEngine, views
from devstack.stack import Stack
from lake.catalog import table_path
from tests.integration.known_lake import known_lake
from tests.spark import session
from tests.unit.cli.test_cookbook import ANSWERS


def plain(value: Any) -> Any:
    """As Spark's answers come."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else value


def as_told(rows: Any) -> list[list[Any]]:
    return [[plain(value) for value in row] for row in rows]


@pytest.mark.timeout(1800)
def test_spark_says_what_duckdb_says(services: Stack, tmp_path: Path) -> None:
    lake = known_lake(services)
    made = views(QueryEngine.SPARK, lambda topic: f"lake.{table_path(lake.settings, topic)}")
    found = session.answers(lake.env, made, questions(), tmp_path)
    book = of_lake(lake.settings, lake.store, lake.env)
    duckdb = {name: as_told(book.ask(name)) for name in questions()}
    book.close()
    assert found == duckdb
    assert found == {name: as_told(rows) for name, rows in ANSWERS.items()}
