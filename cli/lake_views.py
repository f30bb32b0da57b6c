"""`looks lake views`: it prints what an engine is to be told, and asks nobody."""

from typing import Annotated

import typer

from cli.reporting.views import QueryEngine
from cli.reporting.views import views as statements
from lake.catalog import table_path
from runtime.settings import LakeSettings


def views(
    engine: Annotated[QueryEngine, typer.Option(help="whose SQL")] = QueryEngine.DUCKDB,
    catalog: Annotated[str, typer.Option(help="what the engine calls the catalog")] = "lake",
) -> None:
    """Print the views that the questions of docs/cookbook.sql ask, over the lake's tables."""
    lake = LakeSettings()
    for statement in statements(engine, lambda topic: f"{catalog}.{table_path(lake, topic)}"):
        typer.echo(statement)
