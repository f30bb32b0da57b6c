"""Records that break the contract, and records that were written before: what a reader must
survive.
"""

import os
import random
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chaos.plan import Poison
from runtime.kafka import ConsumerRecord, new_reader
from runtime.settings import KafkaSettings
from schemas.ids import derived_id, new_request_id

FUTURE_VERSION = "v9"
OVERSIZED_BYTES = 900_000
"""What a topic of ours just takes."""
LATEST = 200
"""Copies are made of one of so many latest records of a partition."""

RawRecord = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Key, value, headers."""


def poison(kind: Poison, event_type: str) -> RawRecord:
    """A record that no reader of a topic of this type can read."""
    request_id = new_request_id()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", derived_id(request_id, "poison").encode()),
        ("ce_type", event_type.encode()),
        ("ce_source", b"/chaos"),
        ("ce_time", b"2026-01-01T00:00:00Z"),
    ]
    key = request_id.encode()
    alien = [*headers[:2], ("ce_type", b"order.created.v1"), *headers[3:]]
    records: dict[Poison, RawRecord] = {
        Poison.GARBAGE: (key, os.urandom(200), headers),
        Poison.EMPTY: (key, b"", headers),
        Poison.TOMBSTONE: (key, None, headers),
        Poison.TRUNCATED: (key, b'{"request_id": "' + key + b'", "tenant_id": "de', headers),
        Poison.NO_HEADERS: (None, b"{}", []),
        Poison.ALIEN_TYPE: (key, b"{}", alien),
        Poison.BAD_HEADER: (key, b"{}", [*headers, ("traceparent", b"\xff\xfe\x00")]),
        Poison.OVERSIZED: (key, os.urandom(OVERSIZED_BYTES), headers),
        Poison.DEEP: (key, b"[" * 100_000, headers),
    }
    return records[kind]


class Recorder:
    """Writes poison and copies, past every safeguard of ours."""

    def __init__(self, settings: KafkaSettings, producer: AIOKafkaProducer) -> None:
        """A started producer."""
        self._settings = settings
        self._producer = producer

    async def poison(self, topic: str, kind: Poison, event_type: str) -> None:
        """Write one record that nobody can read."""
        key, value, headers = poison(kind, event_type)
        await self._producer.send_and_wait(topic, value, key=key, headers=headers)

    async def copy(self, topic: str, count: int) -> int:
        """Write up to `count` of a topic's latest records once more, as they are; returns how
        many.
        """
        found = await self._latest(topic, count)
        for record in found:
            await self._producer.send_and_wait(
                topic, record.value, key=record.key, headers=list(record.headers)
            )
        return len(found)

    async def future(self, topic: str) -> int:
        """Write one of a topic's latest records again as if a later version of its schema had made
        it.
        """
        found = await self._latest(topic, 1)
        for record in found:
            headers = [
                (name, _later(value) if name == "ce_type" else value)
                for name, value in record.headers
            ]
            await self._producer.send_and_wait(topic, record.value, key=record.key, headers=headers)
        return len(found)

    async def _latest(self, topic: str, count: int) -> Sequence[ConsumerRecord]:
        reader = new_reader(self._settings)
        await reader.start()
        try:
            return await _some(reader, topic, self._settings.names.count(topic), count)
        finally:
            await reader.stop()


async def _some(
    reader: AIOKafkaConsumer, topic: str, numbers: int, count: int
) -> list[ConsumerRecord]:
    partitions = [TopicPartition(topic, number) for number in range(numbers)]
    firsts, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
    filled = [partition for partition in partitions if ends[partition] > firsts[partition]]
    if not filled:
        return []
    partition = random.choice(filled)
    reader.assign([partition])
    reader.seek(partition, max(firsts[partition], ends[partition] - random.randint(count, LATEST)))
    polled = await reader.getmany(timeout_ms=1500, max_records=count)
    return [record for records in polled.values() for record in records if record.value is not None]


def _later(event_type: bytes) -> bytes:
    return event_type.rpartition(b".")[0] + f".{FUTURE_VERSION}".encode()
