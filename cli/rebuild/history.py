"""The topics of the projection, partition number by partition number, into shadow tables: decoding here, rules in `domain`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consumers.status_projection import DECLARATION
from domain.rebuilding import Retelling
from replaying.blocks import Block, read
from replaying.history import History, join
from replaying.kafka import Range, Reader
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


Tell = Callable[[Count], object]


@dataclass(frozen=True, slots=True)
class _Read:
    topic: str
    first_ms: int | None
    good: list[tuple[int, Decoded]]
    damaged: int
    passed: int


async def load(kafka: KafkaSettings, archive: "Archive | None", shadow: ShadowTables, tell: Tell) -> Count:
    """All there is, up to the ends as they are now. Raises a ReplayError, PostgresError."""
    histories = await asyncio.to_thread(_histories, kafka, archive)
    count = Count(total=sum(one.size for one in histories), ends={one.kafka.part: one.end for one in histories})
    for number in sorted({one.kafka.partition for one in histories}):
        chosen = [one for one in histories if one.kafka.partition == number]
        retelling, begins = Retelling(TOPICS), dict[str, datetime]()
        async for read_ in _ahead(_reads(read_blocks(kafka, chosen, archive), chosen)):
            if read_.first_ms is not None and read_.topic not in begins:
                begins[read_.topic] = datetime.fromtimestamp(read_.first_ms / 1000, UTC)
            await _take(read_, retelling, shadow, count)
            tell(count)
        complete_since = _complete_since(chosen, begins)
        await shadow.add_requests(retelling.requests(complete_since))
        if complete_since is not None:
            count.complete_since = max(count.complete_since or complete_since, complete_since)
    await shadow.index()
    return count


async def catch_up(kafka: KafkaSettings, to: Offsets, shadow: ShadowTables, count: Count) -> None:
    """What the projection has read since, up to these offsets. Raises a ReplayError, PostgresError."""
    ranges = [Range(*part, count.ends.get(part, 0), end) for part, end in sorted(to.items()) if end > count.ends.get(part, 0)]
    if not ranges:
        return
    retelling = Retelling(TOPICS)
    async with shadow.merging():
        async for read_ in _ahead(_reads(Reader(kafka, ranges).blocks(), [History(one) for one in ranges])):
            await _take(read_, retelling, shadow, count)
        await shadow.add_requests(retelling.requests(None))
    count.ends |= {one.part: one.end or 0 for one in ranges}


def _histories(kafka: KafkaSettings, archive: "Archive | None") -> list[History]:
    selection = Selection(TOPICS)
    return join(resolve(kafka, selection), selection, archive)


def _complete_since(histories: Sequence[History], begins: dict[str, datetime]) -> datetime | None:
    """Since when nothing of these is missing: a request accepted later has all its records. None: since ever."""
    cut = [one.kafka.topic for one in histories if one.start > 0]
    if not cut:
        return None
    return max(begins[topic] + CLOCKS_MAY_DIFFER if topic in begins else NEVER for topic in cut)


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
        yield _Read(block.topic, block.timestamps_ms[0] if len(block) else None, good, damaged, passed)


async def _ahead(reads: Iterator[_Read]) -> AsyncIterator[_Read]:
    """The next one is read and decoded, in a thread, while the last one is stored."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, reads, None))
    try:
        while (found := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, reads, None))
            yield found
    finally:
        upcoming.cancel()


async def _take(read_: _Read, retelling: Retelling, shadow: ShadowTables, count: Count) -> None:
    unknown = retelling.unknown(read_.good)
    told = retelling.take(read_.topic, read_.good, await shadow.tenants(unknown) if unknown else {})
    await shadow.add_events(told.events)
    await shadow.add_outcomes(told.outcomes)
    count.records += len(read_.good) + read_.damaged
    count.damaged += read_.damaged
    count.refused += told.refused
    count.done += read_.passed


__all__ = ["TOPICS", "Count", "Tell", "catch_up", "load"]
