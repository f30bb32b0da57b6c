"""`looks topics grow`: more partitions for the topics of requests, on a living system."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError

from cli.settings import database, run
from domain.growing import CLOCKS_DIFFER, COMMIT_WITHIN, LEAD, Margins, Refused
from operations import growing
from operations.growing import Growing, NotGrown
from runtime.settings import KafkaSettings
from runtime.topics_admin import TopicsRefused
from schemas.topics import COPARTITIONED, LOOK_REQUESTED
from storage.database import DATABASE_AWAY, connect
from storage.growths import growths

T = TypeVar("T")


def grow(  # noqa: PLR0913 (the options of a command)
    topic: Annotated[
        str, typer.Argument(help="a topic of requests: all of them grow together")
    ] = LOOK_REQUESTED.name,
    count: Annotated[
        int | None,
        typer.Argument(min=1, max=10_000, help="how many partitions each topic shall have"),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="show the steps; change nothing")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="show how far a growth has come")
    ] = False,
    lead_s: Annotated[
        float,
        typer.Option(
            min=(CLOCKS_DIFFER + COMMIT_WITHIN).total_seconds(),
            help="from the end of the preparation to the first request on a new partition: in it, "
            "other teams' consumers find the new partitions, empty",
        ),
    ] = LEAD.total_seconds(),
    within_s: Annotated[
        float,
        typer.Option(min=1, help="seconds that our groups may take to join the new partitions"),
    ] = 180.0,
) -> None:
    """Give the topics of requests more partitions, without stopping anything. Requests made before
    the change stay where they are; later ones use all partitions. If it is interrupted, run it
    again. Exit 0: done. 1: refused, or not ready in time; no request uses a new partition yet. 2:
    Kafka or Postgres did not answer.
    """
    if topic not in COPARTITIONED:
        _end(f"{topic} is no topic of requests: these are {', '.join(COPARTITIONED)}", 1)
    if count is None and not status:
        _end("COUNT is missing: how many partitions are wanted", 2)

    def made(at: Growing) -> Awaitable[None]:
        if status or count is None:
            return _status(at)
        return _plan(at, count) if plan else _grow(at, count)

    margins = Margins(timedelta(seconds=lead_s))
    _guarded(lambda: _connected(made, margins, within_s))


async def _connected(
    work: Callable[[Growing], Awaitable[None]], margins: Margins, within_s: float
) -> None:
    connection = await connect(database(), "looks-grow")
    try:
        await work(Growing(KafkaSettings(), connection, typer.echo, margins, within_s))
    finally:
        await connection.close()


async def _status(at: Growing) -> None:
    for line in await growing.standing(at):
        at.say(line)


async def _plan(at: Growing, count: int) -> None:
    step = await growing.planned(at, count)
    if isinstance(step, Refused):
        raise NotGrown(step.why)
    for line in growing.ahead(step, at.margins):
        at.say(f"would {line}")
    for line in await growing.standing(at):
        at.say(line)


async def _grow(at: Growing, count: int) -> None:
    if await growing.grow(at, count) is None:
        at.say(f"every topic has {count} partitions")
    for line in growing.said(at.kafka, await growths(at.connection)):
        at.say(line)


def _guarded(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return run(work)
    except (NotGrown, TopicsRefused) as error:
        _end(str(error), 1)
    except (KafkaError, *DATABASE_AWAY) as error:
        _end(f"{type(error).__name__}: {error}", 2)


def _end(why: str, code: int) -> NoReturn:
    typer.secho(why, fg="red", err=True)
    raise typer.Exit(code)
