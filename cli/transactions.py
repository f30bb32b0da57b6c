"""`looks topics transactions`: who has a transaction open, and how it is ended."""

import dataclasses
import json
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from cli.settings import run
from runtime.open_transactions import OpenTransaction, open_transactions
from runtime.reading import partitions_of
from runtime.settings import KafkaSettings
from schemas.topics import TOPICS


def transactions(
    idle_s: Annotated[
        float, typer.Option(min=0, help="only those that have been idle for so many seconds")
    ] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON, one object per line")
    ] = False,
) -> None:
    """List open Kafka transactions, and what ends each. Exit 0: none is open. 1: some are. 2: Kafka
    did not answer.
    """
    settings = KafkaSettings()
    try:
        found = run(lambda: _open(settings))
    except (KafkaError, TimeoutError, OSError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    idle = [one for one in found if one.idle_s >= idle_s]
    for one in idle:
        typer.echo(
            json.dumps(dataclasses.asdict(one))
            if as_json
            else _said(one, settings.names.topic(one.topic))
        )
    if not idle and not as_json:
        typer.echo(f"no transaction is open and idle for {idle_s:g} s")
    raise typer.Exit(1 if idle else 0)


async def _open(settings: KafkaSettings) -> list[OpenTransaction]:
    return await open_transactions(settings, await partitions_of(settings, TOPICS))


def _said(one: OpenTransaction, topic: str) -> str:
    who = (
        f"transactional id {one.transactional_id}"
        if one.transactional_id
        else "no transactional id: nothing else ends it"
    )
    return (
        f"{one.topic}[{one.partition}]@{one.first_offset} producer {one.producer_id} epoch "
        f"{one.producer_epoch} "
        f"idle {one.idle_s:.0f} s, {who}\n"
        f"  kafka-transactions.sh --bootstrap-server ... abort --topic {topic} --partition "
        f"{one.partition} "
        f"--start-offset {one.first_offset}"
    )
