"""Reads look.completed with FastStream; notes every picture once, whatever crashes."""

import asyncio
import json
import os
import sqlite3
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

TABLES = """
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pictures (request_id TEXT, bucket TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS set_aside (partition INTEGER, at INTEGER, reason TEXT, value BLOB);
"""

db = sqlite3.connect(os.environ["INBOX"])
db.executescript(TABLES)
broker = KafkaBroker(os.environ["LOOKS_KAFKA_BOOTSTRAP"])


async def as_it_came(message: KafkaMessage) -> Any:
    """No decoding by the framework: a record that is no JSON must not stop the batch around it."""
    return message.body


@broker.subscriber(
    os.environ.get("TOPIC", "look.completed"),
    group_id=os.environ["GROUP"],
    batch=True,
    max_records=500,
    ack_policy=AckPolicy.MANUAL,  # the default acknowledges first: a crash would lose the batch
    isolation_level="read_committed",
    auto_offset_reset="earliest",
    decoder=as_it_came,
)
async def on_completed(message: KafkaMessage) -> None:
    try:
        with db:  # commits, or rolls back and raises
            for record in message.raw_message:
                take(record)
    except Exception:
        await message.nack()  # back to the first record of the batch
        raise
    await message.ack()  # after the effects, never before


def take(record: Any) -> None:
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


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())
