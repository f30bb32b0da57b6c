"""`request_logs` and `job_events`, kept current by the status projection. Offsets move in the same
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import asyncpg
import orjson

from domain.projection import Changes, Collision, JobEventRow, squeeze_in
from domain.read_positions import PartitionName, ReadPosition
from storage.event_gaps import notice
from storage.rows import affected
from storage.wakeups import announce

OffsetSpans = Mapping[tuple[str, int], tuple[int, int]]
"""(topic, partition) -> (offset read from, next offset to read)."""


class Superseded(Exception):
    """Another instance has read further in one of the partitions: this one does not own it any
    more.
    """


class ProjectionStore:
    """The projection's side of Postgres."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def positions(
        self, partitions: Sequence[PartitionName]
    ) -> dict[PartitionName, ReadPosition]:
        """Where each partition that was read before is read on."""
        rows = await self._pool.fetch(
            """SELECT topic, partition, next_offset, moved_at FROM projection_offsets
               JOIN unnest($1::text[], $2::int[]) AS p(topic, partition) USING (topic,
                 partition)""",
            [topic for topic, _ in partitions],
            [partition for _, partition in partitions],
        )
        return {(row["topic"], row["partition"]): ReadPosition(*row[2:]) for row in rows}

    async def set_back(self, topic: str, partition: int, offset: int) -> None:
        """Go on at an earlier offset: the one that was kept is not of this partition."""
        await self._pool.execute(
            """UPDATE projection_offsets SET next_offset = $3
               WHERE (topic, partition) = ($1, $2) AND next_offset > $3""",
            topic,
            partition,
            offset,
        )

    async def tenants(self, request_ids: Sequence[str]) -> dict[str, str]:
        """Whose the known ones among these requests are."""
        rows = await self._pool.fetch(
            "SELECT request_id, tenant_id FROM request_logs WHERE request_id = ANY($1::text[])",
            list(request_ids),
        )
        return {row["request_id"]: row["tenant_id"] for row in rows}

    async def apply(self, changes: Changes, spans: OffsetSpans) -> list[Collision]:
        """Apply a batch, move the offsets and tell who waits, all or nothing; returns the events
        whose number was another's.

        Raises Superseded: another has read further.
        """
        collisions: list[Collision] = []
        async with self._pool.acquire() as connection, connection.transaction():
            await _move_offsets(connection, spans)
            if changes.events:
                collisions = await _add_events(connection, changes.events)
            if changes.statuses:
                await _move_statuses(connection, changes)
            await notice(connection, changes.finished)
            await announce(connection, [event.request_id for event in changes.events])
        return collisions


async def _move_offsets(connection: asyncpg.pool.PoolConnectionProxy, spans: OffsetSpans) -> None:
    keys = sorted(spans)
    topics, partitions = [topic for topic, _ in keys], [partition for _, partition in keys]
    rows = await connection.fetch(
        """SELECT o.topic, o.partition, o.next_offset FROM projection_offsets o
           JOIN unnest($1::text[], $2::int[]) AS p(topic, partition) USING (topic, partition)
           ORDER BY o.topic, o.partition FOR UPDATE OF o""",
        topics,
        partitions,
    )
    for row in rows:
        begun, _ = spans[row["topic"], row["partition"]]
        if row["next_offset"] > begun:
            raise Superseded(f"{row['topic']}[{row['partition']}]: {row['next_offset']} > {begun}")
    await connection.execute(
        """INSERT INTO projection_offsets (topic, partition, next_offset, moved_at)
           SELECT *, clock_timestamp() FROM unnest($1::text[], $2::int[], $3::bigint[])
           ON CONFLICT (topic, partition) DO UPDATE
             SET next_offset = EXCLUDED.next_offset, moved_at = EXCLUDED.moved_at""",
        topics,
        partitions,
        [spans[key][1] for key in keys],
    )


async def _add_events(
    connection: asyncpg.pool.PoolConnectionProxy, events: Sequence[JobEventRow]
) -> list[Collision]:
    if await _insert(connection, events) == len(events):
        return []
    return [await _squeeze_in(connection, event) for event in await _left_out(connection, events)]


async def _left_out(
    connection: asyncpg.pool.PoolConnectionProxy, events: Sequence[JobEventRow]
) -> list[JobEventRow]:
    """Those events that have no row: their numbers are other events'. What is told twice has its
    row.
    """
    rows = await connection.fetch(
        """SELECT e.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS e(request_id,
        event_id, place)
           WHERE NOT EXISTS (SELECT FROM job_events j
             WHERE (j.request_id, j.event_id) = (e.request_id, e.event_id))
           ORDER BY e.place""",
        [event.request_id for event in events],
        [event.event_id for event in events],
    )
    left_out = [events[row["place"] - 1] for row in rows]
    return list(
        {(event.request_id, event.event_id): event for event in reversed(left_out)}.values()
    )[::-1]


async def _squeeze_in(
    connection: asyncpg.pool.PoolConnectionProxy, event: JobEventRow
) -> Collision:
    rows = await connection.fetch(
        "SELECT seq, event_type FROM job_events WHERE request_id = $1", event.request_id
    )
    place = squeeze_in({row["seq"]: row["event_type"] for row in rows}, event.event_type)
    if place.moved is not None:
        await connection.execute(
            "UPDATE job_events SET seq = $3 WHERE request_id = $1 AND seq = $2",
            event.request_id,
            *place.moved,
        )
    await _insert(connection, [replace(event, seq=place.seq)])
    return Collision(event, place.seq)


async def _insert(
    connection: asyncpg.pool.PoolConnectionProxy, events: Sequence[JobEventRow]
) -> int:
    """Add those whose number is free; returns how many."""
    done = await connection.execute(
        """INSERT INTO job_events (request_id, seq, event_id, event_type, stage, message, extra,
        created_at)
           SELECT e.request_id, e.seq, e.event_id, e.event_type, e.stage, e.message,
             e.extra::jsonb, e.created_at
           FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::text[], $8::timestamptz[])
                AS e(request_id, seq, event_id, event_type, stage, message, extra, created_at)
           ON CONFLICT (request_id, seq) DO NOTHING""",
        [event.request_id for event in events],
        [event.seq for event in events],
        [event.event_id for event in events],
        [event.event_type for event in events],
        [event.stage for event in events],
        [event.message for event in events],
        [orjson.dumps(event.extra).decode() for event in events],
        [event.created_at for event in events],
    )
    return affected(done)


async def _move_statuses(connection: asyncpg.pool.PoolConnectionProxy, changes: Changes) -> None:
    statuses = sorted(changes.statuses.values(), key=lambda change: change.request_id)
    await connection.execute(
        """UPDATE request_logs r
           SET status = c.status, updated_at = greatest(r.updated_at, c.at), error_code =
             c.error_code,
               error_message = c.error_message, error_item_index = c.error_item_index, result =
                 c.result::jsonb
           FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[],
             $6::int[], $7::text[])
                AS c(request_id, status, at, error_code, error_message, error_item_index, result)
           WHERE r.request_id = c.request_id AND r.status NOT IN ('SUCCESS', 'FAILURE')
             AND r.status <> c.status""",
        [change.request_id for change in statuses],
        [change.status.value for change in statuses],
        [change.at for change in statuses],
        [change.error.code.value if change.error else None for change in statuses],
        [change.error.message if change.error else None for change in statuses],
        [change.error.item_index if change.error else None for change in statuses],
        [change.result.model_dump_json() if change.result else None for change in statuses],
    )
