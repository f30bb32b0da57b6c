"""Where reading begins: where the tables stand, not where Kafka's group does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from consumers.lake_writer.tables import LakeTables
from runtime import logs, metrics
from runtime.declaration import Declaration, Spans
from runtime.kafka import TopicPartition
from runtime.reading import high_watermarks, low_watermarks
from runtime.settings import KafkaSettings

log = logs.get(__name__)

Passed = Callable[[TopicPartition], Awaitable[int | None]]
"""How far Kafka's group has committed in a partition; transaction markers included."""


class TableOffsets:
    """Of one session."""

    def __init__(
        self, tables: LakeTables, kafka: KafkaSettings, declared: Declaration, passed: Passed
    ) -> None:
        """Ask nobody yet."""
        self._tables = tables
        self._passed = passed
        self._kafka = kafka
        self._declared = declared

    async def start(self, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """A partition that no row is of begins at its first record."""
        stands = await self._tables.stand()
        places = [TopicPartition(*place) for place in partitions]
        ends = await high_watermarks(self._kafka, places)
        firsts = await low_watermarks(self._kafka, places)
        return {
            (tp.topic, tp.partition): await self._begin(
                tp, stands[tp.topic].get(tp.partition), firsts[tp], ends[tp]
            )
            for tp in places
        }

    async def moved(self, positions: Spans) -> None:
        """Kafka's group is told; a table says it with the next rows."""

    async def _begin(self, tp: TopicPartition, stands: int | None, first: int, end: int) -> int:
        """`first` and `end`: of what the partition has. What the group has passed makes no row."""
        if stands is not None and stands > end:
            self._jump(
                tp, stands, "a partition ends before what was read of it: read from its beginning"
            )
            return first
        if stands is not None and stands < first and (await self._passed(tp) or 0) < first:
            self._jump(
                tp,
                stands,
                "records are gone that were not read: reading goes on at the first that is there",
            )
        return max(stands or 0, first)

    def _jump(self, tp: TopicPartition, offset: int, what: str) -> None:
        log.error(what, topic=tp.topic, partition=tp.partition, offset=offset)
        metrics.OFFSET_JUMPS.labels(self._declared.name, tp.topic).inc()
