"""Reads look.completed with aiokafka alone; notes every picture once, whatever crashes."""

import asyncio
import json
import os
import sqlite3

from aiokafka import AIOKafkaConsumer, ConsumerRecord

TABLES = """
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pictures (request_id TEXT, bucket TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS set_aside (partition INTEGER, at INTEGER, reason TEXT, value BLOB);
"""


def take(db: sqlite3.Connection, record: ConsumerRecord) -> None:
    """The effect of one record and the note that it is done, in the caller's transaction."""
    try:
        headers = dict(record.headers)
        if headers["ce_type"] != b"look.completed.v1":
            return  # a version that this program does not know
        event_id = headers["ce_id"].decode()
        event = json.loads(record.value)
        picture = (event["request_id"], event["image"]["bucket"], event["image"]["key"])
    except (KeyError, TypeError, ValueError) as error:
        db.execute(
            "INSERT INTO set_aside VALUES (?, ?, ?, ?)",
            (record.partition, record.offset, repr(error), record.value),
        )
        return
    if db.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (event_id,)).rowcount:
        db.execute("INSERT INTO pictures VALUES (?, ?, ?)", picture)


async def main() -> None:
    db = sqlite3.connect(os.environ["INBOX"])
    db.executescript(TABLES)
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
            with db:  # commits, or rolls back and raises: then the next start reads the batch again
                for records in batches.values():
                    for record in records:
                        take(db, record)
            if batches:
                await consumer.commit()  # after the effects, never before
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
