"""What tests read back from Kafka and the outbox."""

import asyncpg

from runtime.kafka import ConsumerRecord
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from schemas.events import LookRequested
from schemas.topics import Topic


async def records_of(kafka: KafkaSettings, topic: Topic, request_id: str) -> list[ConsumerRecord]:
    """A topic's committed records about one request."""
    found: list[ConsumerRecord] = []
    await read_all(
        kafka,
        (topic,),
        lambda record: found.append(record) if record.key == request_id.encode() else None,
    )
    return found


async def requested(pool: asyncpg.Pool, request_id: str) -> LookRequested:
    """The event of an accepted request, from the outbox."""
    value = await pool.fetchval("SELECT value FROM outbox WHERE key = $1", request_id)
    return LookRequested.model_validate_json(value)
