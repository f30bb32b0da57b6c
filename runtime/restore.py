"""Read a partition's recent past from Kafka, up to everything written before the call."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from runtime.kafka import AIOKafkaConsumer, TopicPartition, new_reader, read, stop_client
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable
from schemas.topics import Topic

STALLED_AFTER_S = 60.0
CHUNK_RECORDS = 500
"""Read at a time; in between, the group's heartbeats get their turn."""


async def high_watermarks(settings: KafkaSettings, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offset to be written of each partition, open transactions included."""
    reader = new_reader(settings, committed_only=False)
    await reader.start()
    try:
        return dict(await reader.end_offsets(list(partitions)))
    finally:
        await stop_client(reader)


async def recent(
    settings: KafkaSettings, topics: Sequence[Topic], numbers: Sequence[int], since: datetime, take: Callable[[Work], None]
) -> None:
    """Give every committed, readable record of these partitions written since then to `take`, topic by topic in order.

    Memory: one fetch. Raises TimeoutError when nothing comes for a minute though the end is not reached (an open
    transaction is in the way).
    """
    partitions = [TopicPartition(topic.name, number) for topic in topics for number in numbers]
    if not partitions:
        return
    ends = await high_watermarks(settings, partitions)
    reader = new_reader(settings)
    await reader.start()
    try:
        reader.assign(partitions)
        await _seek(reader, partitions, ends, since)
        await _drain(reader, ends, take)
    finally:
        await stop_client(reader)


async def _seek(
    reader: AIOKafkaConsumer, partitions: list[TopicPartition], ends: dict[TopicPartition, int], since: datetime
) -> None:
    starts = await reader.offsets_for_times({partition: int(since.timestamp() * 1000) for partition in partitions})
    for partition in partitions:
        start = starts.get(partition)
        reader.seek(partition, start.offset if start is not None else ends[partition])


async def _drain(reader: AIOKafkaConsumer, ends: dict[TopicPartition, int], take: Callable[[Work], None]) -> None:
    behind = set(ends)
    now_s = asyncio.get_running_loop().time
    async with asyncio.timeout(STALLED_AFTER_S) as stalled:
        while True:
            behind = {partition for partition in behind if await reader.position(partition) < ends[partition]}
            if not behind:
                return
            polled = await reader.getmany(timeout_ms=200, max_records=CHUNK_RECORDS)
            for records in polled.values():
                for record in records:
                    work = read(record)
                    if not isinstance(work, Undecodable):
                        take(work)
            if polled:
                stalled.reschedule(now_s() + STALLED_AFTER_S)
            await asyncio.sleep(0)  # what is buffered is given without waiting


def horizon(now: datetime, window_s: float) -> datetime:
    """How far back `recent` must look."""
    return now - timedelta(seconds=window_s)
