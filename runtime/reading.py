"""Reading topics without a group: what stands between two moments or at one place. Memory: one
fetch.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from domain.read_positions import PartitionName, WrittenTo
from runtime.kafka import (
    AIOKafkaConsumer,
    ConsumerRecord,
    OffsetAndTimestamp,
    TopicPartition,
    close_client,
    new_client,
    new_reader,
    stop_client,
    unbroken,
)
from runtime.settings import KafkaSettings
from schemas.topics import Topic

POLL_MS = 300
POLL_RECORDS = 500
"""At a time; in between, heartbeats and work get their turn."""
STALLED_AFTER_S = 60.0
"""Without any progress before the end of what is to be read."""


class Stalled(TimeoutError):
    """Nothing moved before the end of what was to be read: an open transaction, a broker that does
    not answer.
    """

    def __init__(self, behind: Mapping[TopicPartition, int]) -> None:
        """`behind`: the partitions whose end was not reached, and where each stands."""
        places = ", ".join(f"{tp.topic}[{tp.partition}]@{at}" for tp, at in behind.items())
        super().__init__(
            f"no end of {places}: is a transaction left open (`looks topics transactions`)?"
        )
        self.behind = dict(behind)


PartitionSpans = Mapping[TopicPartition, tuple[int, int]]
"""Partition -> (first offset, next offset after the last)."""


async def partitions_of(settings: KafkaSettings, topics: Iterable[Topic]) -> list[TopicPartition]:
    """All partitions of these topics: as Kafka has them, which may be more than settings say; as
    declared where it has none. Raises KafkaError.
    """
    asked, names = [topic.name for topic in topics], settings.names
    client = new_client(settings, "looks-partitions")
    try:
        await unbroken(client.bootstrap())
        for topic in asked:
            client.add_topic(names.topic(topic))
        await client.force_metadata_update()
        there = {
            topic: client.cluster.partitions_for_topic(names.topic(topic))
            or range(names.count(topic))
            for topic in asked
        }
    finally:
        await close_client(client)
    return [TopicPartition(topic, number) for topic in asked for number in sorted(there[topic])]


async def _connected(
    reader: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Connect a reader, to the leader of each of these partitions too; returns their ends."""
    await reader.start()
    return dict(await reader.end_offsets(list(partitions)))


