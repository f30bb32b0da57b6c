"""Lengths of time as an operator types them: `90s`, `30m`, `1h`, `7d`."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=3660)


def duration(text: str) -> timedelta:
    """The length of time. Raises ValueError with a message for anything else, or longer than ten
    years.
    """
    found = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if found is None:
        raise ValueError(f"{text!r} is no length of time: say 90s, 30m, 1h or 7d")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if length > LONGEST:
        raise ValueError(f"{text} is longer than {LONGEST.days} days")
    return length
