"""`looks audit`: check every promise of the system over Postgres, Kafka and S3, while it runs."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from cli.audit_metrics import write
from cli.settings import database, run
from domain.audit import Violation
from lake.catalog import NoLake
from operations.auditing.lake_side import away
from operations.auditing.tally import Tally
from operations.auditing.whole import SETTLE_S, AuditOrder, BadSince, NotKept, audited
from storage.object_store import StoreError

app = typer.Typer(
    help="Check on the running system that no request, credit or picture was lost. It only reads. "
    "Exit 0: clean. 1: violations. 2: could not check."
)


@app.callback(invoke_without_command=True)
def main(  # noqa: PLR0913 (the options of a command)
    *,
    settle_s: Annotated[
        float,
        typer.Option(min=0, help="seconds that an event may take before it counts as missing"),
    ] = SETTLE_S,
    sample: Annotated[
        int, typer.Option(min=0, help="how many pictures to check byte by byte; 0: all")
    ] = 0,
    since: Annotated[
        str,
        typer.Option(
            help="look at what was created since: a time, an age, or `last`: since the last audit, "
            "if it was clean; the lake is left out"
        ),
    ] = "",
    every_s: Annotated[
        float, typer.Option(min=0, help="repeat, with a pause of so many seconds; 0: run once")
    ] = 0.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON, one object per line")
    ] = False,
    metrics_file: Annotated[
        Path | None,
        typer.Option(help="also write the result to this file, in Prometheus' textfile format"),
    ] = None,
) -> None:
    """Exit 0: every promise is kept. Exit 1: each broken one has a line. Exit 2: it could not be
    checked.
    """
    code = 0
    while True:
        code = _once(AuditOrder(since, sample, settle_s), as_json, metrics_file)
        if not every_s:
            raise typer.Exit(code)
        time.sleep(every_s)


def _once(order: AuditOrder, as_json: bool, metrics_file: Path | None) -> int:
    """One audit; returns the exit code."""
    settings, tally = database(), Tally()

    def show(violation: Violation) -> None:
        typer.echo(json.dumps(asdict(violation)) if as_json else str(violation))

    async def work() -> None:
        try:
            await audited(settings, tally, show, order)
        except BadSince as error:
            raise typer.BadParameter(str(error), param_hint="--since") from None
        except NotKept:
            said = "this audit is not kept: `looks db roles` grants it"
            typer.secho(said, fg="yellow", err=True)

    try:
        run(work)
    except (KafkaError, StoreError, TimeoutError, NoLake, *away()) as error:
        typer.secho(f"could not check: {type(error).__name__}: {error}", fg="red", err=True)
        return 2
    if metrics_file is not None:
        write(metrics_file, tally, datetime.now(UTC))
    typer.echo(json.dumps(tally.counted()) if as_json else str(tally))
    return 1 if tally.violations else 0
