"""How long an idle consumer's fetches wait at the ends of its partitions, on a real Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from runtime import broker
from runtime.broker import PatientConsumer
from runtime.kafka import TopicPartition, client_options
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_FAILED

IDLE_WAIT_S = 20.0
IDLE_AFTER_S = 1.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "POLL_S", 0.1)
    monkeypatch.setattr(broker, "IDLE_AFTER_S", IDLE_AFTER_S)
    monkeypatch.setattr(broker, "IDLE_FETCH_WAIT_MS", int(IDLE_WAIT_S * 1000))


@asynccontextmanager
async def at_the_end(
    kafka: KafkaSettings, *partitions: TopicPartition
) -> AsyncIterator[PatientConsumer]:
    """A consumer of these partitions that has read what they hold."""
    consumer = PatientConsumer(
        **client_options(kafka), group_id=None, fetch_max_wait_ms=broker.FETCH_WAIT_MS
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        yield consumer
    finally:
        await consumer.stop()


async def fetched_again(
    consumer: PatientConsumer, partition: TopicPartition, within_s: float
) -> bool:
    """Whether another fetch of a partition comes back before this time is over; it polls on."""
    before, give_up_s = consumer.last_poll_timestamp(partition), time.monotonic() + within_s
    while time.monotonic() < give_up_s:
        assert await consumer.getmany() == {}
        if consumer.last_poll_timestamp(partition) != before:
            return True
    return False


async def test_they_wait_long_while_nothing_comes_and_end_with_the_first_record(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    topic = kafka.names.topic(LOOK_FAILED.name)
    read, other = TopicPartition(topic, 0), TopicPartition(topic, 1)
    async with at_the_end(kafka, read, other) as consumer:
        async with asyncio.timeout(120):
            while await fetched_again(consumer, other, 5 * IDLE_AFTER_S):
                pass  # as it does while something may come, with short waits
        sent_s = time.monotonic()
        await producer.send_and_wait(LOOK_FAILED.name, b"a record", partition=0)
        async with asyncio.timeout(120):
            while not (found := await consumer.getmany()):
                pass
        assert [one.value for one in found[read]] == [b"a record"]
        assert time.monotonic() - sent_s < IDLE_WAIT_S / 2
        # Something came: what is not among those fetched now waits for a short fetch again
        assert await fetched_again(consumer, other, IDLE_WAIT_S / 2)


async def test_they_wait_as_long_as_ever_while_a_partition_is_paused(kafka: KafkaSettings) -> None:
    topic = kafka.names.topic(LOOK_FAILED.name)
    paused, other = TopicPartition(topic, 2), TopicPartition(topic, 3)
    async with at_the_end(kafka, paused, other) as consumer:
        consumer.pause(paused)
        idle_s = time.monotonic() + 3 * IDLE_AFTER_S
        while time.monotonic() < idle_s:
            assert await fetched_again(consumer, other, IDLE_WAIT_S / 2)
