"""The options that `looks dlq` commands share, and how times and places are written."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from domain.redriving import RecordPosition
from schemas.topics import LOOK_QUARANTINE

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
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


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: `since` <= appended < `until`; None is open."""

    since: datetime | None
    until: datetime | None


def window(since: str | None, until: str | None) -> Window:
    """The range that --since and --until name. Raises typer.BadParameter."""
    now = datetime.now(UTC)
    return Window(moment(since, now) if since else None, moment(until, now) if until else None)


def moment(text: str, now: datetime) -> datetime:
    """A moment, UTC where no zone is given. Raises typer.BadParameter."""
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(seconds=int(ago[1]) * _UNIT_S[ago[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither ISO 8601 nor like 90s, 15m, 2h, 3d"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def place(text: str) -> RecordPosition:
    """A quarantined record's place: `look.quarantine[3]@17`, or `3@17` for short. Raises
    typer.BadParameter.
    """
    parts = _PLACE.fullmatch(text)
    if (
        parts is None
        or parts[1] not in (None, LOOK_QUARANTINE.name)
        or int(parts[2]) >= LOOK_QUARANTINE.partitions
    ):
        raise typer.BadParameter(
            f"{text!r} is no place in {LOOK_QUARANTINE.name}: write PARTITION@OFFSET"
        )
    return RecordPosition(LOOK_QUARANTINE.name, int(parts[2]), int(parts[3]))
