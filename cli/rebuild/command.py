"""`looks db rebuild-projection`: the projection's rows from the topics anew, compared with the live
ones, swapped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.progress import shown
from cli.replay import open_lake
from cli.settings import database, run
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from cli.rebuild.history import Count, TellCount
    from cli.rebuild.run import Rebuilt
    from storage.rebuild import Difference

EXIT_DIFFERENT, EXIT_FAILED = 1, 2
MAX_SHOWN = 60


def rebuild_projection(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="compare; change nothing")] = False,
    keep_shadow: Annotated[
        bool,
        typer.Option(
            "--keep-shadow", help="keep the rebuilt copies (shadow_* tables) for a closer look"
        ),
    ] = False,
    lake: Annotated[
        bool, typer.Option(help="read the lake where there is one, and of the topics what follows")
    ] = True,
) -> None:
    """Compare request_logs and job_events with the topics, and repair every row that differs. The
    projection may keep running. Exit 0: nothing differs, or it was repaired. 1: a dry run found
    differences. 2: it failed, and nothing was changed.
    """
    from cli.rebuild.run import rebuild  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.errors import ReplayError  # noqa: PLC0415 (slow to import, rarely needed)
    from storage.shadow import RebuildBusy  # noqa: PLC0415 (slow to import, rarely needed)

    settings, topics = database(), KafkaSettings()
    try:
        with _shown() as tell:
            done = run(
                lambda: rebuild(
                    topics,
                    settings,
                    open_lake() if lake else None,
                    dry_run=dry_run,
                    keep_shadow=keep_shadow,
                    tell=tell,
                )
            )
    except (ReplayError, RebuildBusy) as error:
        typer.secho(str(error) or "another rebuild is at work", fg="red", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    typer.echo("\n".join(said(done)))
    if dry_run and (done.compared.events or done.compared.requests):
        raise typer.Exit(EXIT_DIFFERENT)


def said(done: "Rebuilt") -> Iterator[str]:
    """The outcome, for people."""
    count, compared = done.count, done.compared
    rate = count.records / done.seconds if done.seconds else 0
    yield (
        f"read {count.records} records in {done.seconds:.1f} s, {rate:,.0f} a second, comparison "
        "included"
    )
    if count.damaged or count.refused:
        yield (
            f"{count.damaged} can't be read, {count.refused} are of no request or of another "
            "tenant's: no rows of these"
        )
    if compared.kept:
        yield (
            f"{compared.kept} requests may have records that are gone: what the topics say no more "
            "was kept"
        )
    if compared.two_outcomes:
        yield (
            f"{compared.two_outcomes} requests both succeeded and failed, says Kafka: their status "
            "was kept; run looks audit"
        )
    if done.behind:
        yield f"the projection had {done.behind} offsets yet to read: their rows count as different"
    for (table, word), number in sorted(compared.counts.items()):
        yield f"{table}: {word}: {number}"
    yield from map(_line, compared.sample)
    if not compared.events and not compared.requests:
        yield "every row is what the topics say"
    else:
        verb = "replaced" if done.swapped else "would be replaced"
        yield f"{compared.events} rows of job_events and {compared.requests} of request_logs {verb}"


def _line(one: "Difference") -> str:
    place = one.request_id if one.seq is None else f"{one.request_id} {one.seq}"
    names = (one.live or one.rebuilt or {}).keys()
    told = ", ".join(
        f"{name} {_shown_value(one.live, name)} -> {_shown_value(one.rebuilt, name)}"
        for name in names
    )
    return f"  {one.table} {place} {one.what}: {told}"


def _shown_value(side: dict[str, object] | None, name: str) -> str:
    return "no row" if side is None else repr(side.get(name))[:MAX_SHOWN]


@contextmanager
def _shown() -> "Iterator[TellCount]":
    from replaying.run import Summary  # noqa: PLC0415 (slow to import, rarely needed)

    with shown("rebuilding") as bar:

        def tell(count: "Count") -> None:
            bar(Summary(done=count.done, total=count.total, damaged=count.damaged))

        yield tell
