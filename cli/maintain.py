"""`looks db maintain`: partitions attached ahead, old ranges taken away, the outbox kept small."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

import asyncpg
import typer
from pydantic import ValidationError

from cli.settings import database, run
from runtime.settings import RetentionSettings
from storage import advisory
from storage.advisory import Lock
from storage.database import connect
from storage.id_times import first_id
from storage.ledger_closing import LedgerClosing, RequestsRemain
from storage.outbox_size import vacuumed
from storage.partitions import TABLES, IdPartitions, RangeInWork, TableTied, month_of

EXIT_LEFT = 1


def maintain(
    every_s: Annotated[
        float, typer.Option(min=0, help="repeat, with a pause of so many seconds; 0: run once")
    ] = 0.0,
) -> None:
    """Add the next month's partition, remove rows that are older than the retention settings allow,
    and clear the outbox. Run it daily, also while the system works. Exit 1: an old month was kept,
    because a request in it is not finished or not refunded. 2: Postgres did not answer.
    """
    while True:
        code = _once()
        if not every_s:
            raise typer.Exit(code)
        time.sleep(every_s)


def _once() -> int:
    """One round; returns the exit code."""
    try:
        kept = RetentionSettings()
    except ValidationError as error:
        for one in error.errors():
            typer.secho(_named(one["loc"], one["msg"]), fg="red", err=True)
        raise typer.Exit(2) from None

    async def work() -> None:
        connection = await connect(database(), "looks-maintain")
        try:
            # One at a time, and none beside a migration: both change the tables' shape.
            await advisory.hold_until_closed(connection, Lock.MIGRATION)
            async for line in _lines(connection, kept, datetime.now(UTC)):
                typer.echo(line)
        finally:
            await connection.close()

    try:
        run(work)
    except (RangeInWork, RequestsRemain, TableTied) as error:
        typer.secho(str(error), fg="red", err=True)
        return EXIT_LEFT
    return 0


def _named(place: tuple[int | str, ...], why: str) -> str:
    name = "_".join(["LOOKS_RETENTION", *(str(part).upper() for part in place)])
    return f"{name}: {why}" if place else why


async def _lines(
    connection: asyncpg.Connection, kept: RetentionSettings, now: datetime
) -> AsyncIterator[str]:
    """What was done, a line each. Raises RangeInWork, RequestsRemain."""
    partitions = IdPartitions(connection)
    for table in TABLES:
        for line in await partitions.prepare(table, now):
            yield line
        days = getattr(kept, f"{table}_d")
        for gone in [] if days is None else await partitions.retire(table, now - _days(days)):
            yield f"{table}: {gone.rows} rows before {gone.before_id} are gone"
    retired = await partitions.retired("request_logs")
    if kept.ledger_entries_d is not None and retired:
        before = min(retired, first_id(month_of(now - _days(kept.ledger_entries_d))))
        count = await LedgerClosing(connection).close(before)
        yield f"ledger_entries: {count} before {before} are carried forward"
    before_it, after = await vacuumed(connection)
    yield (
        f"outbox: {after.rows} rows wait, {after.bytes} bytes ({before_it.bytes} before, "
        f"{before_it.dead} dead rows)"
    )


def _days(days: float) -> timedelta:
    return timedelta(days=days)
