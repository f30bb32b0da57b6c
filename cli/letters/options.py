"""The options that `looks dlq` commands share, and how times and places are written."""

from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from domain import moments
from domain.redriving import RecordPosition
from operations.letters.choice import Choice, Window, place_of
from runtime.settings import KafkaSettings

T = TypeVar("T")

MaxItems = Annotated[int, typer.Option("-n", min=1, max=10_000, help="at most so many")]
Request = Annotated[str | None, typer.Option(help="only this request id")]
OnlyTenant = Annotated[str | None, typer.Option(help="only this tenant's")]
Since = Annotated[
    str | None,
    typer.Option(help="written at this time or later: ISO 8601, or an age (90s, 15m, 2h, 3d)"),
]
Until = Annotated[
    str | None, typer.Option(help="written before this time; in the same form as --since")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, one object per line")]
Everything = Annotated[
    bool, typer.Option("--all", help="act on all records; needed when nothing else selects some")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would happen; change nothing")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
WhoActs = Annotated[
    str | None, typer.Option(help="who acts, for the record; default: the user of this machine")
]
Why = Annotated[str, typer.Option("--why", help="the reason, kept with the action")]


Unsettled = Annotated[bool, typer.Option("--open", help="only those that no operator has handled")]


def selected(choice: Choice, *, said_all: bool) -> Choice:
    """The same choice. Acting on every record must be asked for in so many words."""
    if choice.is_blanket and not said_all:
        typer.secho("select records, or say --all", fg="red", err=True)
        raise typer.Exit(2)
    return choice


def only(one: T | None) -> frozenset[T] | None:
    """A choice's set of one; None: it selects nothing."""
    return None if one is None else frozenset((one,))


def window(since: str | None, until: str | None) -> Window:
    """The range that --since and --until name. Raises typer.BadParameter."""
    now = datetime.now(UTC)
    return Window(moment(since, now) if since else None, moment(until, now) if until else None)


def moment(text: str, now: datetime) -> datetime:
    """A time or an age, as `domain.moments` reads them. Raises typer.BadParameter."""
    try:
        return moments.moment(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def place(text: str) -> RecordPosition:
    """A quarantined record's place, as `operations.letters.choice` reads it. Raises
    typer.BadParameter.
    """
    try:
        return place_of(text, KafkaSettings().names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
