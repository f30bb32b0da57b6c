"""Lag is what can be read less what was read; partitions given away say nothing any more."""

import asyncio
import time

from aiokafka.errors import KafkaConnectionError
from prometheus_client import REGISTRY

from runtime.kafka import TopicPartition
from runtime.lag import HeldBack, watch_lag

FIRST, SECOND = TopicPartition("look.requested", 0), TopicPartition("look.requested", 1)


class Consumer:
    """Owns partitions, has read some of them; may be out of reach once."""

    def __init__(self) -> None:
        self.read = {FIRST: 3, SECOND: 10}
        self.down = True
        self.asked = asyncio.Event()

    def assignment(self) -> set[TopicPartition]:
        return set(self.read)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked.set()
        if self.down:
            raise KafkaConnectionError
        return dict.fromkeys(partitions, 10)

    def highwater(self, partition: TopicPartition) -> int | None:
        return None

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return None

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        return None

    async def position(self, partition: TopicPartition) -> int:
        return self.read[partition]


def shown(partition: TopicPartition) -> float | None:
    labels = {
        "consumer": "lagging",
        "topic": partition.topic,
        "partition": str(partition.partition),
    }
    return REGISTRY.get_sample_value("looks_consumer_lag_records", labels)


async def rounds(consumer: Consumer) -> None:
    for _ in range(2):
        consumer.asked.clear()
        await asyncio.wait_for(consumer.asked.wait(), 10)


async def test_lag_is_shown_while_a_partition_is_owned() -> None:
    consumer = Consumer()
    watching = asyncio.create_task(
        watch_lag("lagging", consumer, consumer.assignment, every_s=0.01)
    )
    await rounds(consumer)
    assert shown(FIRST) is None
    consumer.down = False
    await rounds(consumer)
    assert (shown(FIRST), shown(SECOND)) == (7, 0)
    del consumer.read[SECOND]
    await rounds(consumer)
    assert (shown(FIRST), shown(SECOND)) == (7, None)
    watching.cancel()
    await asyncio.wait({watching})
    assert shown(FIRST) is None


class Fetched(Consumer):
    """Its fetches said this of each partition: the end, the last stable offset, and when."""

    said: tuple[int, int, int] = (0, 0, 0)

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.said[0]

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return self.said[1]

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        return self.said[2]


async def test_what_was_fetched_of_late_is_not_asked_for() -> None:
    consumer = Fetched()
    consumer.down = False

    async def shows(lag: float) -> bool:
        watching = asyncio.create_task(
            watch_lag("lagging", consumer, consumer.assignment, every_s=0.01)
        )
        async with asyncio.timeout(60):
            while shown(FIRST) != lag:
                await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.wait({watching})
        return consumer.asked.is_set()

    fresh_ms = int(time.time() * 1000) + 3_600_000
    consumer.said = (14, 13, fresh_ms)  # what an open transaction holds back can't be read yet
    assert not await shows(10)
    consumer.said = (14, -1, fresh_ms)  # as fetches of what is not committed say
    assert await shows(7)
    consumer.asked.clear()
    consumer.said = (14, 13, 1_000)
    assert await shows(7)


def held(metric: str) -> float | None:
    labels = {"consumer": "held", "topic": FIRST.topic, "partition": str(FIRST.partition)}
    return REGISTRY.get_sample_value(f"looks_open_transaction_{metric}", labels)


async def test_a_transaction_left_open_is_seen_by_the_stable_offset_before_the_end() -> None:
    consumer, back = Fetched(), HeldBack("held")
    told = [
        ((10, 10, 0), (0, 0)),
        ((12, 11, 1_000), (1, 0)),  # a transaction that is under way
        ((14, 13, 2_000), (1, 0)),  # another one
        ((15, 13, 9_000), (2, 7)),
        ((15, 13, 9_000), (2, 7)),  # paused: no fetch since
        ((15, 15, 10_000), (0, 0)),
    ]
    for said, shown_as in told:
        consumer.said = said
        back.look(consumer, {FIRST})
        assert (held("records"), held("seconds")) == shown_as
    back.look(consumer, set())
    assert held("records") is None
