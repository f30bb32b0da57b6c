"""Reads look.completed with looks-client; notes every picture once, whatever crashes."""

import asyncio
import os
import sqlite3

from aiokafka import ConsumerRecord

from looks_client.events import Decoded, LookCompleted, Undecodable, decode_record
from looks_client.events.kafka import Subscription

TABLES = """
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pictures (request_id TEXT, bucket TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS set_aside (partition INTEGER, at INTEGER, reason TEXT, value BLOB);
"""


def take(db: sqlite3.Connection, record: ConsumerRecord) -> None:
    """The effect of one record and the note that it is done, in the caller's transaction."""
    match decode_record(record):
        case Decoded(LookCompleted(request_id=request_id, image=image), meta):
            if db.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (meta.id,)).rowcount:
                picture = (request_id, image.bucket, image.key)
                db.execute("INSERT INTO pictures VALUES (?, ?, ?)", picture)
        case Undecodable(reason):
            aside = (record.partition, record.offset, reason, record.value)
            db.execute("INSERT INTO set_aside VALUES (?, ?, ?, ?)", aside)
        case _:
            pass  # another event, or a version that this program does not know


async def main() -> None:
    db = sqlite3.connect(os.environ["INBOX"])
    db.executescript(TABLES)
    subscription = Subscription(
        os.environ.get("TOPIC", "look.completed"),
        bootstrap_servers=os.environ["LOOKS_KAFKA_BOOTSTRAP"],
        group_id=os.environ["GROUP"],
    )
    async with subscription:
        async for batch in subscription.batches():  # committed when the next one is asked for
            with db:  # commits, or rolls back and raises: then the next start reads the batch again
                for record in batch:
                    take(db, record)


if __name__ == "__main__":
    asyncio.run(main())
