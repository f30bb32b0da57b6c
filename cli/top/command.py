"""`looks top`: asks each process for its metrics, again and again."""

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from cli.top.view import view
from operations.processes import AskedProcess, ask, asked_at, rows
from operations.samples import Overall, ProcessRow, Sample, summary

EXIT_SILENT = 2


def top(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            help="HOST:PORT, or NAME=HOST:PORT, of processes' health ports; a host with several "
            "addresses is all of them. Default: the development stack's"
        ),
    ] = None,
    *,
    every_s: Annotated[float, typer.Option(min=0.2, help="seconds between two refreshes")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="show the state once, and end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="with --once: print JSON")] = False,
) -> None:
    """Show all processes, live: ready or not, rates, failures, lag, and memory. It only reads
    `/metrics`. Exit 2: with --once, no process answered.
    """
    asked = [one for place in places or _development() for one in _asked_at(place)]
    console = Console()
    try:
        if once:
            _say(console, *asyncio.run(_twice(asked, every_s)), as_json=as_json)
            return
        asyncio.run(_watch(console, asked, every_s))
    except KeyboardInterrupt:
        return


async def _watch(console: Console, asked: Sequence[AskedProcess], every_s: float) -> None:
    before: list[Sample | None] = [None] * len(asked)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            now = await ask(asked)
            live.update(view(*_told(asked, before, now)), refresh=True)
            before = [fresh or old for fresh, old in zip(now, before, strict=True)]
            await asyncio.sleep(every_s)


async def _twice(asked: Sequence[AskedProcess], every_s: float) -> tuple[list[ProcessRow], Overall]:
    before = await ask(asked)
    await asyncio.sleep(every_s)
    return _told(asked, before, await ask(asked))


def _told(
    asked: Sequence[AskedProcess], before: Sequence[Sample | None], now: Sequence[Sample | None]
) -> tuple[list[ProcessRow], Overall]:
    pairs = list(zip(before, now, strict=True))
    return rows(asked, pairs), summary(pairs)


def _say(console: Console, seen: list[ProcessRow], told: Overall, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "processes": [dataclasses.asdict(one) for one in seen],
            "all": dataclasses.asdict(told),
        }
        typer.echo(json.dumps(shown))
    else:
        console.print(view(seen, told))
    if all(one.ready is None for one in seen):
        raise typer.Exit(EXIT_SILENT)


def _asked_at(place: str) -> list[AskedProcess]:
    """Raises typer.BadParameter."""
    try:
        return asked_at(place)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _development() -> list[str]:
    """Health ports of the development stack. Raises typer.BadParameter where there is none."""
    from devstack.folder import default_folder, health_places  # noqa: PLC0415 (few need it)

    file = default_folder().data / "ports.json"
    try:
        ports: dict[str, int] = json.loads(file.read_text())
    except (OSError, ValueError):
        raise typer.BadParameter("name HOST:PORT: there is no development stack here") from None
    return health_places(ports)
