"""`looks db recover`: a database that was restored from a backup meets a Kafka that went on."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.letters.options import DryRun, window
from cli.letters.running import guarded
from cli.settings import database
from consumers import credit_ledger
from consumers.webhooks.handler import DECLARATION as WEBHOOKS
from runtime.groups import GroupInUse, members_of, set_back
from runtime.settings import KafkaSettings
from schemas.events import LookRequested
from schemas.topics import LOOK_REQUESTED
from storage import recovery
from storage.database import connect

if TYPE_CHECKING:
    import asyncpg

MARGIN = timedelta(minutes=15)
"""Read from so long before the backup: clocks differ, and an outbox may have been behind."""
READ_AGAIN = (credit_ledger.DECLARATION, WEBHOOKS)
"""Whose effects are in Postgres, and whose offsets in Kafka: both can be applied again."""


def recover(
    *,
    since: Annotated[
        str, typer.Option(help="when the backup was taken: ISO 8601, or an age (15m, 2h, 3d)")
    ],
    dry_run: DryRun = False,
) -> None:
    """Run this after Postgres was restored from a backup. It gives requests that only Kafka knows
    their rows and charges, and reads refunds and webhooks of that time again. Stop every process of
    Looks first. Safe to repeat. Exit 0: done. 1: a process still runs, or a request could not be
    charged. 2: Postgres or Kafka did not answer.
    """
    from replaying.errors import ReplayError  # noqa: PLC0415 (slow to import, rarely needed)

    begin = window(since, None).since
    assert begin is not None
    try:
        refused = guarded(
            lambda: _recover(KafkaSettings(), begin - MARGIN, dry_run=dry_run, say=typer.echo)
        )
    except GroupInUse as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    except ReplayError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
    if refused:
        raise typer.Exit(1)


async def _recover(
    kafka: KafkaSettings, since: datetime, *, dry_run: bool, say: Callable[[str], None]
) -> int:
    """How many requests could not be charged. Raises GroupInUse before anything is changed."""
    for declared in READ_AGAIN:
        if members := await members_of(kafka, declared.group):
            raise GroupInUse(f"{declared.name} runs ({members} in its group): stop all processes")
    connection = await connect(database(), "looks-recover")
    try:
        restored, refused = await _requests(connection, kafka, since, dry_run=dry_run, say=say)
    finally:
        await connection.close()
    would = "would be " if dry_run else ""
    say(f"{restored} requests {would}restored with their charges, {refused} refused")
    if dry_run:
        return refused
    for declared in READ_AGAIN:
        moved = await set_back(kafka, declared.group, int(since.timestamp() * 1000))
        say(f"{declared.name} reads {len(moved)} partitions again")
    return refused


async def _requests(
    connection: "asyncpg.Connection",
    kafka: KafkaSettings,
    since: datetime,
    *,
    dry_run: bool,
    say: Callable[[str], None],
) -> tuple[int, int]:
    restored = refused = 0
    batches = await asyncio.to_thread(lambda: _batches(kafka, since))
    while (events := await asyncio.to_thread(next, batches, None)) is not None:
        for event in await recovery.unknown(connection, events):
            why = None if dry_run else await recovery.restore(connection, event)
            restored, refused = restored + (why is None), refused + (why is not None)
            if why is not None:
                say(f"{event.request_id}: {why}")
    return restored, refused


def _batches(kafka: KafkaSettings, since: datetime) -> Iterator[list[LookRequested]]:
    """Every `look.requested` since then, each request once. Blocks. Raises a ReplayError."""
    from replaying.kafka import asking, blocks, resolve  # noqa: PLC0415 (slow to import, rarely needed)
    from replaying.records import works  # noqa: PLC0415 (as above)
    from replaying.selection import AtTime, Selection  # noqa: PLC0415 (as above)

    selection = Selection((LOOK_REQUESTED.name,), start=AtTime(since))
    with asking(kafka) as asked:
        ranges, _ = resolve(asked, selection)
    for block in blocks(kafka, ranges):
        found = {
            one.request_id: one.decoded.event
            for one in works(block)
            if isinstance(one.decoded.event, LookRequested)
        }
        if found:
            yield list(found.values())
