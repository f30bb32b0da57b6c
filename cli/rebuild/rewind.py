"""`looks db rewind-projection`: let the projection read a partition again."""

import asyncio
import sys
from typing import Annotated

import typer

from cli.letters.options import DryRun, WhoActs, Why, Yes
from cli.letters.running import guarded
from cli.settings import database, operator_name
from consumers.status_projection import DECLARATION
from domain.redriving import RecordPosition, Verb
from runtime.groups import members_of
from runtime.kafka import TopicPartition
from runtime.reading import low_watermarks
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from storage.operator_actions import Intent
from storage.rewind import NoWayBack, check, rewind
from storage.shadow import RebuildBusy, alone


def rewind_projection(  # noqa: PLR0913 (one argument per option of the command)
    *,
    topic: Annotated[str, typer.Option(help="a topic of the projection")],
    partition: Annotated[int, typer.Option(min=0, help="its partition")],
    offset: Annotated[int, typer.Option(min=0, help="the first record to read again")],
    dry_run: DryRun = False,
    yes: Yes = False,
    operator: WhoActs = None,
    why: Why = "",
) -> None:
    """Set the projection back to an earlier offset. Stop status_projection first; it reads on from
    there when you start it again. Reading records twice changes no row. Exit 0: done. 1: refused,
    and the line says why. 2: Postgres or Kafka did not answer.
    """
    intent = Intent(
        new_request_id(),
        Verb.REWIND,
        RecordPosition(topic, partition, offset),
        operator_name(operator),
        why,
    )
    if not (dry_run or yes) and not sys.stdin.isatty():
        typer.secho(
            "nothing was done: say --yes, or --dry-run to see what would be", fg="red", err=True
        )
        raise typer.Exit(1)
    try:
        typer.echo(guarded(lambda: _rewind(intent, dry_run=dry_run, yes=yes)))
    except (NoWayBack, RebuildBusy) as error:
        typer.secho(str(error) or "a rebuild is at work; try again", fg="red", err=True)
        raise typer.Exit(1) from error


async def _rewind(intent: Intent, *, dry_run: bool, yes: bool) -> str:
    kafka, place = KafkaSettings(), intent.place
    if place.topic not in {topic.name for topic in DECLARATION.topics}:
        raise NoWayBack(f"{place.topic} is no topic of the projection")
    if place.partition >= kafka.names.count(place.topic):
        raise NoWayBack(f"{place.topic} has {kafka.names.count(place.topic)} partitions")
    await _refuse_running(kafka)
    tp = TopicPartition(place.topic, place.partition)
    begins = (await low_watermarks(kafka, [tp]))[tp]
    if place.offset < begins:
        raise NoWayBack(
            f"{place.topic}[{place.partition}] begins at {begins}: older records are gone"
        )
    async with alone(database()) as connection:
        before = await check(connection, place)
        told = f"from {before} back to {place}: {before - place.offset} offsets to read again"
        if dry_run:
            return f"would go {told}"
        if not yes:
            await asyncio.to_thread(typer.confirm, f"Go {told}?", abort=True)
        await rewind(connection, intent)
    await _refuse_running(kafka)
    return f"went {told}"


async def _refuse_running(kafka: KafkaSettings) -> None:
    members = await members_of(kafka, DECLARATION.group)
    if members:
        raise NoWayBack(
            f"{DECLARATION.name} is running ({members} in its group) and would go on where it is: "
            "stop it first"
        )
