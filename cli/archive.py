"""`looks archive`: tier topics to S3 as Parquet, before their retention deletes them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from domain.moments import age
from runtime.settings import KafkaSettings, ObjectStoreSettings
from schemas.topics import TOPICS

EXIT_FAILED = 2


def archive(
    topics: Annotated[
        list[str] | None,
        typer.Argument(help="topics; default: all that are kept for longer than --before"),
    ] = None,
    *,
    before: Annotated[
        str, typer.Option(help="archive what is older: 60d, 12h, or 0s for all there is")
    ] = "60d",
) -> None:
    """Store what is not stored yet. Safe to repeat, also after a kill. Exit 1: something can't be.
    2: it failed.
    """
    from replaying.errors import BadSelection, HistoryGap, ReplayError  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        length = _age(before)
        chosen = topics or [
            one.name for one in TOPICS if one.retention_ms > length.total_seconds() * 1000
        ]
        files, rows = _tier(chosen, datetime.now(UTC) - length if length else None)
    except (BadSelection, HistoryGap) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    except ReplayError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    typer.echo(
        f"archived {rows} records in {files} files"
        if files
        else "nothing is old enough and not archived yet"
    )


def _age(words: str) -> timedelta:
    try:
        return age(words)
    except ValueError as error:
        typer.secho(f"--before: {error}", fg="red", err=True)
        raise typer.Exit(1) from error


def _tier(topics: list[str], until: datetime | None) -> tuple[int, int]:
    from replaying.errors import MissingPackages  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.kafka import Reader  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.ranges import resolve  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.selection import AtTime, Selection  # noqa: PLC0415 (slow to import, rarely needed)
    from storage.object_store import ObjectStore  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        from replaying.archive import Archive, tier, to_archive  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingPackages(error.name or "pyarrow") from error
    settings, bucket = KafkaSettings(), ObjectStoreSettings()
    store = Archive(ObjectStore(bucket), bucket.names)
    found = resolve(
        settings, Selection(tuple(topics), end=None if until is None else AtTime(until))
    )
    wanted = {
        one.part: left
        for one in found.ranges
        if (left := to_archive(store, one.part, found.log_starts[one.part], one.end or 0))
        is not None
    }
    files = rows = 0
    for part, file in tier(store, Reader(settings, list(wanted.values())), wanted):
        files, rows = files + 1, rows + file.rows
        typer.echo(
            f"{part[0]}[{part[1]}] {file.first} to {file.next}: {file.rows} records, {file.bytes} "
            "bytes",
            err=True,
        )
    return files, rows
