"""`python -m chaos`: campaigns, one after another; exit 0 when every promise was kept."""

import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos import sums
from chaos.campaign import Campaign, Report, run
from chaos.plan import FaultKind, strikes
from devstack.part import PartFailed

app = typer.Typer(add_completion=False)


def _say(line: str) -> None:
    typer.echo(line, err=True)


async def _until_told(work: Coroutine[Any, Any, Report]) -> Report:
    """Asked to stop, it stops what it has started first."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


@app.command()
def main(  # noqa: PLR0913 (each argument is an option)
    seed: Annotated[int, typer.Option(help="replays the same faults and the same load")] = 1,
    faults: Annotated[int, typer.Option(min=0)] = 300,
    requests: Annotated[int, typer.Option(min=1)] = 3000,
    over_s: Annotated[float, typer.Option(min=1, help="how long load and faults last")] = 240.0,
    sample: Annotated[
        int, typer.Option(min=0, help="pictures that the audit reads whole; 0: all")
    ] = 0,
    kind: Annotated[
        list[FaultKind] | None, typer.Option(help="only this kind, and others named so")
    ] = None,
    cheap: Annotated[
        bool, typer.Option("--cheap", help="few pictures are drawn: more looks for the same CPU")
    ] = False,
    at_once: Annotated[
        int, typer.Option(min=1, help="requests of clients that are open at a time")
    ] = 150,
    chunks: Annotated[
        int, typer.Option(min=1, help="so many campaigns, each with the next seed")
    ] = 1,
    plan: Annotated[bool, typer.Option("--plan", help="print the faults and do nothing")] = False,
    keep: Annotated[Path | None, typer.Option(help="keep logs and data in this folder")] = None,
) -> None:
    """Load and faults at the same time, then the audit."""
    if plan:
        without = frozenset(FaultKind) - frozenset(kind or FaultKind)
        planned = strikes(seed, faults, over_s, without=without)
        typer.echo("\n".join(str(strike) for strike in planned))
        return
    # Our own clients of a cluster that is being killed
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    kinds = frozenset(kind) if kind else None
    broken = 0
    for number in range(seed, seed + chunks):
        campaign = Campaign(
            number, faults, requests, over_s, at_once, sample, kinds=kinds, cheap=cheap
        )
        broken += not _one(campaign, keep)
    raise typer.Exit(1 if broken else 0)


def _one(campaign: Campaign, keep: Path | None) -> bool:
    """Whether every promise was kept. Where one was not, its logs and data stay."""
    root = keep or Path(tempfile.mkdtemp(prefix="looks-chaos-"))
    stays = keep is not None
    try:
        report = asyncio.run(_until_told(run(campaign, root, _say)))
        stays |= not report.clean
    except asyncio.CancelledError as told:
        raise typer.Exit(130) from told
    except PartFailed as error:
        typer.secho(f"the cluster did not start: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    finally:
        if not stays:
            shutil.rmtree(root, ignore_errors=True)
    typer.echo("\n".join(report.lines()))
    typer.echo(f"report: {report.save(sums.RESULTS)}, summed up in {sums.PAGE.name}")
    sums.main()
    if stays:
        typer.echo(f"logs and data: {root}")
    return report.clean


if __name__ == "__main__":
    sys.exit(app())
