"""What to replay: topics, from where, to where, about whom. Pure: words in, values out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError
from ulid import ULID

from domain.moments import age, moment
from replaying.errors import BadSelection
from replaying.records import Wish
from schemas.ids import RequestId

_OFFSETS: Final = re.compile(r"offset:(?:(\d{1,18})|(\d{1,6}=\d{1,18}(?:,\d{1,6}=\d{1,18})*))")
CLOCKS_MAY_DIFFER: Final = timedelta(hours=1)
"""A request's records are written after the time in its id, by clocks that may differ by this much.
"""

_request_id = TypeAdapter[str](RequestId)


@dataclass(frozen=True, slots=True)
class AtOffset:
    """A place by offset: in every partition the same, or one for each of the partitions named;
    others are left out.
    """

    everywhere: int | None = None
    by_partition: Mapping[int, int] | None = None

    def of(self, partition: int) -> int | None:
        """The offset in a partition; None when the partition is left out."""
        return self.everywhere if self.by_partition is None else self.by_partition.get(partition)


@dataclass(frozen=True, slots=True)
class AtTime:
    """A place by time: the first record that the broker wrote at or after it."""

    at: datetime

    @property
    def ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.at.timestamp() * 1000)


Place = AtOffset | AtTime


@dataclass(frozen=True, slots=True)
class Selection:
    """What to replay. `start` is inclusive, `end` exclusive; None: the beginning, and the end as it
    is at the start.
    """

    topics: tuple[str, ...]
    start: Place | None = None
    end: Place | None = None
    request_id: str | None = None
    tenant_id: str | None = None
    follow: bool = False

    def words(self) -> dict[str, str | None]:
        """What must be the same for a replay to be continued: everything that decides which records
        are taken.
        """
        start = None if isinstance(self.start, AtTime) else repr(self.start)
        end = {} if self.end is None else {"end": repr(self.end)}
        return {"request": self.request_id, "tenant": self.tenant_id, "start": start, **end}

    def wish(self) -> Wish:
        """About whom."""
        return Wish(self.tenant_id, None if self.request_id is None else self.request_id.encode())


def place(words: str, now: datetime) -> Place:
    """`offset:123`, `offset:0=100,3=250`, a time in ISO 8601 (UTC unless it says otherwise), or an
    age. Raises BadSelection.
    """
    words = words.strip()
    if words.startswith("offset:"):
        found = _OFFSETS.fullmatch(words)
        if found is None:
            raise BadSelection(
                f"{words!r}: write offset:123 for all partitions, or offset:0=123,3=456 for some"
            )
        if found[1] is not None:
            return AtOffset(everywhere=int(found[1]))
        pairs = (pair.split("=") for pair in found[2].split(","))
        return AtOffset(by_partition={int(partition): int(offset) for partition, offset in pairs})
    try:
        return AtTime(moment(words, now))
    except ValueError as error:
        raise BadSelection(f"{error}; an offset is written offset:123") from error


def _ago(words: str, now: datetime) -> Place:
    try:
        return AtTime(now - age(words.strip()))
    except ValueError as error:
        raise BadSelection(str(error)) from error


def select(  # noqa: PLR0913 (one argument for each thing that can be said)
    topics: Sequence[str],
    now: datetime,
    *,
    start: str | None = None,
    end: str | None = None,
    last: str | None = None,
    request_id: str | None = None,
    tenant_id: str | None = None,
    follow: bool = False,
) -> Selection:
    """A selection from words. Raises BadSelection, which names what is wrong."""
    if not topics:
        raise BadSelection("name at least one topic")
    if start is not None and last is not None:
        raise BadSelection(
            "a start and a last length of time say the same thing twice: give one of them"
        )
    if follow and end is not None:
        raise BadSelection("what has an end can't be followed: leave out one of them")
    first = (
        place(start, now) if start is not None else _ago(last, now) if last is not None else None
    )
    until = place(end, now) if end is not None else None
    if request_id is not None:
        _check_request(request_id)
        first = first or AtTime(ULID.from_str(request_id).datetime - CLOCKS_MAY_DIFFER)
    if isinstance(first, AtTime) and isinstance(until, AtTime) and until.at <= first.at:
        raise BadSelection("the end is not after the start")
    return Selection(tuple(dict.fromkeys(topics)), first, until, request_id, tenant_id, follow)


def _check_request(request_id: str) -> None:
    try:
        _request_id.validate_python(request_id)
    except ValidationError as error:
        raise BadSelection(
            f"{request_id!r} is no request id: it is a ULID of 26 characters"
        ) from error
