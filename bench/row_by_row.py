"""`python -m bench.row_by_row`: the projection's topics as FastStream's own pages show a consumer,
one record at a time: read, one transaction, the next. Its reading of a record is ours.
"""

import os
from typing import Any

import asyncpg
import orjson
import uvloop
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from bench.peers.rows import EVENT, STATUS
from domain.projection import fold
from runtime.kafka import read
from runtime.records import Work
from schemas.topics import LOOK_COMPLETED, LOOK_PROGRESS, LOOK_REQUESTED


async def serve(bootstrap: str, group: str, url: str) -> None:
    """Until it is killed."""
    broker = KafkaBroker(bootstrap.split(","), logger=None)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1)

    async def as_it_came(message: KafkaMessage) -> Any:
        return message.body

    @broker.subscriber(
        *(topic.name for topic in (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED)),
        group_id=group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        decoder=as_it_came,
    )
    async def take(message: KafkaMessage) -> None:
        work = read(message.raw_message)
        if not isinstance(work, Work):
            raise TypeError(work)
        changes = fold([work.decoded])
        async with pool.acquire() as connection, connection.transaction():
            for row in changes.events:
                extra = orjson.dumps(row.extra).decode()
                told = (row.stage, row.message, extra, row.created_at)
                names = (row.request_id, row.seq, row.event_id, row.event_type)
                await connection.execute(EVENT, *names, *told)
            for change in changes.statuses.values():
                result = change.result.model_dump_json() if change.result else None
                moved = (change.request_id, change.status.value, change.at, result)
                await connection.execute(STATUS, *moved)

    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    env = os.environ
    uvloop.run(serve(env["LOOKS_KAFKA_BOOTSTRAP"], env["BENCH_GROUP"], env["LOOKS_DATABASE_URL"]))
