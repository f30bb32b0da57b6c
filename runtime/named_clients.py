"""Kafka clients that are asked by the declared names of topics, groups and transactional ids, and
answer so; Kafka hears what a `Namespace` makes of them.

Without a namespace Kafka's names are the declared ones, and readers are aiokafka's own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from runtime.placing import placed
from schemas.namespace import Namespace

T = TypeVar("T")


def on_kafka(names: Namespace, partition: TopicPartition) -> TopicPartition:
    """A partition as Kafka calls it."""
    return TopicPartition(names.topic(partition.topic), partition.partition)


def as_declared(names: Namespace, partition: Any) -> TopicPartition:
    """A partition that Kafka calls so, by the declared name of its topic."""
    return TopicPartition(names.declared_name(partition.topic), partition.partition)


def renamed(names: Namespace, records: Iterable[ConsumerRecord]) -> None:
    """Records just read are given the declared name of their topic. Harmless to repeat."""
    if names.name:
        for record in records:
            record.topic = names.declared_name(record.topic)


def named_reader(consumer: AIOKafkaConsumer, names: Namespace) -> AIOKafkaConsumer:
    """A consumer that speaks of declared names."""
    return NamedConsumer(consumer, names) if names.name else consumer


class NamedProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """Sends to topics by their declared names. What it acknowledges has Kafka's."""

    def __init__(self, names: Namespace, **options: object) -> None:
        """`options`: aiokafka's. Its partitioner places keys of topics that are not `apart`."""
        super().__init__(**options)
        self._names = names

    async def send(  # noqa: PLR0913 (aiokafka's own, which it calls by position)
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> Any:
        """As aiokafka's."""
        if partition is None and topic in self._names.apart:
            partition = await self._placed_apart(topic, key)
        elif partition is not None:
            await self._know(topic, partition)
        return await super().send(
            self._names.topic(topic), value, key, partition, timestamp_ms, headers
        )

    async def partitions_for(self, topic: str) -> set[int]:
        """As aiokafka's."""
        found: set[int] = await super().partitions_for(self._names.topic(topic))
        return found

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        """As aiokafka's."""
        await super().send_offsets_to_transaction(
            {on_kafka(self._names, tp): offset for tp, offset in offsets.items()},
            self._names.group(group_id),
        )

    async def _know(self, topic: str, partition: int) -> None:
        """Of a partition added since we last asked what there is. Raises
        UnknownTopicOrPartitionError: aiokafka would stop at an assertion.
        """
        name = self._names.topic(topic)
        if partition in (self.client.cluster.partitions_for_topic(name) or ()):
            return
        if partition in await self.partitions_for(topic):
            return
        await self.client.force_metadata_update()
        if partition not in await self.partitions_for(topic):
            raise UnknownTopicOrPartitionError(f"{name}[{partition}]")

    async def _placed_apart(self, topic: str, key: bytes | None) -> int:
        there = sorted(await self.partitions_for(topic))
        return placed(key, there, there, declared=self._names.count(topic))


class NamedConsumer:
    """What we ask of aiokafka's consumer, by declared names."""

    def __init__(self, consumer: AIOKafkaConsumer, names: Namespace) -> None:
        """A view: it keeps nothing itself."""
        self._consumer = consumer
        self._names = names

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these from now on."""
        self._consumer.assign(self._on_kafka(partitions))

    def assignment(self) -> set[TopicPartition]:
        """What it reads."""
        return self._declared(self._consumer.assignment())

    def paused(self) -> set[TopicPartition]:
        """What it fetches nothing of."""
        return self._declared(self._consumer.paused())

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch nothing of these."""
        self._consumer.pause(*self._on_kafka(partitions))

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetch them again."""
        self._consumer.resume(*self._on_kafka(partitions))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._consumer.seek(on_kafka(self._names, partition), offset)

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        """Read on from the first records."""
        await self._consumer.seek_to_beginning(*self._on_kafka(partitions))

    async def position(self, partition: TopicPartition) -> int:
        """What it gives next."""
        return int(await self._consumer.position(on_kafka(self._names, partition)))

    async def committed(self, partition: TopicPartition) -> int | None:
        """What its group committed."""
        found: int | None = await self._consumer.committed(on_kafka(self._names, partition))
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """For its group."""
        await self._consumer.commit(
            {on_kafka(self._names, tp): offset for tp, offset in offsets.items()}
        )

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """The first offsets that are kept."""
        return self._by_declared(await self._consumer.beginning_offsets(self._on_kafka(partitions)))

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends of what it may read."""
        return self._by_declared(await self._consumer.end_offsets(self._on_kafka(partitions)))

    async def offsets_for_times(
        self, times_ms: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Any]:
        """The first offsets written at or after these times."""
        asked = {on_kafka(self._names, tp): ms for tp, ms in times_ms.items()}
        return self._by_declared(await self._consumer.offsets_for_times(asked))

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What was fetched."""
        found: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
            *self._on_kafka(partitions), timeout_ms=timeout_ms, max_records=max_records
        )
        for records in found.values():
            renamed(self._names, records)
        return self._by_declared(found)

    def highwater(self, partition: TopicPartition) -> int | None:
        """The end of a partition, as it was fetched last."""
        found: int | None = self._consumer.highwater(on_kafka(self._names, partition))
        return found

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        """The same up to the first open transaction."""
        found: int | None = self._consumer.last_stable_offset(on_kafka(self._names, partition))
        return found

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        """When it was fetched last, ms."""
        found: int | None = self._consumer.last_poll_timestamp(on_kafka(self._names, partition))
        return found

    def _on_kafka(self, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
        return [on_kafka(self._names, one) for one in partitions]

    def _declared(self, partitions: Collection[TopicPartition]) -> set[TopicPartition]:
        return {as_declared(self._names, one) for one in partitions}

    def _by_declared(self, found: Mapping[TopicPartition, T]) -> dict[TopicPartition, T]:
        return {as_declared(self._names, tp): value for tp, value in found.items()}
