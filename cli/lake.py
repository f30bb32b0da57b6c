"""`looks lake`: what the tables hold, and their upkeep."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from aiokafka.errors import KafkaError

from cli import lake_connect
from cli.lake_views import views
from cli.settings import run
from lake.catalog import NoLake, connect, table_name
from operations.auditing.lake_side import away
from runtime.groups import lags
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from runtime.topics_admin import TopicsRefused
from storage.object_store import ObjectStore, StoreError

if TYPE_CHECKING:
    from pyiceberg.table import Table

app = typer.Typer(help="The lake: topics as Iceberg tables.")
GROUP = "looks.lake_writer"


@dataclass(frozen=True, slots=True)
class ShownTable:
    """One table. `lag`: committed records of its topic that are not in it yet, about; None: nobody
    has written it.
    """

    table: str
    topic: str
    rows: int
    files: int
    bytes: int
    snapshots: int
    committed_at: str | None
    lag: int | None


@contextmanager
def _failing() -> Iterator[None]:
    """What keeps the lake from being read is one line and exit 2."""
    known: tuple[type[Exception], ...] = (
        NoLake,
        KafkaError,
        TimeoutError,
        StoreError,
        TopicsRefused,
        *away(),
    )
    try:
        yield
    except known as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


def _open() -> "list[tuple[str, str, Table]]":
    """Topic, name and table of those that are there."""
    lake = LakeSettings()
    catalog = connect(lake, ObjectStoreSettings())
    from lake.layout import TOPICS  # noqa: PLC0415 (needs its packages)

    names = [(topic.name, (lake.schema_here, table_name(topic.name))) for topic in TOPICS]
    return [
        (topic, ".".join(name), catalog.load_table(name))
        for topic, name in names
        if catalog.table_exists(name)
    ]


@app.command()
def tables(
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON, one object per line")
    ] = False,
) -> None:
    """Show each table: rows, files, snapshots, and how far it is behind its topic."""
    with _failing():
        behind: dict[str, int] = {}
        for one in run(lambda: lags(KafkaSettings(), [GROUP])):
            if one.records is not None:
                behind[one.topic] = behind.get(one.topic, 0) + one.records
        found = [_shown(topic, name, table, behind.get(topic)) for topic, name, table in _open()]
    if as_json:
        for shown in found:
            typer.echo(json.dumps(dataclasses.asdict(shown)))
        return
    for shown in found:
        typer.echo(
            f"{shown.table:<24} {shown.rows:>10} rows {shown.files:>6} files "
            f"{shown.bytes / 1e6:>9.1f} MB {shown.snapshots:>6} snapshots "
            f"{'nothing written yet' if shown.lag is None else f'{shown.lag} records behind'}"
        )
    if not found:
        typer.echo("no tables: lake_writer makes them when it starts")


def _shown(topic: str, name: str, table: "Table", lag: int | None) -> ShownTable:
    now = table.current_snapshot()
    told = now.summary if now is not None else None

    def total(what: str) -> int:
        return int((told.get(f"total-{what}") if told is not None else None) or 0)

    at = None if now is None else datetime.fromtimestamp(now.timestamp_ms / 1000, UTC).isoformat()
    sizes = total("records"), total("data-files"), total("files-size")
    return ShownTable(name, topic, *sizes, len(table.snapshots()), at, lag)


@app.command()
def maintain(
    keep_h: Annotated[
        float, typer.Option(min=0, help="delete snapshots older than so many hours")
    ] = 24.0,
    small_mb: Annotated[
        float, typer.Option(min=0.001, max=1024, help="merge files smaller than so many MB")
    ] = 16.0,
    stray_h: Annotated[
        float,
        typer.Option(
            min=0, help="delete files that no snapshot names and that are older than so many hours"
        ),
    ] = 24.0,
) -> None:
    """Keep the tables fast and small: merge small files, delete old snapshots with their files, and
    delete files that killed writers left. Run it daily; the writer may keep running. A query that
    still reads a deleted snapshot fails and must start again.
    """
    with _failing():
        found = _open()
        from lake.stray import remove_stray  # noqa: PLC0415 (needs its packages)
        from lake.upkeep import compact, expire  # noqa: PLC0415 (as well)

        before = datetime.now(UTC) - timedelta(hours=keep_h)
        for _, name, table in found:
            merged = compact(table, small_bytes=int(small_mb * 1e6))
            gone = expire(table, before)
            typer.echo(
                f"{name:<24} {merged.before} files became {merged.after}; "
                f"{gone.snapshots} snapshots and {gone.files} files are gone; "
                f"{remove_stray(table, older_than_s=stray_h * 3600)} stray files removed"
            )


@app.command("import")
def import_() -> None:
    """Copy the archives that `looks archive` of release 0.2 wrote into the tables. Safe to repeat:
    no record is added twice.
    """
    lake, store = LakeSettings(), ObjectStoreSettings()
    with _failing():
        catalog = connect(lake, store)
        from cli.lake_import import imported  # noqa: PLC0415 (needs its packages)

        count = 0
        for one in imported(ObjectStore(store), store.names, catalog, lake.schema_here):
            count += 1
            typer.echo(
                f"{one.topic}[{one.partition}]: {one.added} rows came, {one.known} were there, "
                f"{one.damaged} can't be read"
            )
        if not count:
            typer.echo("there is no archive in the bucket")


app.command()(views)


@app.command("connect-config")
def connect_config(
    tasks: Annotated[
        int, typer.Option(min=1, max=1000, help="how many tasks share the partitions")
    ] = 1,
) -> None:
    """Print what Kafka Connect's Iceberg sink is told to write these tables: JSON, no secrets."""
    with _failing():
        lake_connect.config(tasks)


@app.command("connect-offsets")
def connect_offsets() -> None:
    """Print where the tables stand, for the sink to go on there: Connect's PATCH of offsets."""
    with _failing():
        lake_connect.offsets()


@app.command()
def prepare() -> None:
    """Make what Kafka Connect's sink needs and does not make itself: the tables, the columns that
    events have gained, its control topic. Safe to repeat.
    """
    with _failing():
        lake_connect.prepare()
