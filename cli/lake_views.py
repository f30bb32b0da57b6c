"""`looks lake views`: it prints what an engine is to be told, and asks nobody."""

from typing import Annotated

import typer

from cli.reporting.views import QueryEngine
from cli.reporting.views import views as statements
from lake.catalog import table_path
from runtime.settings import LakeSettings


def views(
    engine: Annotated[
        QueryEngine, typer.Option(help="the engine that will run the SQL")
    ] = QueryEngine.DUCKDB,
    catalog: Annotated[str, typer.Option(help="the catalog's name in that engine")] = "lake",
) -> None:
    """Print SQL that creates the views which docs/cookbook.sql queries."""
    lake = LakeSettings()
    for statement in statements(engine, lambda topic: f"{catalog}.{table_path(lake, topic)}"):
        typer.echo(statement)
