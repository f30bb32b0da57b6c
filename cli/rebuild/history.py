"""The topics of the projection, by partition number, into shadow tables: decoding here, rules in
`domain`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from consumers.status_projection import DECLARATION
from domain.rebuilding import Rebuilding, RequestRow
from replaying.blocks import Block, read
from replaying.history import History, join
from replaying.kafka import Reader
from replaying.places import Range
from replaying.ranges import resolve
from replaying.run import read_blocks
from replaying.selection import CLOCKS_MAY_DIFFER, Selection
from runtime.settings import KafkaSettings
from schemas.envelope import Decoded, Undecodable
from storage.rebuild import Offsets
from storage.shadow import ShadowTables

if TYPE_CHECKING:
    from replaying.archive import Archive

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
    topic: str
    partition: int
    first_ms: int | None
    good: list[tuple[int, Decoded]]
    damaged: int
    passed: int


async def load(
    kafka: KafkaSettings, archive: "Archive | None", shadow: ShadowTables, tell: TellCount
) -> Count:
    """All there is, up to the ends as they are now. Raises a ReplayError, PostgresError."""
    histories = await asyncio.to_thread(_histories, kafka, archive)
    count = Count(
        total=sum(one.size for one in histories),
        ends={one.kafka.part: one.end for one in histories},
    )
    for group in _groups(histories):
        retold = _Retold(group)
        async for read_ in _ahead(_reads(read_blocks(kafka, group, archive), group)):
            await _take(read_, retold.of(read_), shadow, count)
            if retold.is_complete(read_):
                await shadow.add_requests(retold.requests(read_.partition))
            tell(count)
        count.complete_since = _latest(
            [count.complete_since, *map(retold.complete_since, retold.numbers)]
        )
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
        async for read_ in _ahead(
            _reads(Reader(kafka, ranges).blocks(), [History(one) for one in ranges])
        ):
            await _take(read_, retelling, shadow, count)
        await shadow.add_requests(retelling.requests(None))
    count.ends |= {one.part: one.end or 0 for one in ranges}


def _histories(kafka: KafkaSettings, archive: "Archive | None") -> list[History]:
    selection = Selection(TOPICS)
    return join(resolve(kafka, selection), selection, archive)


def _groups(histories: Sequence[History]) -> list[list[History]]:
    """What is read with one reader, by partition number. An archived part is read before the
    topic's part of its number.
    """
    by_number = sorted(histories, key=lambda one: one.kafka.partition)
    if all(one.archived is None for one in histories):
        return [by_number]
    return [list(found) for _, found in groupby(by_number, key=lambda one: one.kafka.partition)]


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


class _Retold:
    """The retellings of a group; one is let go when its partition number is complete, so few are
    there at a time.
    """

    def __init__(self, group: Sequence[History]) -> None:
        self.numbers = sorted({one.kafka.partition for one in group})
        self._left = {
            number: sum(one.size for one in group if one.kafka.partition == number)
            for number in self.numbers
        }
        self._cut = {one.kafka.part for one in group if one.start > 0}
        self._begins: dict[tuple[str, int], datetime] = {}
        self._retellings: dict[int, Rebuilding] = {}

    def of(self, read_: _Read) -> Rebuilding:
        """The retelling that a block belongs to."""
        if read_.first_ms is not None:
            self._begins.setdefault(
                (read_.topic, read_.partition), datetime.fromtimestamp(read_.first_ms / 1000, UTC)
            )
        if read_.partition not in self._retellings:
            self._retellings[read_.partition] = Rebuilding(TOPICS)
        return self._retellings[read_.partition]

    def is_complete(self, read_: _Read) -> bool:
        """Whether the block, which was taken, was the last one of its partition number."""
        self._left[read_.partition] -= read_.passed
        return self._left[read_.partition] == 0

    def requests(self, number: int) -> Iterator[RequestRow]:
        """Those of a complete partition number, which is let go."""
        return self._retellings.pop(number).requests(self.complete_since(number))

    def complete_since(self, number: int) -> datetime | None:
        """Since when nothing of it is missing: a request accepted later has all its records. None:
        since ever.
        """
        cut = [part for part in self._cut if part[1] == number]
        return _latest(
            [
                self._begins[part] + CLOCKS_MAY_DIFFER if part in self._begins else NEVER
                for part in cut
            ]
        )


def _reads(blocks: Iterator[Block], histories: Sequence[History]) -> Iterator[_Read]:
    position = {one.kafka.part: one.start for one in histories}
    for block in blocks:
        good, damaged = [], 0
        for index in range(len(block)):
            found = read(block.topic, block.values[index], block.headers[index])
            if isinstance(found, Undecodable):
                damaged += 1
            else:
                good.append((block.timestamps_ms[index], found))
        part = (block.topic, block.partition)
        passed, position[part] = block.next_offset - position[part], block.next_offset
        yield _Read(*part, block.timestamps_ms[0] if len(block) else None, good, damaged, passed)


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
