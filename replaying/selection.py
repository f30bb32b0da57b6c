"""What to replay: topics, from where, to where, about whom. Pure: words in, values out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
"""A request's records are written after the time in its id, but clocks may differ so much."""

_request_id = TypeAdapter[str](RequestId)


@dataclass(frozen=True, slots=True)
class AtOffset:
    """A place by offset: in every partition the same, or one for each of the partitions named;
    others are left out.
    """

    everywhere: int | None = None
    by_partition: Mapping[int, int] = field(default_factory=dict)

    def of(self, partition: int) -> int | None:
        """The offset in a partition; None when the partition is left out."""
        return self.by_partition.get(partition, self.everywhere)


@dataclass(frozen=True, slots=True)
class AtTime:
    """A place by time: the first record that the broker wrote at or after it."""

    at: datetime


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
        """What must be the same for a replay to be continued: what decides which are taken."""
        start = None if isinstance(self.start, AtTime) else repr(self.start)
        end = {} if self.end is None else {"end": repr(self.end)}
        return {"request": self.request_id, "tenant": self.tenant_id, "start": start, **end}

    def wish(self) -> Wish:
        return Wish(self.tenant_id, None if self.request_id is None else self.request_id.encode())


def place(words: str, now: datetime) -> Place:
    """`offset:123`, `offset:0=100,3=250`, a time in ISO 8601 (UTC unless it says otherwise), or an
    age. Raises BadSelection.
    """
    words = words.strip()
    if not words.startswith("offset:"):
        try:
            return AtTime(moment(words, now))
        except ValueError as error:
            raise BadSelection(f"{error}; an offset is written offset:123") from error
    if (found := _OFFSETS.fullmatch(words)) is None:
        raise BadSelection(
            f"{words!r}: write offset:123 for all partitions, or offset:0=123,3=456 for some"
        )
    if found[1] is not None:
        return AtOffset(everywhere=int(found[1]))
    pairs = (map(int, pair.split("=")) for pair in found[2].split(","))
    return AtOffset(by_partition={partition: offset for partition, offset in pairs})


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
        raise BadSelection("a start and a last length of time say the same twice: give one of them")
    if follow and end is not None:
        raise BadSelection("what has an end can't be followed: leave out one of them")
    first = None if start is None else place(start, now)
    until = None if end is None else place(end, now)
    try:
        if last is not None:
            first = AtTime(now - age(last.strip()))
        if request_id is not None:
            _request_id.validate_python(request_id)
            first = first or AtTime(ULID.from_str(request_id).datetime - CLOCKS_MAY_DIFFER)
    except ValidationError as error:
        raise BadSelection(
            f"{request_id!r} is no request id: it is a ULID of 26 characters"
        ) from error
    except ValueError as error:
        raise BadSelection(str(error)) from error
    if isinstance(first, AtTime) and isinstance(until, AtTime) and until.at <= first.at:
        raise BadSelection("the end is not after the start")
    return Selection(tuple(dict.fromkeys(topics)), first, until, request_id, tenant_id, follow)
