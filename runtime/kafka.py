"""Kafka clients, configured in one place: durable, idempotent, compressed."""

import asyncio
import contextlib
import random
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any, Protocol, TypeVar

from aiokafka import (
    AIOKafkaClient,
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRecord,
    OffsetAndTimestamp,
    TopicPartition,
)
from aiokafka.errors import KafkaError

from runtime.connection import for_aiokafka
from runtime.named_clients import NamedProducer, named_reader
from runtime.placing import partition_of, placed
from runtime.records import OutRecord, Work
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable, decode
from schemas.topics import BY_NAME, LOOK_QUARANTINE

STOP_TIMEOUT_S = 5.0
MAX_UNCOMPRESSED_BYTES = 64 * 1024 * 1024
"""Of one record. What the broker let in compressed must fit into quarantine, where it is larger by
its headers.
"""


def client_options(settings: KafkaSettings) -> dict[str, object]:
    """What every client of ours needs to connect: it holds the password, so it is not for logs."""
    return {**for_aiokafka(settings), "request_timeout_ms": 20_000, "retry_backoff_ms": 100}


METADATA_MAX_AGE_MS = 30_000
"""So soon a client sees that a topic has other partitions than before."""


class KafkaElsewhere(KafkaSettings):
    """Settings of a Kafka that makes its clients itself: they do what aiokafka's do."""

    def producer(self, client_id: str, transactional_id: str | None) -> AIOKafkaProducer:
        """As `new_producer`."""
        raise NotImplementedError

    def reader(self, *, committed_only: bool) -> AIOKafkaConsumer:
        """As `new_reader`."""
        raise NotImplementedError

    def client(self, client_id: str) -> AIOKafkaClient:
        """As `new_client`."""
        raise NotImplementedError


def new_client(settings: KafkaSettings, client_id: str) -> AIOKafkaClient:
    """A bare client, not connected: it knows which partitions there are."""
    if isinstance(settings, KafkaElsewhere):
        return settings.client(client_id)
    return AIOKafkaClient(**client_options(settings), client_id=client_id)


def new_producer(
    settings: KafkaSettings, client_id: str, *, transactional_id: str | None = None
) -> AIOKafkaProducer:
    """A producer, not started. With a transactional id, starting it fences every older producer of
    the same id.
    """
    if isinstance(settings, KafkaElsewhere):
        return settings.producer(client_id, transactional_id)
    options: dict[str, object] = {
        **client_options(settings),
        "client_id": client_id,
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "zstd",
        "max_request_size": MAX_UNCOMPRESSED_BYTES,
        "linger_ms": 0,  # what is sent together is sent without a pause, and so goes together
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "partitioner": partial(placed, declared=settings.names.numbers),
    }
    if transactional_id is not None:
        options["transactional_id"] = settings.names.group(transactional_id)
        options["transaction_timeout_ms"] = int(settings.transaction_timeout_s * 1000)
    return NamedProducer(settings.names, **options)


def new_reader(
    settings: KafkaSettings,
    *,
    committed_only: bool = True,
    max_bytes: int = 1024 * 1024,
    max_wait_ms: int = 500,
) -> AIOKafkaConsumer:
    """A consumer without a group, not started: it reads what it is assigned and moves nobody's
    offsets.

    `max_bytes`: of one fetch from a partition; `max_wait_ms`: how long a fetch may wait at a
    partition's end.
    """
    if isinstance(settings, KafkaElsewhere):
        return settings.reader(committed_only=committed_only)
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        max_partition_fetch_bytes=max_bytes,
        fetch_max_wait_ms=max_wait_ms,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed" if committed_only else "read_uncommitted",
    )
    return named_reader(consumer, settings.names)


T = TypeVar("T")


class Stoppable(Protocol):
    """A client that can be stopped."""

    async def stop(self) -> None:
        """Disconnect."""


async def unbroken(call: Coroutine[Any, Any, T]) -> T:
    """Await what may connect. When that is cancelled, let it come to its end first, or its client
    is stopped in vain.

    aiokafka 0.14 loses a connection whose making is cancelled: nobody closes it.
    """
    task = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=STOP_TIMEOUT_S)
        if not task.cancel() and not task.cancelled():
            task.exception()  # nobody else asks for it
        raise


async def stop_client(client: Stoppable) -> None:
    """Stop a client, giving up on one whose broker does not answer: what it had not committed is
    not committed.
    """
    with contextlib.suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await client.stop()


async def close_client(client: AIOKafkaClient) -> None:
    """The same of a bare client."""
    with contextlib.suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await client.close()


def read(record: ConsumerRecord) -> Work | Undecodable:
    """The work in a record, or why it can't be read."""
    expected = BY_NAME[record.topic].event
    if expected is None:
        return Undecodable("a topic without a schema")
    result = decode(record.value, record.headers or (), expected)
    if isinstance(result, Undecodable):
        return result
    return Work(record.topic, record.partition, record.offset, record.timestamp, result)


def quarantined(record: ConsumerRecord, reason: str, consumer: str) -> OutRecord:
    """The record as it came, with where it came from and why it could not be handled."""
    origin = {
        "looks-quarantine-reason": reason,
        "looks-quarantine-topic": record.topic,
        "looks-quarantine-partition": str(record.partition),
        "looks-quarantine-offset": str(record.offset),
        "looks-quarantine-consumer": consumer,
    }
    kept = tuple((name, raw or b"") for name, raw in record.headers or () if name not in origin)
    headers = kept + tuple((name, text.encode("utf-8", "replace")) for name, text in origin.items())
    return OutRecord(LOOK_QUARANTINE.name, record.key, record.value, headers)


def quarantine_origin(headers: Iterable[tuple[str, bytes]]) -> tuple[bytes, bytes, bytes, bytes]:
    """Which consumer put a record into quarantine, and the topic, partition and offset that it
    came from; empty where it does not say.
    """
    told = dict(headers)
    consumer, topic, partition, offset = (
        told.get(f"looks-quarantine-{name}", b"")
        for name in ("consumer", "topic", "partition", "offset")
    )
    return consumer, topic, partition, offset


def jitter() -> float:
    """A chance in [0, 1)."""
    return random.random()


__all__ = [
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "ConsumerRecord",
    "OffsetAndTimestamp",
    "TopicPartition",
    "client_options",
    "jitter",
    "new_client",
    "new_producer",
    "new_reader",
    "partition_of",
    "quarantine_origin",
    "quarantined",
    "read",
    "stop_client",
]
