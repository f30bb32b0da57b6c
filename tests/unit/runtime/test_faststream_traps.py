"""What FastStream does when left alone: why `runtime.guard` and `runtime.received` are there. One
that fails with a newer FastStream says that something of ours may go (docs/decisions/0002).
"""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.exceptions import StopConsume
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.kafka.parser import AioKafkaBatchParser
from faststream.kafka.subscriber.usecase import BatchSubscriber

from runtime.received import Received, receiver
from schemas.namespace import AS_DECLARED
from schemas.topics import CREDIT_REFUND


def record(offset: int, header: bytes | None = b"text") -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(
        CREDIT_REFUND.name, 0, offset, 0, 1, b"key", b"{}", None, 3, 2, [("odd", header)]
    )


class Consumer:
    """Of Kafka: gives one record after another; takes a moment to leave its group."""

    def __init__(self) -> None:
        self.offset = 0
        self.left = False
        self.committed = 0

    async def getmany(self, **_: object) -> dict[object, object]:
        await asyncio.sleep(0)
        self.offset += 1
        return {"here": [record(self.offset)]}

    async def commit(self) -> None:
        self.committed = self.offset + 1

    def subscribe(self, **_: object) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None:
        await asyncio.sleep(0)
        self.left = True


async def plain(consumer: Consumer) -> BatchSubscriber:
    broker = KafkaBroker(logger=None, consumer_only=True)
    subscriber = broker.subscriber("credit.refund", batch=True, ack_policy=AckPolicy.MANUAL)
    await broker.connect()  # with no client of its own it asks nobody
    broker.config.broker_config.builder = lambda **_: consumer
    return subscriber


async def test_after_a_handler_raised_the_next_batch_follows_and_its_ack_passes_over() -> None:
    consumer, seen, two = Consumer(), list[int](), asyncio.Event()
    subscriber = await plain(consumer)

    @subscriber
    async def handle(bodies: list[object]) -> None:
        seen.append(consumer.offset)
        if len(seen) == 1:
            raise ValueError("a bug of ours")
        await consumer.commit()  # what a message's ack() does
        two.set()

    await subscriber.start()
    async with asyncio.timeout(10):
        await two.wait()
    await subscriber.stop()
    assert seen[:2] == [1, 2]
    assert consumer.committed > 2


async def test_stop_consume_cancels_itself_before_the_group_is_left() -> None:
    consumer = Consumer()
    subscriber = await plain(consumer)

    @subscriber
    async def handle(bodies: list[object]) -> None:
        raise StopConsume

    await subscriber.start()
    (loop,) = subscriber.tasks
    async with asyncio.timeout(10):
        await asyncio.wait({loop})
    assert loop.cancelled()
    assert consumer.left is False


@pytest.mark.parametrize("header", [b"\xff", None])
async def test_its_parser_raises_on_a_header_that_is_not_text_and_ours_does_not(
    header: bytes | None,
) -> None:
    parser = AioKafkaBatchParser(msg_class=KafkaMessage, regex=None)
    with pytest.raises((UnicodeDecodeError, AttributeError)):
        await parser.parse_batch((record(1, header),))
    message = await receiver(AS_DECLARED)([record(1, header)])
    assert isinstance(message, Received)
    assert len(message.readings) == 1


async def test_an_ack_of_ours_moves_nothing() -> None:
    message, consumer = await receiver(AS_DECLARED)([record(1)]), SimpleNamespace(committed=False)
    await message.ack()
    await message.nack()
    assert consumer.committed is False
    assert message.consumer is not consumer
