"""Setting the projection's offsets back, with the record of it in the same transaction."""

import asyncpg

from domain.redriving import RecordPosition
from storage.operator_actions import Intent, add_whole


class NoWayBack(Exception):
    """The place is not one that the projection has read past; the message says why."""


async def check(connection: asyncpg.Connection, place: RecordPosition) -> int:
    """The offset that the projection reads next in the place's partition. Raises NoWayBack."""
    found = await connection.fetchval(
        "SELECT next_offset FROM projection_offsets WHERE (topic, partition) = ($1, $2) FOR UPDATE",
        place.topic,
        place.partition,
    )
    if found is None:
        raise NoWayBack(f"the projection has not read {place.topic}[{place.partition}]")
    if place.offset >= found:
        raise NoWayBack(
            f"the projection reads {found} next: going on at {place.offset} would not be back"
        )
    return int(found)


async def rewind(connection: asyncpg.Connection, intent: Intent) -> int:
    """Read on from the intent's place; returns where it would have been. Raises NoWayBack."""
    place = intent.place
    async with connection.transaction():
        before = await check(connection, place)
        await connection.execute(
            "UPDATE projection_offsets SET next_offset = $3 WHERE (topic, partition) = ($1, $2)",
            place.topic,
            place.partition,
            place.offset,
        )
        await add_whole(connection, intent, f"was at {before}")
    return before
