"""`looks replay`: topics to the terminal, files, tables or another topic. It reads only, and moves
nobody's offsets.
"""

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.endings import about, speaks_unicode
from cli.progress import shown
from cli.replayed_lines import as_json, as_text
from runtime.files import whole
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings

if TYPE_CHECKING:
    from lake.reading import LakeSource
    from replaying.run import Summary
    from replaying.selection import Selection
    from replaying.sinks import Sink

DAMAGED_FILE = "damaged.jsonl"
EXIT_DAMAGED, EXIT_FAILED = 3, 2


class Format(StrEnum):
    """What a replay is written as."""

    PRETTY = "pretty"
    JSONL = "jsonl"
    PARQUET = "parquet"
    DUCKDB = "duckdb"


RangeEnd = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="where to stop, exclusive; in the same form as --from. Default: what is there now",
    ),
]
ToTopic = Annotated[
    str | None, typer.Option(help="copy the records to this topic, which must exist")
]
IKnow = Annotated[
    bool,
    typer.Option(
        "--i-know",
        help="allow --to-topic to be a topic of the pipeline, which then does the work again",
    ),
]


def replay(  # noqa: PLR0913 (one argument per option of the command)
    topics: Annotated[list[str], typer.Argument(help="one or more topics")],
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", help="offset:N, offset:0=N,3=M, an ISO time or an age (2h, 7d)"),
    ] = None,
    end: RangeEnd = None,
    last: Annotated[str | None, typer.Option(help="the last 90s, 15m, 2h, 7d, 4w")] = None,
    request: Annotated[
        str | None, typer.Option(help="only this request id; reads only its partition")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="only this tenant's")] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="the form of the output")
    ] = Format.PRETTY,
    output: Annotated[
        Path | None, typer.Option(help="file, or folder for parquet; needed for parquet and duckdb")
    ] = None,
    to_topic: ToTopic = None,
    i_know: IKnow = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="go on with new records, until Ctrl-C")
    ] = False,
    lake: Annotated[
        bool, typer.Option(help="read the lake where there is one, and of the topic what follows")
    ] = True,
    validate: Annotated[
        bool, typer.Option("--validate", help="validate the lake's rows once more")
    ] = False,
    damaged: Annotated[
        Path | None, typer.Option(help=f"damaged records go here; default {DAMAGED_FILE}")
    ] = None,
) -> None:
    """Read any range of topics, to the terminal, a file, tables or another topic. Exit 0:
    everything was read. 3: everything was read, and damaged records were set aside. 1: the request
    is impossible. 2: Kafka or the lake failed; run it again.
    """
    from replaying.errors import BadSelection, HistoryGap, ReplayError  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.selection import select  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        selection = select(
            topics,
            datetime.now(UTC),
            start=start,
            end=end,
            last=last,
            request_id=request,
            tenant_id=tenant,
            follow=follow,
        )
        words = _words(selection, f"last {last}" if last else start)
        sink = _sink(selection, words, format_, output, to_topic, i_know=i_know, validate=validate)
        side = damaged or _folder(output, format_) / DAMAGED_FILE
        with about(output or "standard output"):
            summary = _run(selection, sink, side, with_lake=lake)
    except (BadSelection, HistoryGap) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    except ReplayError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    typer.secho(_said(summary, side), err=True)
    if summary.damaged:
        raise typer.Exit(EXIT_DAMAGED)


def _folder(output: Path | None, format_: Format) -> Path:
    return output if output and format_ is Format.PARQUET else Path()


def _words(selection: "Selection", since: str | None) -> dict[str, str | None]:
    return selection.words() | ({"start": since} if since else {})


def _run(selection: "Selection", sink: "Sink", side: Path, *, with_lake: bool) -> "Summary":
    from replaying.damage import SideFile  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.run import run  # noqa: PLC0415 (slow to import, rarely needed)

    with shown() as tell:
        return run(
            KafkaSettings(),
            selection,
            sink,
            side=SideFile(side),
            lake=open_lake() if with_lake else None,
            tell=tell,
        )


def open_lake() -> "LakeSource | None":
    """The lake; None where no setting names one. Raises a ReplayError where it can't be read."""
    from lake.catalog import NoLake, installed  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.errors import BadSelection, ReplayFailed  # noqa: PLC0415 (as above)

    settings = LakeSettings()
    if not settings.catalog_uri:
        return None
    if not installed():
        from lake.catalog import MISSING  # noqa: PLC0415 (as above)

        raise BadSelection(f"{MISSING}; --no-lake reads the topics alone")
    from lake.errors import AWAY  # noqa: PLC0415 (an extra)
    from lake.reading import LakeSource  # noqa: PLC0415 (an extra)

    try:
        return LakeSource(settings, ObjectStoreSettings())
    except (NoLake, *AWAY) as error:
        raise ReplayFailed(f"the lake: {error}; --no-lake reads the topics alone") from error


def _sink(  # noqa: PLR0913 (one argument per option that decides)
    selection: "Selection",
    words: dict[str, str | None],
    format_: Format,
    output: Path | None,
    to_topic: str | None,
    *,
    i_know: bool,
    validate: bool,
) -> "Sink":
    from replaying.copying import TopicSink, refuse_live  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.errors import BadSelection  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.sinks import Lines  # noqa: PLC0415 (slow to import, rarely needed)

    if to_topic is not None:
        refuse_live(to_topic, selection.topics, i_know=i_know)
        return TopicSink(KafkaSettings(), to_topic)
    if format_ in (Format.PARQUET, Format.DUCKDB):
        if output is None:
            raise BadSelection(f"--format {format_} needs --output")
        return _tables(format_, output, words, selection, validate=validate)
    ascii_only = output is None and not speaks_unicode()
    json_line = partial(as_json, ascii_only=ascii_only)
    render = json_line if format_ is Format.JSONL else as_text
    file = nullcontext(sys.stdout) if output is None else whole(output)
    return Lines(file, render)


def _tables(
    format_: Format,
    output: Path,
    words: dict[str, str | None],
    selection: "Selection",
    *,
    validate: bool,
) -> "Sink":
    from replaying.errors import MissingPackages  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        from replaying.duck import DuckSink  # noqa: PLC0415 (an extra)
        from replaying.parquet import ParquetSink  # noqa: PLC0415 (an extra)
        from replaying.tables import system_memory  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingPackages(error.name or "pyarrow") from error
    system_memory()
    topics = selection.topics
    return (
        ParquetSink(output, words, topics=topics, validate=validate)
        if format_ is Format.PARQUET
        else DuckSink(output, topics, validate=validate)
    )


def _said(summary: "Summary", side: Path) -> str:
    rate = summary.read / summary.seconds if summary.seconds else 0
    kept = f", {summary.from_lake} of them from the lake" if summary.from_lake else ""
    aside = f"; {summary.damaged} damaged, set aside in {side}" if summary.damaged else ""
    return (
        f"{summary.rows} rows of {summary.read} records{kept}, {summary.seconds:.1f} s, "
        f"{rate:,.0f} a second{aside}"
    )
