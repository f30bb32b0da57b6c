"""Lake and topic as one history: which rows come from the one and which offsets from the other,
with no gap and no overlap.

A table says which offset of each partition it goes on at: what is before comes from the lake, the
rest from the topic.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from replaying import kafka
from replaying.errors import HistoryGap, ReplayFailed
from replaying.places import Range, TopicPart
from replaying.ranges import Resolved, resolve
from replaying.records import LakeRows, Piece
from replaying.selection import AtOffset, AtTime, Selection
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from lake.reading import LakeDay, LakeSnapshot, LakeSource, WantedRows

WRITER: Final = "looks.lake_writer"
OffsetSpan = tuple[int, int]
"""Offsets: from the first up to the second, which is not included."""


@dataclass(frozen=True, slots=True)
class LakePart:
    """What comes from one topic's table."""

    table: "LakeSnapshot"
    wanted: "WantedRows"
    done: frozenset[str] = frozenset()
    """Days that an earlier run has read."""

    @property
    def topic(self) -> str:
        """Its topic."""
        return self.table.topic.name

    def days(self) -> "list[LakeDay]":
        """Those to read, in their order. Raises ReplayFailed."""
        with _failing():
            return [one for one in self.table.days(self.wanted) if one.name not in self.done]

    def read(self, day: "LakeDay", *, in_order: bool) -> Iterator[LakeRows]:
        """A day's rows; `in_order`: by partition and offset. Raises ReplayFailed."""
        with _failing():
            read = self.table.in_order if in_order else self.table.batches
            for table in read(day, self.wanted):
                yield LakeRows(self.topic, table)


@dataclass(frozen=True, slots=True)
class History:
    """Of one topic: first what the lake has, then the topic's ranges, which begin where that
    ends.
    """

    topic: str
    ranges: Sequence[Range]
    lake: Sequence[LakePart] = ()

    @property
    def size(self) -> int:
        """Offsets of the topic in it."""
        return sum(one.size for one in self.ranges)

    def only(self, partition: int) -> "History":
        """Of one partition."""
        return History(
            self.topic,
            [one for one in self.ranges if one.partition == partition],
            [replace(one, wanted=one.wanted.only(partition)) for one in self.lake],
        )

    def pieces(self, settings: KafkaSettings) -> Iterator[Piece]:
        """All of it; in order within each partition. Raises ReplayFailed."""
        for part in self.lake:
            for day in part.days():
                yield from part.read(day, in_order=True)
        yield from kafka.Reader(settings, self.ranges).blocks()


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where an earlier run of a topic has come to. `bounds`: of a part of the lake that it had
    begun, with the days of it that are done.
    """

    next: Mapping[int, int] = field(default_factory=dict)
    bounds: Mapping[int, OffsetSpan] | None = None
    days: frozenset[str] = frozenset()

    def after_bounds(self) -> dict[int, int]:
        """Where reading goes on behind that part."""
        ends = {number: span[1] for number, span in (self.bounds or {}).items()}
        return {
            number: max(ends.get(number, 0), self.next.get(number, 0))
            for number in {*ends, *self.next}
        }


def plan(
    settings: KafkaSettings,
    selection: Selection,
    lake: "LakeSource | None",
    resumed: Mapping[str, Resumed] | None = None,
    *,
    as_written: bool = False,
) -> list[History]:
    """What to read, topic by topic. `as_written`: from the lake only what the topic has no more.

    Raises BadSelection, HistoryGap, ReplayFailed.
    """
    resolved = resolve(settings, selection)
    joined = _Joined(settings, selection, resolved, as_written)
    return [
        joined.history(topic, _snapshot(lake, topic), (resumed or {}).get(topic, Resumed()))
        for topic in selection.topics
    ]


def _snapshot(lake: "LakeSource | None", topic: str) -> "LakeSnapshot | None":
    if lake is None:
        return None
    with _failing():
        return lake.snapshot(topic)


@dataclass(frozen=True, slots=True)
class _Joined:
    settings: KafkaSettings
    selection: Selection
    resolved: Resolved
    as_written: bool

    def history(self, topic: str, table: "LakeSnapshot | None", resumed: Resumed) -> History:
        ranges = [one for one in self.resolved.ranges if one.topic == topic]
        at = resumed.after_bounds()
        if table is None:
            return History(topic, [_from(one, at.get(one.partition, 0)) for one in ranges])
        parts = []
        if resumed.bounds is not None:
            wanted = self._wanted(resumed.bounds)
            parts.append(LakePart(table, wanted, resumed.days))
        tails, bounds = list[Range](), dict[int, OffsetSpan]()
        for one in ranges:
            border = self._border(one, table)
            first, end = self._span(one, border)
            first = max(first, at.get(one.partition, 0))
            if first < end:
                bounds[one.partition] = first, end
            tail = _from(one, max(border, at.get(one.partition, 0)))
            self._check(one, border, first, table)
            tails.append(tail)
        if bounds:
            parts.append(LakePart(table, self._wanted(bounds)))
        return History(topic, tails, parts)

    def _border(self, one: Range, table: "LakeSnapshot") -> int:
        """Where the lake's part ends and the topic's begins."""
        end = table.ends.get(one.partition, 0)
        return min(end, self.resolved.log_starts[one.part]) if self.as_written else end

    def _span(self, one: Range, border: int) -> OffsetSpan:
        """The offsets below the border that are asked for; times are asked of the rows."""
        start, end = self.selection.start, self.selection.end
        first = (start.of(one.partition) or 0) if isinstance(start, AtOffset) else 0
        last = end.of(one.partition) if isinstance(end, AtOffset) else None
        return first, border if last is None else min(last, border)

    def _wanted(self, bounds: Mapping[int, OffsetSpan]) -> "WantedRows":
        from lake.reading import WantedRows  # noqa: PLC0415 (an extra)

        start, end = self.selection.start, self.selection.end
        return WantedRows(
            bounds,
            start.at if isinstance(start, AtTime) else None,
            end.at if isinstance(end, AtTime) else None,
            self.selection.request_id,
            self.selection.tenant_id,
        )

    def _check(self, one: Range, border: int, first: int, table: "LakeSnapshot") -> None:
        """Whether records between the lake's end and the topic's beginning are in neither. What the
        lake's writer has passed without a row held none: markers of transactions, or what is in
        quarantine.
        """
        begins = self.resolved.log_starts[one.part]
        asked = one.start <= begins and (one.end or 0) > border
        if one.partition not in table.ends or border >= begins or not asked:
            return
        gone = max(border, first)
        if gone >= begins or kafka.passed(self.settings, WRITER, [one.part])[one.part] >= begins:
            return
        raise HistoryGap(
            f"{one.topic}[{one.partition}]: offsets {gone} to {begins} are neither in the lake nor "
            "in the topic any more"
        )


def _from(one: Range, start: int) -> Range:
    return replace(one, start=max(one.start, start))


def ends_of(histories: Sequence[History]) -> dict[TopicPart, int]:
    """Where each partition's history ends."""
    return {
        one.part: max(one.end or 0, one.start) for history in histories for one in history.ranges
    }


@contextmanager
def _failing() -> Iterator[None]:
    """What keeps the lake from being read, as ReplayFailed."""
    try:
        yield
    except Exception as error:
        from lake.errors import AWAY  # noqa: PLC0415 (an extra)

        if not isinstance(error, AWAY):
            raise
        raise ReplayFailed(f"the lake: {type(error).__name__}: {error}") from error
