"""Ages and times as people write them: `90s`, `15m`, `2h`, `7d`, `4w`, and ISO 8601."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

LONGEST: Final = timedelta(days=3660)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(r"([0-9]{1,9})([smhdw])(?: ago)?")


def age(words: str) -> timedelta:
    """A length of time. Raises ValueError with a message for anything else, or longer than ten
    years.
    """
    found = _AGE.fullmatch(words)
    if found is None:
        raise ValueError(f"{words!r} is no length of time: write it like 90s, 15m, 2h, 7d or 4w")
    seconds = int(found[1]) * _UNIT_S[found[2]]
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{words} is longer than {LONGEST.days} days")
    return timedelta(seconds=seconds)


def moment(words: str, now: datetime) -> datetime:
    """A time, UTC unless it says otherwise, or the time of an age ago. Raises ValueError with a
    message.
    """
    if _AGE.fullmatch(words):
        return now - age(words)
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(
            f"{words!r} is neither a time (2026-01-31T12:00:00Z) nor an age (15m, 2h, 7d)"
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
