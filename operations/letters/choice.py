"""Which records are meant, and how a place is written."""

import re
from dataclasses import dataclass
from datetime import datetime

from domain.redriving import Fault, RecordPosition
from schemas.namespace import Namespace
from schemas.topics import LOOK_QUARANTINE

_PLACE = re.compile(r"(?:([a-z.0-9-]+)\[)?(\d{1,6})\]?@(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: `since` <= appended < `until`; None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records are meant; what is None selects nothing. `requests`: any of these."""

    requests: frozenset[str] | None = None
    reason: str | None = None
    tenant: str | None = None
    topic: str | None = None
    consumer: str | None = None
    records: frozenset[RecordPosition] | None = None
    window: Window = Window()
    fault: Fault | None = None

    @property
    def is_blanket(self) -> bool:
        """Whether it means every record."""
        return self == Choice()


def place_of(text: str, names: Namespace) -> RecordPosition:
    """A quarantined record's place: `look.quarantine[3]@17`, or `3@17` for short. Raises
    ValueError.
    """
    parts = _PLACE.fullmatch(text)
    if (
        parts is None
        or parts[1] not in (None, LOOK_QUARANTINE.name)
        or int(parts[2]) >= names.count(LOOK_QUARANTINE.name)
    ):
        raise ValueError(f"{text!r} is no place in {LOOK_QUARANTINE.name}: write PARTITION@OFFSET")
    return RecordPosition(LOOK_QUARANTINE.name, int(parts[2]), int(parts[3]))
