"""What a campaign does to Kafka itself is done, and what can't be done did not strike."""

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ProducerFenced

from chaos.outages import Outages
from devstack.stack import Stack
from runtime.groups import committed_by
from runtime.kafka import TopicPartition, new_producer
from runtime.open_transactions import open_transactions
from runtime.reading import chunks, partitions_of, spans
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_CANCEL

NOBODY = "127.0.0.1:9"


@pytest.fixture
def kafka(own_services: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap=own_services.env["LOOKS_KAFKA_BOOTSTRAP"])


@pytest.fixture
def outages(own_services: Stack) -> Outages:
    env = own_services.env
    return Outages(env["LOOKS_KAFKA_BOOTSTRAP"], env["LOOKS_DATABASE_URL"])


async def test_a_strangers_transaction_is_open_on_every_partition_as_long_as_it_hangs(
    kafka: KafkaSettings, outages: Outages
) -> None:
    async def on() -> set[int]:
        return {one.partition for one in await open_transactions(kafka, places)}

    places = [TopicPartition(LOOK_CANCEL.name, number) for number in range(LOOK_CANCEL.partitions)]
    async with outages.hanging(LOOK_CANCEL.name) as is_open:
        assert is_open
        assert await on() == {one.partition for one in places}
    assert await on() == set()


async def test_the_owner_of_a_transactional_id_is_fenced(
    kafka: KafkaSettings, outages: Outages
) -> None:
    owner = new_producer(kafka, "owner", transactional_id="looks.compositor.3")
    await owner.start()
    try:
        await owner.begin_transaction()
        await owner.send_and_wait(LOOK_CANCEL.name, b"{}", key=b"k")
        assert await outages.fence("looks.compositor.3")
        with pytest.raises(ProducerFenced):
            await owner.commit_transaction()
    finally:
        await owner.stop()


async def test_a_group_is_forgotten_once_nobody_is_in_it(
    kafka: KafkaSettings, outages: Outages
) -> None:
    place = TopicPartition(LOOK_CANCEL.name, 0)
    member = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id="forgettable")
    member.subscribe([LOOK_CANCEL.name])
    await member.start()
    try:
        await member.commit({place: 0})
        assert not await outages.forget_group("forgettable", 1.0)
    finally:
        await member.stop()
    assert await outages.forget_group("forgettable", 30.0)
    assert await committed_by(kafka, "forgettable") == {}


async def test_records_are_gone_and_what_can_not_be_reached_is_not_struck(
    kafka: KafkaSettings, outages: Outages
) -> None:
    producer = new_producer(kafka, "writer")
    await producer.start()
    try:
        await producer.send_and_wait(LOOK_CANCEL.name, b"{}", key=b"k", partition=0)
    finally:
        await producer.stop()
    assert await outages.delete_records(LOOK_CANCEL.name)
    assert [
        one
        async for one in chunks(
            kafka, await spans(kafka, await partitions_of(kafka, [LOOK_CANCEL]))
        )
    ] == []
    assert not await Outages(NOBODY, "").delete_records(LOOK_CANCEL.name)