async def high_watermarks(
    settings: KafkaSettings, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The next offset to be written of each partition, open transactions included."""
    reader = new_reader(settings, committed_only=False)
    try:
        return await unbroken(_connected(reader, partitions))
    finally:
        await stop_client(reader)


async def written_to(
    settings: KafkaSettings, names: Iterable[PartitionName]
) -> dict[PartitionName, WrittenTo]:
    """What each partition has by now, open transactions included."""
    partitions = [TopicPartition(*name) for name in names]
    reader = new_reader(settings, committed_only=False)
    try:
        ends = await unbroken(_connected(reader, partitions))
        firsts = await reader.offsets_for_times(dict.fromkeys(partitions, 0))
    finally:
        await stop_client(reader)
    return {(tp.topic, tp.partition): _written_to(end, firsts.get(tp)) for tp, end in ends.items()}


def _written_to(end: int, first: OffsetAndTimestamp | None) -> WrittenTo:
    if first is None:
        return WrittenTo(end)
    return WrittenTo(end, first.offset, datetime.fromtimestamp(first.timestamp / 1000, UTC))


async def low_watermarks(
    settings: KafkaSettings, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The first offset that is still there, of each partition."""
    reader = new_reader(settings)
    try:
        await unbroken(_connected(reader, partitions))
        return dict(await reader.beginning_offsets(list(partitions)))
    finally:
        await stop_client(reader)


async def spans(
    settings: KafkaSettings,
    partitions: Collection[TopicPartition],
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    committed_only: bool = True,
) -> dict[TopicPartition, tuple[int, int]]:
    """What these partitions hold that was appended at or after `since` and before `until`; up to
    their ends as they are now.

    `committed_only`: up to the first open transaction. A partition that holds nothing is not in the
    answer.
    """
    reader = new_reader(settings, committed_only=committed_only)
    try:
        ends = await unbroken(_connected(reader, partitions))
        starts: dict[TopicPartition, int] = await reader.beginning_offsets(list(partitions))
        if since is not None:
            starts |= await _first_after(reader, since, ends)
        if until is not None:
            ends |= await _first_after(reader, until, ends)
    finally:
        await stop_client(reader)
    return {tp: (starts[tp], ends[tp]) for tp in partitions if starts[tp] < ends[tp]}


async def _first_after(
    reader: AIOKafkaConsumer, moment: datetime, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    found = await reader.offsets_for_times(
        {partition: int(moment.timestamp() * 1000) for partition in ends}
    )
    return {tp: found[tp].offset if found.get(tp) is not None else end for tp, end in ends.items()}


async def chunks(
    settings: KafkaSettings,
    within: PartitionSpans,
    *,
    committed_only: bool = True,
    patience_s: float | None = None,
    enough: Callable[[TopicPartition], bool] = lambda _: False,
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Every record in these spans, in order per partition, as fetched. Close it
    (`contextlib.aclosing`) when leaving early. A partition of which its reader has `enough` is read
    no further.

    Raises Stalled when nothing moves for `patience_s` (STALLED_AFTER_S) before the end.
    """
    stalled_after_s = STALLED_AFTER_S if patience_s is None else patience_s
    behind = {tp: start for tp, (start, end) in within.items() if start < end}
    if not behind:
        return
    reader = new_reader(settings, committed_only=committed_only)
    try:
        await unbroken(_connected(reader, behind))
        reader.assign([*behind])
        for tp, start in behind.items():
            reader.seek(tp, start)
        moved_s = _now_s()
        while behind:
            for tp, records in (
                await reader.getmany(*behind, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            ).items():
                yield [record for record in records if record.offset < within[tp][1]]
            # What is buffered is given without waiting: heartbeats and work need their turn
            await asyncio.sleep(0)
            now = {tp: await reader.position(tp) for tp in behind}
            moved_s = _now_s() if now != behind else moved_s
            if read := [tp for tp, at in now.items() if at >= within[tp][1] or enough(tp)]:
                reader.pause(*read)
            behind = {tp: at for tp, at in now.items() if tp not in read}
            if behind and _now_s() - moved_s > stalled_after_s:
                raise Stalled(behind)
    finally:
        await stop_client(reader)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def between(
    settings: KafkaSettings, within: PartitionSpans, *, committed_only: bool = True
) -> AsyncGenerator[ConsumerRecord, None]:
    """The records of `chunks`, one by one."""
    async with aclosing(chunks(settings, within, committed_only=committed_only)) as fetched:
        async for records in fetched:
            for record in records:
                yield record


async def read_all(
    settings: KafkaSettings,
    topics: Sequence[Topic],
    take: Callable[[ConsumerRecord], object],
    since: datetime | None = None,
) -> int:
    """Give every committed record, from the beginning or this moment on to the ends as they are
    now, to `take`; returns how many.

    The ends are those of open transactions: what began before the call is waited for. Raises
    Stalled as `chunks` does.
    """
    count = 0
    partitions = await partitions_of(settings, topics)
    there = await spans(settings, partitions, since, committed_only=False)
    async with aclosing(chunks(settings, there)) as fetched:
        async for records in fetched:
            for record in records:
                take(record)
            count += len(records)
    return count


async def first_records(
    settings: KafkaSettings, within: PartitionSpans, *, patience_s: float | None = None
) -> dict[TopicPartition, ConsumerRecord]:
    """The first committed record of each span; a span that holds nothing but transaction markers
    has none.

    Raises Stalled as `chunks` does.
    """
    found: dict[TopicPartition, ConsumerRecord] = {}
    fetched = chunks(settings, within, patience_s=patience_s, enough=found.__contains__)
    async with aclosing(fetched):
        async for records in fetched:
            for record in records[:1]:
                found.setdefault(TopicPartition(record.topic, record.partition), record)
    return found


NEWEST_OFFSETS = 20
"""At the end of a partition: most are records, some transactions' markers."""


async def newest_written(
    settings: KafkaSettings, partitions: Collection[TopicPartition]
) -> datetime | None:
    """When the newest of these partitions' records was appended, committed or not, by the broker's
    clock: it is at least so late now. None: there is none.

    Raises Stalled as `chunks` does.
    """
    there = await spans(settings, partitions, committed_only=False) if partitions else {}
    last = {tp: (max(start, end - NEWEST_OFFSETS), end) for tp, (start, end) in there.items()}
    newest_ms = 0
    async with aclosing(chunks(settings, last, committed_only=False)) as fetched:
        async for records in fetched:
            newest_ms = max([newest_ms, *(record.timestamp for record in records)])
    return datetime.fromtimestamp(newest_ms / 1000, UTC) if newest_ms else None


class Picker:
    """Fetches single records by their place. Quick when the places of a partition are asked for in
    order.
    """

    def __init__(self, settings: KafkaSettings, *, patience_s: float = 20.0) -> None:
        """Connect to nothing yet; a record that does not come within `patience_s` counts as
        gone.
        """
        self._reader = new_reader(settings)
        self._patience_s = patience_s

    async def __aenter__(self) -> "Picker":
        """Connect."""
        await unbroken(self._reader.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await stop_client(self._reader)

    async def pick(self, topic: str, partition: int, offset: int) -> ConsumerRecord | None:
        """The record there; None when the topic has forgotten it or never had it."""
        tp = TopicPartition(topic, partition)
        if self._reader.assignment() != {tp}:
            self._reader.assign([tp])
        if (
            not (await self._reader.beginning_offsets([tp]))[tp]
            <= offset
            < (await self._reader.end_offsets([tp]))[tp]
        ):
            return None
        self._reader.seek(tp, offset)
        polled = await self._reader.getmany(
            tp, timeout_ms=int(self._patience_s * 1000), max_records=1
        )
        found = polled.get(tp, [])
        return found[0] if found and found[0].offset == offset else None
