"""Reading topics without a group: what stands between two moments or at one place. Memory: one
fetch.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

from aiokafka.admin import AIOKafkaAdminClient

from runtime.kafka import (
    AIOKafkaConsumer,
    ConsumerRecord,
    TopicPartition,
    client_options,
    new_reader,
    stop_client,
    unbroken,
)
from runtime.settings import KafkaSettings
from schemas.topics import Topic

POLL_MS = 300
POLL_RECORDS = 1000
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


def partitions_of(topics: Iterable[Topic]) -> list[TopicPartition]:
    """All partitions of these topics."""
    return [
        TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)
    ]


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
    max_records: int = POLL_RECORDS,
    patience_s: float | None = None,
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Every record in these spans, in order per partition, as fetched. Close it
    (`contextlib.aclosing`) when leaving early.

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
                await reader.getmany(*behind, timeout_ms=POLL_MS, max_records=max_records)
            ).items():
                yield [record for record in records if record.offset < within[tp][1]]
            # What is buffered is given without waiting: heartbeats and work need their turn
            await asyncio.sleep(0)
            now = {tp: await reader.position(tp) for tp in behind}
            moved_s = _now_s() if now != behind else moved_s
            if read := [tp for tp, at in now.items() if at >= within[tp][1]]:
                reader.pause(*read)
            behind = {tp: at for tp, at in now.items() if at < within[tp][1]}
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
    settings: KafkaSettings, topics: Sequence[Topic], take: Callable[[ConsumerRecord], object]
) -> int:
    """Give every committed record, from the beginning to the ends as they are now, to `take`;
    returns how many.

    The ends are those of open transactions: what began before the call is waited for. Raises
    Stalled as `chunks` does.
    """
    count = 0
    there = await spans(settings, partitions_of(topics), committed_only=False)
    async with aclosing(chunks(settings, there)) as fetched:
        async for records in fetched:
            for record in records:
                take(record)
            count += len(records)
    return count


async def committed_by(settings: KafkaSettings, group: str) -> dict[TopicPartition, int]:
    """The next offset that a group will read of each partition, asked of the coordinator: nobody
    joins the group.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {tp: known.offset for tp, known in offsets.items()}


async def members_of(settings: KafkaSettings, group: str) -> int:
    """How many members a group has at the moment, asked of the coordinator: nobody joins the
    group.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        answers = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    # A described group is a tuple that grows with the protocol's version; its only list are the
    # members.
    return sum(
        len(part)
        for answer in answers
        for described in answer.groups
        for part in described
        if isinstance(part, list)
    )


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
        await self._reader.start()
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
