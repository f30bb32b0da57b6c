"""The options that `looks dlq` commands share, and how times and places are written."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from domain import moments
from domain.redriving import RecordPosition
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_QUARANTINE

_PLACE = re.compile(r"(?:([a-z.0-9-]+)\[)?(\d{1,6})\]?@(\d{1,18})")

MaxItems = Annotated[int, typer.Option("-n", min=1, max=10_000, help="how many at most")]
Request = Annotated[str | None, typer.Option(help="only this request id")]
OnlyTenant = Annotated[str | None, typer.Option(help="only this tenant's")]
Since = Annotated[
    str | None, typer.Option(help="appended at or after: ISO 8601, or 90s, 15m, 2h, 3d ago")
]
Until = Annotated[str | None, typer.Option(help="appended before; written like --since")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line")]
Everything = Annotated[
    bool, typer.Option("--all", help="act on every record: say so when nothing is selected")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen and change nothing")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
Operator = Annotated[str | None, typer.Option(help="who acts; default: the user of this machine")]
Why = Annotated[str, typer.Option("--why", help="recorded with the action")]


Unsettled = Annotated[
    bool, typer.Option("--open", help="only those that no operator has dealt with")
]


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: `since` <= appended < `until`; None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records a command is about; what is None selects nothing."""

    request: str | None = None
    reason: str | None = None
    tenant: str | None = None
    topic: str | None = None
    consumer: str | None = None
    record: str | None = None
    window: Window = Window()

    def refuse_blanket(self, *, said_all: bool) -> None:
        """Acting on every record must be asked for in so many words."""
        if self == Choice() and not said_all:
            typer.secho("select records, or say --all", fg="red", err=True)
            raise typer.Exit(2)


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
    """A quarantined record's place: `look.quarantine[3]@17`, or `3@17` for short. Raises
    typer.BadParameter.
    """
    parts = _PLACE.fullmatch(text)
    if (
        parts is None
        or parts[1] not in (None, LOOK_QUARANTINE.name)
        or int(parts[2]) >= KafkaSettings().names.count(LOOK_QUARANTINE.name)
    ):
        raise typer.BadParameter(
            f"{text!r} is no place in {LOOK_QUARANTINE.name}: write PARTITION@OFFSET"
        )
    return RecordPosition(LOOK_QUARANTINE.name, int(parts[2]), int(parts[3]))
