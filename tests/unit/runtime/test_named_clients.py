"""Clients are asked and answer by declared names, whatever Kafka calls what they ask for."""

from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from runtime.kafka import new_producer, new_reader
from runtime.named_clients import NamedConsumer, renamed
from runtime.placing import partition_of
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.namespace import AS_DECLARED, Namespace
from schemas.topics import LOOK_COMPLETED, LOOK_QUARANTINE

HERE = TopicPartition(LOOK_COMPLETED.name, 3)
THERE = TopicPartition(f"staging.{LOOK_COMPLETED.name}", 3)
STAGING = Namespace("staging")


def record(topic: str) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(topic, 3, 7, 0, 1, b"k", b"v", None, 1, 1, [])


class Kafka:
    """aiokafka's consumer: knows Kafka's names alone."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.asked += partitions

    pause = resume = lambda self, *partitions: self.assign(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.asked.append(partition)

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        self.asked += partitions

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.asked += offsets

    def assignment(self) -> set[TopicPartition]:
        return {THERE}

    paused = assignment

    async def position(self, partition: TopicPartition) -> int:
        self.asked.append(partition)
        return 5

    committed = position

    def highwater(self, partition: TopicPartition) -> int:
        self.asked.append(partition)
        return 9

    last_stable_offset = last_poll_timestamp = highwater

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += partitions
        return dict.fromkeys(partitions, 4)

    beginning_offsets = offsets_for_times = end_offsets

    async def getmany(
        self, *partitions: TopicPartition, **_: object
    ) -> dict[TopicPartition, list[Any]]:
        self.asked += partitions
        return {THERE: [record(THERE.topic)]}


async def test_everything_a_reader_is_asked_goes_to_kafkas_topic_and_comes_back_as_ours() -> None:
    kafka = Kafka()
    reader = NamedConsumer(kafka, STAGING)
    reader.assign([HERE])
    reader.pause(HERE)
    reader.resume(HERE)
    reader.seek(HERE, 1)
    await reader.seek_to_beginning(HERE)
    await reader.commit({HERE: 2})
    assert (await reader.position(HERE), await reader.committed(HERE)) == (5, 5)
    for ask in (reader.highwater, reader.last_stable_offset, reader.last_poll_timestamp):
        assert ask(HERE) == 9
    assert await reader.end_offsets([HERE]) == {HERE: 4}
    assert await reader.beginning_offsets([HERE]) == {HERE: 4}
    assert list(await reader.offsets_for_times({HERE: 1})) == [HERE]
    assert reader.assignment() == reader.paused() == {HERE}
    polled = await reader.getmany(HERE, timeout_ms=1)
    assert {tp: [one.topic for one in found] for tp, found in polled.items()} == {
        HERE: [HERE.topic]
    }
    assert set(kafka.asked) == {THERE}
    assert len(kafka.asked) == 15


def test_records_are_renamed_once_and_those_of_others_never() -> None:
    records = [record(THERE.topic), record("team.copy")]
    for _ in range(2):
        renamed(STAGING, records)
        assert [one.topic for one in records] == [HERE.topic, "team.copy"]
    theirs = record(THERE.topic)
    renamed(AS_DECLARED, [theirs])
    assert theirs.topic == THERE.topic


async def test_a_topic_with_a_count_of_its_own_has_keys_in_all_of_its_partitions() -> None:
    producer = new_producer(
        KafkaSettings(
            bootstrap="127.0.0.1:1", partitions=4, topic_partitions={LOOK_QUARANTINE.name: 30}
        ),
        "test",
    )
    key = new_request_id()
    producer.partitions_for = _thirty
    at = await producer._placed_apart(LOOK_QUARANTINE.name, key.encode())
    await producer.stop()
    assert at == partition_of(key, 30)


async def test_a_partition_that_was_added_meanwhile_is_asked_for_before_it_is_used() -> None:
    producer = new_producer(KafkaSettings(bootstrap="127.0.0.1:1", namespace="staging"), "test")
    cluster = Growing(12, then=24)
    await producer.stop()
    producer.client = cluster
    await producer._know(HERE.topic, 3)
    assert not cluster.updates, "it knew"
    await producer._know(HERE.topic, 17)
    assert cluster.updates == [24]
    with pytest.raises(UnknownTopicOrPartitionError):
        await producer._know(HERE.topic, 24)


class Growing:
    """A client whose knowledge of its cluster is old until it asks."""

    def __init__(self, count: int, then: int) -> None:
        self.cluster = self
        self.updates: list[int] = []
        self._count, self._then = count, then

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == THERE.topic
        return set(range(self._count))

    async def _wait_on_metadata(self, topic: str) -> set[int]:
        return self.partitions_for_topic(topic)

    async def force_metadata_update(self) -> None:
        self.updates.append(self._then)
        self._count = self._then


async def _thirty(_: str) -> set[int]:
    return set(range(30))


@pytest.mark.parametrize("namespace", ["", "staging"])
async def test_without_a_namespace_a_reader_is_aiokafkas_own(namespace: str) -> None:
    reader = new_reader(KafkaSettings(bootstrap="127.0.0.1:1", namespace=namespace))
    await reader.stop()
    assert isinstance(reader, NamedConsumer) == bool(namespace)
