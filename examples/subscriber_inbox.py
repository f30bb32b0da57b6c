"""Reads look.completed into Postgres; the inbox table makes each effect happen once, whatever
crashes.
"""

import asyncio
import json
import os

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord

TABLES = """
CREATE TABLE IF NOT EXISTS inbox (event_id text PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT
  now());
CREATE TABLE IF NOT EXISTS pictures (request_id text NOT NULL, bucket text NOT NULL, key text NOT
  NULL);
CREATE TABLE IF NOT EXISTS set_aside (partition int, at bigint, reason text, value bytea);
"""


async def take(db: asyncpg.Connection, record: ConsumerRecord) -> None:
    """The effect of one record and the note that it is done, in the caller's transaction."""
    try:
        headers = dict(record.headers)
        if headers["ce_type"] != b"look.completed.v1":
            return  # a version that this program does not know
        event_id = headers["ce_id"].decode()
        event = json.loads(record.value)
        picture = (event["request_id"], event["image"]["bucket"], event["image"]["key"])
    except (KeyError, TypeError, ValueError) as error:
        aside = (record.partition, record.offset, repr(error), record.value)
        await db.execute("INSERT INTO set_aside VALUES ($1, $2, $3, $4)", *aside)
        return
    new = await db.fetchval(
        "INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", event_id
    )
    if new:
        await db.execute("INSERT INTO pictures VALUES ($1, $2, $3)", *picture)


async def main() -> None:
    db = await asyncpg.connect(os.environ["LOOKS_DATABASE_URL"])
    await db.execute(TABLES)
    consumer = AIOKafkaConsumer(
        os.environ.get("TOPIC", "look.completed"),
        bootstrap_servers=os.environ["LOOKS_KAFKA_BOOTSTRAP"],
        group_id=os.environ["GROUP"],
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        while True:
            batches = await consumer.getmany(timeout_ms=1000, max_records=500)
            async with db.transaction():
                for records in batches.values():
                    for record in records:
                        await take(db, record)
            if batches:
                await consumer.commit()  # after the effects, never before
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
