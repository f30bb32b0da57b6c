"""Read a partition number's recent past from Kafka, up to everything written before the call."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from runtime.kafka import TopicPartition, read
from runtime.reading import PartitionSpans, chunks, first_records, spans
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable

CLOCKS_S = 60.0
"""Brokers date records, each by its own clock: these differ by less."""


async def recent(
    settings: KafkaSettings,
    partitions: Sequence[TopicPartition],
    since: datetime,
    take: Callable[[Work], None],
    *,
    patience_s: float | None = None,
) -> None:
    """Give every committed, readable record of these partitions written since then to `take`, in
    order per partition.

    Raises reading.Stalled when nothing comes for `patience_s` though the end is not reached: an
    open transaction is in the way.
    """
    there = await spans(settings, partitions, since, committed_only=False) if partitions else {}
    async with aclosing(chunks(settings, there, patience_s=patience_s)) as fetched:
        async for records in fetched:
            for record in records:
                work = read(record)
                if not isinstance(work, Undecodable):
                    take(work)


def horizon(now: datetime, window_s: float) -> datetime:
    """How far back `recent` must look."""
    return now - timedelta(seconds=window_s)


async def first_unread(settings: KafkaSettings, unread: PartitionSpans) -> datetime | None:
    """When the oldest of these records was written, less what brokers' clocks differ; None: there
    is none.

    What a consumer published about records that it will read (again) was written after them, and so
    since then.
    """
    found = await first_records(settings, unread)
    if not found:
        return None
    oldest_ms = min(record.timestamp for record in found.values())
    return datetime.fromtimestamp(oldest_ms / 1000, UTC) - timedelta(seconds=CLOCKS_S)
