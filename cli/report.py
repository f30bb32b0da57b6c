"""`looks report`: one page of plots from a replay in Parquet."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[
        Path, typer.Argument(help="where `looks replay --format parquet --output` wrote")
    ],
    output: Annotated[Path, typer.Option(help="report.html or report.png")] = Path("report.html"),
) -> None:
    """Draw the cookbook's answers. Exit 1: a topic that they need is not in the folder."""
    from replaying.errors import MissingPackages, ReplayError  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        try:
            from cli.reporting.plots import report as draw  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise MissingPackages(error.name or "matplotlib") from error
        draw(folder, output)
    except ReplayError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    typer.echo(str(output))
