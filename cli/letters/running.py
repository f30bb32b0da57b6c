"""What every command that reads or acts on records is run with: errors as one line, a word at the
end.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from aiokafka.errors import KafkaError

from cli.settings import run
from storage.operator_actions import OperatorBusy

T = TypeVar("T")


def guarded(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command; what Kafka or another operator is to blame for becomes one line and exit code
    2.
    """
    try:
        return run(work)
    except OperatorBusy as error:
        typer.secho("another operator's command is acting; try again", fg="red", err=True)
        raise typer.Exit(2) from error
    except (KafkaError, TimeoutError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


def finish(came_to: Counter[str], left: int) -> None:
    """Say what was done in all. Exit code 1 when something was refused or failed."""
    told = (
        ", ".join(f"{count} {word}" for word, count in sorted(came_to.items()))
        or "nothing was selected"
    )
    typer.echo(f"{told}; {left} more are left: repeat the command" if left else told, err=True)
    if came_to["refused"] or came_to["failed"]:
        raise typer.Exit(1)
