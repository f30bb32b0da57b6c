"""`looks report`: one page of plots from the lake, or from a replay in Parquet."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.moments import moment
from runtime.settings import LakeSettings, ObjectStoreSettings

if TYPE_CHECKING:
    from cli.reporting.cookbook import Cookbook

EXIT_FAILED = 2
ReportFrom = Annotated[str | None, typer.Option("--from", help="an ISO time or an age (24h, 365d)")]
ReportTo = Annotated[
    str | None, typer.Option("--to", help="where to stop, exclusive; in the same form as --from")
]


def report(
    folder: Annotated[
        Path | None,
        typer.Argument(help="where `looks replay --format parquet` wrote; without it the lake"),
    ] = None,
    *,
    start: ReportFrom = None,
    end: ReportTo = None,
    output: Annotated[Path, typer.Option(help="report.html or report.png")] = Path("report.html"),
) -> None:
    """Draw one page of plots from the lake, or from a folder of a replay. Exit 1: there is no lake,
    or the folder lacks a topic. 2: the lake did not answer.
    """
    from replaying.errors import MissingPackages, ReplayError  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        try:
            import duckdb  # noqa: PLC0415 (an extra)

            from cli.reporting.plots import report as draw  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise MissingPackages(error.name or "matplotlib") from error
        try:
            book = _book(folder, _moment("--from", start), _moment("--to", end))
            try:
                draw(book, output)
            finally:
                book.close()
        except duckdb.Error as error:
            typer.secho(" ".join(str(error).split()), fg="red", err=True)
            raise typer.Exit(EXIT_FAILED) from error
    except ReplayError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    typer.echo(str(output))


def _book(folder: Path | None, start: datetime | None, end: datetime | None) -> "Cookbook":
    from cli.reporting.cookbook import of_folder, of_lake  # noqa: PLC0415 (an extra)
    from lake.catalog import NoLake  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.errors import BadSelection  # noqa: PLC0415 (slow to import, rarely needed)

    if folder is not None:
        return of_folder(folder, start, end)
    try:
        return of_lake(LakeSettings(), ObjectStoreSettings(), os.environ, start, end)
    except NoLake as error:
        raise BadSelection(f"{error}; or name a folder") from error


def _moment(option: str, words: str | None) -> datetime | None:
    from replaying.errors import BadSelection  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        return None if words is None else moment(words, datetime.now(UTC))
    except ValueError as error:
        raise BadSelection(f"{option}: {error}") from error
