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
from replaying.errors import BadSelection, HistoryGap, ReplayFailed
from replaying.kafka import Range, TopicPart
from replaying.records import EVERYBODY, LakeRows, Piece, Wish
from replaying.selection import AtOffset, AtTime, Selection
from runtime.asking import Asking
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from lake.reading import LakeDay, LakeSnapshot, LakeSource, WantedRows

WRITER: Final = "looks.lake_writer"
OffsetSpan = tuple[int, int]
"""Offsets: from the first up to the second, which is not included."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a topic has come. `next`: the offset by partition at which it goes on, once the days
    after `day` of the lake's rows within `bounds` are read too.
    """

    next: Mapping[int, int] = field(default_factory=dict)
    bounds: Mapping[int, OffsetSpan] = field(default_factory=dict)
    day: str = ""

    def within(self, bounds: Mapping[int, OffsetSpan]) -> "Progress":
        """At the beginning of a part of the lake."""
        ends = {number: end for number, (_, end) in bounds.items()}
        return Progress({**self.next, **ends}, bounds)


BEGIN: Final = Progress()


@dataclass(frozen=True, slots=True)
class LakePart:
    """What comes from one topic's table. `begun`: as far as an earlier run has read it."""

    table: "LakeSnapshot"
    wanted: "WantedRows"
    begun: Progress

    def days(self) -> "list[LakeDay]":
        """Those to read, in their order. Raises ReplayFailed."""
        with _failing():
            return [one for one in self.table.days(self.wanted) if one.name > self.begun.day]

    def read(self, day: "LakeDay", *, in_order: bool) -> Iterator[LakeRows]:
        """A day's rows; `in_order`: by partition and offset. Raises ReplayFailed."""
        with _failing():
            read = self.table.in_order if in_order else self.table.batches
            for table in read(day, self.wanted):
                yield LakeRows(self.table.topic.name, table)


@dataclass(frozen=True, slots=True)
class History:
    """Of one topic: first what the lake has, then the topic's ranges, which begin where that ends.
    `begun`: where an earlier run has come to, behind the lake's parts.
    """

    topic: str
    ranges: Sequence[Range]
    lake: Sequence[LakePart] = ()
    begun: Progress = BEGIN
    wish: Wish = EVERYBODY

    @property
    def size(self) -> int:
        return sum(one.size for one in self.ranges)

    def only(self, partition: int) -> "History":
        ranges = [one for one in self.ranges if one.partition == partition]
        lake = [replace(one, wanted=one.wanted.only(partition)) for one in self.lake]
        return replace(self, ranges=ranges, lake=lake)

    def pieces(self, settings: KafkaSettings) -> Iterator[Piece]:
        """All of it; in order within each partition. Raises ReplayFailed."""
        for part in self.lake:
            for day in part.days():
                yield from part.read(day, in_order=True)
        yield from kafka.blocks(settings, self.ranges, self.wish)


def plan(
    settings: KafkaSettings,
    selection: Selection,
    lake: "LakeSource | None",
    resumed: Mapping[str, Progress] | None = None,
    *,
    as_written: bool = False,
) -> list[History]:
    """What to read, topic by topic. `as_written`: from the lake only what the topic has no more.
    Raises BadSelection, HistoryGap, ReplayFailed.
    """
    histories = []
    with kafka.asking(settings) as asked:
        joined = _Joined(asked, selection, *kafka.resolve(asked, selection), as_written)
        for topic in selection.topics:
            with _failing():
                table = None if lake is None else lake.snapshot(topic)
            histories.append(joined.history(topic, table, (resumed or {}).get(topic, BEGIN)))
    return histories


@dataclass(frozen=True, slots=True)
class _Joined:
    asked: Asking
    selection: Selection
    ranges: Sequence[Range]
    log_starts: Mapping[TopicPart, int]
    as_written: bool

    def history(self, topic: str, table: "LakeSnapshot | None", begun: Progress) -> History:
        tails, bounds = list[Range](), dict[int, OffsetSpan]()
        for one in (one for one in self.ranges if one.topic == topic):
            at, border = begun.next.get(one.partition, 0), 0
            if table is not None:
                border = table.ends.get(one.partition, 0)
            if self.as_written:
                border = min(border, self.log_starts[one.part])
            first, end = self._span(one, border)
            first = max(first, at)
            if first < end:
                bounds[one.partition] = first, end
            if table is not None:
                self._check(one, border, first, table)
            tails.append(replace(one, start=max(one.start, border, at)))
        if table is None:
            if begun.bounds:
                raise BadSelection(f"{topic}: it was begun with a lake, and goes on with it alone")
            return History(topic, tails, (), begun, self.selection.wish())
        parts = []
        if begun.bounds:
            parts.append(LakePart(table, self._wanted(begun.bounds), begun))
        if bounds:
            parts.append(LakePart(table, self._wanted(bounds), begun.within(bounds)))
        ends = Progress(begun.within(bounds).next)
        return History(topic, tails, parts, ends, self.selection.wish())

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
        begins, gone = self.log_starts[one.part], max(border, first)
        asked = one.start <= begins and (one.end or 0) > border
        if one.partition not in table.ends or gone >= begins or not asked:
            return
        if self.asked.committed(WRITER).get(one.part, 0) < begins:
            raise HistoryGap(
                f"{one.topic}[{one.partition}]: offsets {gone} to {begins} are neither in the lake "
                "nor in the topic any more"
            )


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
