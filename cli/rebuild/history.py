"""The topics of the projection, by partition number, into shadow tables: decoding here, rules in
`domain`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consumers.status_projection import DECLARATION
from domain.rebuilding import Rebuilding
from replaying.history import History, ends_of, plan
from replaying.kafka import Range
from replaying.records import Block, works
from replaying.selection import CLOCKS_MAY_DIFFER, Selection
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.envelope import Decoded
from storage.rebuild import Offsets
from storage.shadow import ShadowTables

if TYPE_CHECKING:
    from lake.reading import LakeSource

TOPICS = tuple(topic.name for topic in DECLARATION.topics)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Count:
    """What was read. `damaged`: can't be read; `refused`: of no request, or of another tenant's."""

    records: int = 0
    damaged: int = 0
    refused: int = 0
    done: int = 0  # offsets passed
    total: int = 0
    ends: Offsets = field(default_factory=dict)
    complete_since: datetime | None = None


TellCount = Callable[[Count], object]


@dataclass(frozen=True, slots=True)
class _Read:
    """A piece of one topic. `passed`: offsets of the topic, or rows of the lake."""

    topic: str
    first: Work | None
    good: list[tuple[int, Decoded]]
    damaged: int
    passed: int


async def load(
    kafka: KafkaSettings, lake: "LakeSource | None", shadow: ShadowTables, tell: TellCount
) -> Count:
    """All there is, up to the ends as they are now, one partition number after the other. Raises a
    ReplayError, PostgresError.
    """
    histories = await asyncio.to_thread(lambda: plan(kafka, Selection(TOPICS), lake))
    count = Count(total=sum(one.size for one in histories), ends=ends_of(histories))
    for number in sorted({number for _, number in count.ends}):
        of_number = [one.only(number) for one in histories]
        retelling, begins = Rebuilding(TOPICS), dict[str, Work]()
        async for read_ in _ahead(_reads(of_number, kafka)):
            if read_.first is not None:
                begins.setdefault(read_.topic, read_.first)
            await _take(read_, retelling, shadow, count)
            tell(count)
        complete_since = _complete_since(of_number, begins)
        await shadow.add_requests(retelling.requests(complete_since))
        count.complete_since = _latest([count.complete_since, complete_since])
    await shadow.index()
    return count


async def catch_up(kafka: KafkaSettings, to: Offsets, shadow: ShadowTables, count: Count) -> None:
    """What the projection has read since, up to these offsets. Raises a ReplayError,
    PostgresError.
    """
    ranges = [
        Range(*part, count.ends.get(part, 0), end)
        for part, end in sorted(to.items())
        if end > count.ends.get(part, 0)
    ]
    if not ranges:
        return
    retelling = Rebuilding(TOPICS)
    async with shadow.merging():
        histories = [History(one.topic, [one]) for one in ranges]
        async for read_ in _ahead(_reads(histories, kafka)):
            await _take(read_, retelling, shadow, count)
        await shadow.add_requests(retelling.requests(None))
    count.ends |= {one.part: one.end or 0 for one in ranges}


def _complete_since(histories: Sequence[History], begins: Mapping[str, Work]) -> datetime | None:
    """Since when nothing of a partition number is missing: a request accepted later has all its
    records. None: since ever.
    """
    cut = [one.topic for one in histories if _begins_late(one, begins.get(one.topic))]
    return _latest(
        [
            begins[topic].written_at + CLOCKS_MAY_DIFFER if topic in begins else NEVER
            for topic in cut
        ]
    )


def _begins_late(history: History, first: Work | None) -> bool:
    """Whether older records may be gone. What the lake has begins with its first row."""
    if history.lake and first is not None:
        return first.offset > 0
    return any(one.start > 0 for one in history.ranges)


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


def _reads(histories: Sequence[History], kafka: KafkaSettings) -> Iterator[_Read]:
    for history in histories:
        at = {one.partition: one.start for one in history.ranges}
        for piece in history.pieces(kafka):
            found = works(piece)
            passed = len(piece)
            if isinstance(piece, Block):
                passed = piece.next_offset - at[piece.partition]
                at[piece.partition] = piece.next_offset
            good = [(one.timestamp_ms, one.decoded) for one in found]
            first = found[0] if found else None
            yield _Read(piece.topic, first, good, len(piece) - len(found), passed)


async def _ahead(reads: Iterator[_Read]) -> AsyncIterator[_Read]:
    """The next one is read and decoded, in a thread, while the last one is stored."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, reads, None))
    try:
        while (found := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, reads, None))
            yield found
    finally:
        upcoming.cancel()


async def _take(read_: _Read, retelling: Rebuilding, shadow: ShadowTables, count: Count) -> None:
    unknown = retelling.unknown(read_.good)
    told = retelling.take(read_.topic, read_.good, await shadow.tenants(unknown) if unknown else {})
    await shadow.add_events(told.events)
    await shadow.add_outcomes(told.outcomes)
    count.records += len(read_.good) + read_.damaged
    count.damaged += read_.damaged
    count.refused += told.refused
    count.done += read_.passed


__all__ = ["TOPICS", "Count", "TellCount", "catch_up", "load"]
