"""`looks dlq`: read dead letters and quarantined records. Reading moves nobody's offsets."""

from collections import deque
from collections.abc import Callable
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from cli.settings import run
from runtime.kafka import ConsumerRecord, read
from runtime.settings import KafkaSettings
from runtime.topic_facts import read_all
from schemas.envelope import Undecodable
from schemas.events import LookDeadLettered
from schemas.topics import LOOK_DEAD_LETTER, LOOK_QUARANTINE, Topic

app = typer.Typer(no_args_is_help=True, help="Dead letters and quarantined records.")

MAX_SHOWN_BYTES = 80


def _lines(topic: Topic, render: Callable[[ConsumerRecord], str | None], limit: int) -> list[str]:
    """The newest `limit` lines of a topic."""
    lines: deque[str] = deque(maxlen=limit)

    def take(record: ConsumerRecord) -> None:
        line = render(record)
        if line is not None:
            lines.append(line)

    try:
        run(lambda: read_all(KafkaSettings(), (topic,), take))
    except KafkaError as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    return list(lines)


Limit = Annotated[int, typer.Option("-n", min=1, max=10_000, help="how many, the newest")]


@app.command("list")
def show_letters(
    reason: Annotated[str | None, typer.Option(help="only this reason code")] = None,
    request: Annotated[str | None, typer.Option(help="only this request id")] = None,
    limit: Limit = 50,
) -> None:
    """List dead letters: when, which request, why, after how many attempts, who decided."""

    def render(record: ConsumerRecord) -> str | None:
        work = read(record)
        if isinstance(work, Undecodable) or not isinstance(work.decoded.event, LookDeadLettered):
            return None
        letter = work.decoded.event
        if reason not in (None, letter.reason.code) or request not in (None, letter.request_id):
            return None
        item = "" if letter.reason.item_index is None else f" items[{letter.reason.item_index}]"
        return (
            f"{letter.dead_lettered_at:%Y-%m-%d %H:%M:%S} {letter.request_id} {letter.tenant_id:<12} "
            f"{letter.reason.code}{item} after {letter.attempts} by {letter.decided_by}: {letter.reason.message}"
        )

    typer.echo("\n".join(_lines(LOOK_DEAD_LETTER, render, limit)) or "no dead letters")


@app.command("quarantine")
def show_quarantine(limit: Limit = 50) -> None:
    """List quarantined records: where each came from, who could not handle it, why, and its first bytes."""

    def render(record: ConsumerRecord) -> str:
        headers = {name: (raw or b"").decode(errors="replace") for name, raw in record.headers or ()}
        origin = ":".join(headers.get(f"looks-quarantine-{name}", "?") for name in ("topic", "partition", "offset"))
        begins = (record.value or b"")[:MAX_SHOWN_BYTES]
        who, why = (headers.get(f"looks-quarantine-{name}", "?") for name in ("consumer", "reason"))
        return f"{origin} {who}: {why} {begins!r}"

    typer.echo("\n".join(_lines(LOOK_QUARANTINE, render, limit)) or "nothing is quarantined")
