"""`looks top`: asks each process for its metrics, again and again."""

import asyncio
import dataclasses
import json
import socket
import time
from collections.abc import Sequence
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.live import Live

from cli.top.samples import Overall, ProcessRow, Sample, parsed, row, summary
from cli.top.view import view

TIMEOUT_S = 3.0
EXIT_SILENT = 2


def top(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            help="HOST:PORT of processes' health ports; a name with several addresses is all of "
            "them. Default: the development stack's"
        ),
    ] = None,
    *,
    every_s: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="show one view, and end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the view as JSON; with --once")] = False,
) -> None:
    """Show all processes, live: ready or not, rates, failures, lag, memory. Reads `/metrics` alone.

    Exit 2: with --once, none answered.
    """
    asked = [one for place in places or _development() for one in _addresses(place)]
    console = Console()
    try:
        if once:
            _say(console, *asyncio.run(_twice(asked, every_s)), as_json=as_json)
            return
        asyncio.run(_watch(console, asked, every_s))
    except KeyboardInterrupt:
        return


async def _watch(console: Console, asked: Sequence[str], every_s: float) -> None:
    before: list[Sample | None] = [None] * len(asked)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            now = await _ask(asked)
            live.update(view(*_told(asked, before, now)), refresh=True)
            before = [fresh or old for fresh, old in zip(now, before, strict=True)]
            await asyncio.sleep(every_s)


async def _twice(asked: Sequence[str], every_s: float) -> tuple[list[ProcessRow], Overall]:
    before = await _ask(asked)
    await asyncio.sleep(every_s)
    return _told(asked, before, await _ask(asked))


def _told(
    asked: Sequence[str], before: Sequence[Sample | None], now: Sequence[Sample | None]
) -> tuple[list[ProcessRow], Overall]:
    pairs = list(zip(before, now, strict=True))
    rows = [row(place, *pair) for place, pair in zip(asked, pairs, strict=True)]
    return sorted(rows, key=lambda one: (one.process, one.address)), summary(pairs)


def _say(console: Console, rows: list[ProcessRow], told: Overall, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "processes": [dataclasses.asdict(one) for one in rows],
            "all": dataclasses.asdict(told),
        }
        typer.echo(json.dumps(shown))
    else:
        console.print(view(rows, told))
    if all(one.ready is None for one in rows):
        raise typer.Exit(EXIT_SILENT)


async def _ask(asked: Sequence[str]) -> list[Sample | None]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        return list(await asyncio.gather(*(_sample(client, place) for place in asked)))


async def _sample(client: httpx.AsyncClient, place: str) -> Sample | None:
    try:
        answer = await client.get(f"http://{place}/metrics")
        return parsed(answer.raise_for_status().text, time.monotonic())
    except (httpx.HTTPError, ValueError):
        return None


def _addresses(place: str) -> list[str]:
    """Every address that a name leads to, as Kubernetes' headless services have. Raises
    typer.BadParameter.
    """
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal():
        raise typer.BadParameter(f"{place} is not HOST:PORT")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise typer.BadParameter(f"{place}: {error}") from error
    told = sorted({str(one[4][0]) for one in found})
    return [f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in told]


def _development() -> list[str]:
    """Health ports of the development stack. Raises typer.BadParameter where there is none."""
    from devstack.folder import default_folder  # noqa: PLC0415 (few need it)

    file = default_folder().data / "ports.json"
    try:
        ports: dict[str, int] = json.loads(file.read_text())
    except (OSError, ValueError):
        raise typer.BadParameter("name HOST:PORT: there is no development stack here") from None
    return [f"127.0.0.1:{port}" for name, port in ports.items() if name.startswith("health_")]
