"""Read a partition's recent past from Kafka, up to everything written before the call."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from runtime.kafka import TopicPartition, read
from runtime.reading import chunks, spans
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable
from schemas.topics import Topic

CHUNK_RECORDS = 500
"""Read at a time; in between, the group's heartbeats get their turn."""


async def recent(
    settings: KafkaSettings, topics: Sequence[Topic], numbers: Sequence[int], since: datetime, take: Callable[[Work], None]
) -> None:
    """Give every committed, readable record of these partitions written since then to `take`, in order per partition.

    Raises TimeoutError when nothing comes for a minute though the end is not reached (an open transaction is in the way).
    """
    partitions = [TopicPartition(topic.name, number) for topic in topics for number in numbers]
    there = await spans(settings, partitions, since, committed_only=False) if partitions else {}
    async with aclosing(chunks(settings, there, max_records=CHUNK_RECORDS)) as fetched:
        async for records in fetched:
            for record in records:
                work = read(record)
                if not isinstance(work, Undecodable):
                    take(work)


def horizon(now: datetime, window_s: float) -> datetime:
    """How far back `recent` must look."""
    return now - timedelta(seconds=window_s)
