"""Whether a client gets a connection to Kafka, where some should not."""

from collections.abc import Callable
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from cli.settings import run


def connects(producer: Callable[[], AIOKafkaProducer]) -> bool:
    """In a loop of its own, which ends when its sockets are closed: aiokafka closes a connection
    that was refused in the background, and nobody waits for it.
    """
    return run(partial(_connected, producer))


async def _connected(make: Callable[[], AIOKafkaProducer]) -> bool:
    producer = make()
    try:
        await producer.start()
    except KafkaConnectionError:
        return False
    finally:
        await producer.stop()
    return True
