"""Taking partitions over when something went wrong before: offsets that are gone or set back, a
transaction left open.
"""

import asyncio
import json
from collections import Counter

import asyncpg
import pytest
import structlog
from aiokafka import AIOKafkaProducer
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from consumers.dead_letter import DECLARATION
from devstack.stack import Stack
from domain.outcomes import Emit
from runtime import lane_opening, metrics
from runtime.kafka import new_producer, partition_of
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_DEAD_LETTER,
    LOOK_FAILED,
    LOOK_PROGRESS,
    LOOK_REQUESTED,
    PARTITIONS,
    Topic,
)
from storage.acceptance import Acceptance
from storage.claims import ClaimStore
from tests.integration.accepting import accept
from tests.integration.applications import dead_letters
from tests.integration.conftest import Begin, running, until
from tests.integration.reading import requested
from tests.integration.test_command_line import looks
from tests.integration.test_processes import Renderer, compositor, dead_letter_of, publish


def dead(kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    return dead_letters(kafka, ClaimStore(pool))


async def keys_of(kafka: KafkaSettings, topic: Topic) -> Counter[str]:
    """How many records a topic has of each request."""
    found: Counter[str] = Counter()
    await read_all(
        kafka, (topic,), lambda record: found.update([(record.key or b"").decode(errors="replace")])
    )
    return found


async def lose_offsets(kafka: KafkaSettings, damage: str) -> None:
    """What Kafka does to a group that was idle for a week, or an operator to one that is to read
    again.
    """
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    group = kafka.names.group(DECLARATION.group)
    if damage == "gone":
        asked = admin.delete_consumer_groups([group])[group]
    else:
        places = [
            TopicPartition(kafka.names.topic(LOOK_DEAD_LETTER.name), n, 0)
            for n in range(PARTITIONS)
        ]
        back = [ConsumerGroupTopicPartitions(group, places)]
        asked = admin.alter_consumer_group_offsets(back)[group]
    await asyncio.to_thread(asked.result, 30)


@pytest.mark.parametrize("damage", ["gone", "set back"])
async def test_a_group_whose_offsets_are_lost_publishes_no_failure_again(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, damage: str
) -> None:
    accepted = await accept(Acceptance(pool, batch_max=64, queue_max=64), 24, deadline_s=3600)
    by_number = {
        number: [one for one in accepted if partition_of(one, PARTITIONS) == number]
        for number in (partition_of(one, PARTITIONS) for one in accepted)
    }
    # Two of a partition: they are read in order
    pairs = [(ids[0], ids[1]) for ids in by_number.values() if len(ids) > 1]
    before, after = [first for first, _ in pairs], [second for _, second in pairs]

    async def fail(*ids: str) -> None:
        for request_id in ids:
            await publish(
                producer,
                Emit(await dead_letter_of(pool, request_id), ("look.dead-letter", "test"), 2),
            )

        async def published() -> bool:
            told = await keys_of(kafka, LOOK_FAILED)
            return all(told[request_id] for request_id in ids)

        await until(published)

    async with running("dead", dead(kafka, pool)):
        await fail(*before)
    await lose_offsets(kafka, damage)
    async with running("dead", dead(kafka, pool)):
        await fail(*after)  # all that comes before these has been read again
    for topic in (LOOK_FAILED, CREDIT_REFUND):
        told = await keys_of(kafka, topic)
        assert {one: told[one] for one in (*before, *after)} == dict.fromkeys((*before, *after), 1)


async def test_a_transaction_left_open_holds_up_its_own_partition_alone_and_is_named(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_opening, "PATIENCE_S", (0.5,))
    ids = await accept(Acceptance(pool, batch_max=16, queue_max=16), 16, deadline_s=3600)
    number = partition_of(ids[0], PARTITIONS)
    held = [one for one in ids if partition_of(one, PARTITIONS) == number]
    others = [one for one in ids if partition_of(one, PARTITIONS) != number]
    stray = new_producer(
        kafka.model_copy(update={"transaction_timeout_s": 300}), "stray", transactional_id="stray"
    )
    await stray.start()
    await stray.begin_transaction()
    written = await stray.send_and_wait(
        LOOK_PROGRESS.name, b"stray", key=b"stray", partition=number
    )
    not_open = metrics.LANES_NOT_OPEN.labels("compositor")

    async def completed(request_ids: list[str]) -> bool:
        told = await keys_of(kafka, LOOK_COMPLETED)
        return all(told[one] for one in request_ids)

    with structlog.testing.capture_logs() as said:
        async with running("compositor", compositor(kafka, Renderer())):
            for request_id in ids:
                await publish(
                    producer, Emit(await requested(pool, request_id), (LOOK_REQUESTED.name,), 1)
                )
            await until(lambda: completed(others))
            told = await keys_of(kafka, LOOK_COMPLETED)
            assert not any(told[one] for one in held)
            assert not_open._value.get() == 1

            async def named() -> bool:
                return any(
                    one["event"].startswith("an open transaction holds a lane up") for one in said
                )

            await until(named)
            shown = looks(services, "topics", "transactions", "--idle-s", "0", "--json")
            await stray.abort_transaction()
            await until(lambda: completed(held))

            async def open_again() -> bool:
                return bool(not_open._value.get() == 0)

            await until(open_again)
    await stray.stop()
    named_one = next(
        one for one in said if one["event"].startswith("an open transaction holds a lane up")
    )
    place = {
        "topic": LOOK_PROGRESS.name,
        "partition": number,
        "first_offset": written.offset,
        "transactional_id": "stray",
    }
    assert {name: named_one[name] for name in place} == place
    assert shown.returncode == 1
    (listed,) = [
        one
        for one in map(json.loads, shown.stdout.splitlines())
        if one["transactional_id"] == "stray"
    ]
    assert {name: listed[name] for name in place} == place
    assert listed["producer_id"] == named_one["producer_id"]
