"""`looks topics lag`: who reads what, and how far behind."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterable
from itertools import groupby
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from prometheus_client import start_http_server

from runtime import metrics
from runtime.groups import Lag, lags
from runtime.settings import KafkaSettings


def _by_topic(found: Iterable[Lag]) -> Iterable[tuple[str, str, list[Lag]]]:
    for (group, topic), of in groupby(found, key=lambda lag: (lag.group, lag.topic)):
        yield group, topic, list(of)


def _records(of: list[Lag]) -> int | None:
    known = [lag.records for lag in of if lag.records is not None]
    return sum(known) if known else None


def _seconds(of: list[Lag]) -> float | None:
    return max((lag.seconds for lag in of if lag.seconds is not None), default=None)


def _line(group: str, topic: str, of: list[Lag]) -> str:
    records, seconds = _records(of), _seconds(of)
    behind = (
        "keeps its offsets elsewhere"
        if records is None
        else f"{records:>9} records {seconds or 0:>10.1f} s behind"
    )
    members = len({lag.member for lag in of if lag.member})
    return f"{group:<32} {topic:<26} {behind}  {members} members"


def _export(found: list[Lag]) -> None:
    metrics.GROUP_LAG_RECORDS.clear()
    metrics.GROUP_LAG_SECONDS.clear()
    for group, topic, of in _by_topic(found):
        records, seconds = _records(of), _seconds(of)
        if records is not None and seconds is not None:
            metrics.GROUP_LAG_RECORDS.labels(group, topic).set(records)
            metrics.GROUP_LAG_SECONDS.labels(group, topic).set(seconds)


def lag(
    group: Annotated[list[str] | None, typer.Option(help="only this group; repeatable")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON, one object per partition")
    ] = False,
    watch: Annotated[bool, typer.Option(help="repeat, until Ctrl-C")] = False,
    every_s: Annotated[
        float, typer.Option(min=1, help="with --watch: seconds between two rounds")
    ] = 15.0,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="with --watch: also serve Prometheus metrics at this port of 127.0.0.1",
        ),
    ] = None,
) -> None:
    """Show which group reads which topic and how far behind it is, in records and in seconds. It
    only reads.
    """
    if port is not None and watch:
        start_http_server(port, addr="127.0.0.1")
    settings = KafkaSettings()
    while True:
        try:
            found = asyncio.run(lags(settings, group or ()))
        except (KafkaError, TimeoutError) as error:
            typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
            if not watch:
                raise typer.Exit(2) from error
            found = []
        _export(found)
        for line in _lines(found, as_json=as_json):
            typer.echo(line)
        if not watch:
            return
        time.sleep(every_s)


def _lines(found: list[Lag], *, as_json: bool) -> list[str]:
    if as_json:
        return [json.dumps(dataclasses.asdict(one)) for one in found]
    return [_line(*of) for of in _by_topic(found)] or ["no group reads these topics"]
