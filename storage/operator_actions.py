"""What operators did: an intent before the effect, its end after it. Rows are only added."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from domain.redriving import NOWHERE, Mark, RecordPosition, Verb
from storage import advisory
from storage.advisory import Connection, Lock
from storage.rows import affected

_ACTIONS = """
SELECT i.action_id, i.verb, i.topic, i.partition, i."offset", i.origin_topic, i.origin_partition,
  i.origin_offset,
  i.request_id, i.operator, i.reason, i.at, i.role, i.target, i.reference,
  e.step AS end_step, coalesce(e.outcome, '') AS outcome
FROM operator_actions i
LEFT JOIN LATERAL (SELECT step, outcome FROM operator_actions e WHERE e.action_id = i.action_id
  AND e.step <> 'intended'
                   ORDER BY (e.step = 'done') DESC, e.id DESC LIMIT 1) e ON true
WHERE i.step = 'intended'"""
_ADD = """
INSERT INTO operator_actions (action_id, step, verb, topic, partition, "offset", origin_topic,
  origin_partition, origin_offset,
                              request_id, operator, reason, role, target, reference, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"""


class OperatorBusy(Exception):
    """Another operator's command is acting."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be done, by whom, about which record, or at NOWHERE about which `target`:
    a tenant, a key. `role`: what the operator may do; None at a terminal.
    """

    action_id: str
    verb: Verb
    place: RecordPosition
    operator: str
    reason: str
    request_id: str | None = None
    origin: RecordPosition | None = None
    role: str | None = None
    target: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One action with how it ended."""

    intent: Intent
    mark: Mark


class OperatorActions:
    """Rows of `operator_actions`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Act without another operator in between. Raises OperatorBusy."""
        async with self._pool.acquire() as connection:
            if not await advisory.try_until_closed(connection, Lock.OPERATOR):
                raise OperatorBusy
            try:
                yield
            finally:
                await advisory.release(connection, Lock.OPERATOR)

    async def marks(self, places: Sequence[RecordPosition]) -> dict[RecordPosition, Mark]:
        """What was done about the records at these places."""
        rows = await self._pool.fetch(
            f"""{_ACTIONS} AND (i.topic, i.partition, i."offset") IN
                (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]))""",
            *_columns(places),
        )
        return {recorded.intent.place: recorded.mark for recorded in map(_recorded, rows)}

    async def sent_from(self, origins: Sequence[RecordPosition]) -> dict[RecordPosition, Mark]:
        """Which of these places' records were sent back to them, from whichever copy in
        quarantine.
        """
        rows = await self._pool.fetch(
            f"""{_ACTIONS} AND i.verb = 'send' AND (i.origin_topic, i.origin_partition,
              i.origin_offset) IN
                (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]))""",
            *_columns(origins),
        )
        return {
            recorded.intent.origin: recorded.mark
            for recorded in map(_recorded, rows)
            if recorded.intent.origin
        }

    async def of_request(self, request_id: str) -> list[Recorded]:
        """Everything done about one request's records, oldest first."""
        return [
            _recorded(row)
            for row in await self._pool.fetch(
                f"{_ACTIONS} AND i.request_id = $1 ORDER BY i.id", request_id
            )
        ]

    async def newest(self, limit: int, verb: Verb | None = None) -> list[Recorded]:
        """The newest actions, or those of one kind, oldest of them first."""
        rows = await self._pool.fetch(
            f"{_ACTIONS} AND ($2::text IS NULL OR i.verb = $2) ORDER BY i.id DESC LIMIT $1",
            limit,
            verb,
        )
        return [_recorded(row) for row in reversed(rows)]

    async def is_auditing(self) -> bool:
        """Whether an audit runs that an operator began, whichever process runs it."""
        return await advisory.is_held(self._pool, Lock.AUDIT)

    async def intend(self, intent: Intent) -> Recorded:
        """Record an intent and return it; when there is one for the same place, that one. Durable
        when it returns.
        """
        async with self._pool.acquire() as connection:
            await connection.execute(
                f"{_ADD} ON CONFLICT DO NOTHING", *_row(intent, "intended", "")
            )
            rows = await connection.fetch(
                f'{_ACTIONS} AND (i.topic, i.partition, i."offset") = ($1, $2, $3)',
                *_place(intent.place),
            )
        if not rows:
            raise OperatorBusy  # its twin was taken up in this moment
        return _recorded(rows[0])

    async def finish(self, intent: Intent, outcome: str) -> None:
        """Record that it is done. Safe to repeat."""
        await finish(self._pool, intent, outcome)

    async def fail(self, intent: Intent, outcome: str) -> None:
        """Record that an attempt failed; the action stays unfinished."""
        await self._pool.execute(_ADD, *_row(intent, "failed", outcome))

    async def whole(self, intent: Intent, outcome: str) -> bool:
        """Record an action that is nothing but its record; False when something was done about the
        record before.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            return await add_whole(connection, intent, outcome)


async def add_whole(connection: Connection, intent: Intent, outcome: str) -> bool:
    """Intent and end in the caller's transaction, together with the effect; False when the place
    was acted on before.
    """
    if not await add_intent(connection, intent):
        return False
    await connection.execute(_ADD, *_row(intent, "done", outcome))
    return True


async def add_intent(connection: Connection, intent: Intent) -> bool:
    """The intent in the caller's transaction; False when the place was acted on before."""
    added = await connection.execute(
        f"{_ADD} ON CONFLICT DO NOTHING", *_row(intent, "intended", "")
    )
    return affected(added) == 1


async def finish(connection: Connection, intent: Intent, outcome: str) -> None:
    """Record that it is done. Safe to repeat."""
    await connection.execute(f"{_ADD} ON CONFLICT DO NOTHING", *_row(intent, "done", outcome))


async def end(connection: Connection, place: RecordPosition, outcome: str) -> None:
    """In the caller's transaction: what was intended about this place is done. Safe to repeat."""
    rows = await connection.fetch(
        f'{_ACTIONS} AND (i.topic, i.partition, i."offset") = ($1, $2, $3)', *_place(place)
    )
    for row in rows:
        intent = _recorded(row).intent
        await connection.execute(f"{_ADD} ON CONFLICT DO NOTHING", *_row(intent, "done", outcome))


async def fail_at(connection: Connection, place: RecordPosition, outcome: str) -> None:
    """A try of what was intended about this place failed; it stays unfinished."""
    rows = await connection.fetch(
        f'{_ACTIONS} AND (i.topic, i.partition, i."offset") = ($1, $2, $3)', *_place(place)
    )
    for row in rows:
        await connection.execute(_ADD, *_row(_recorded(row).intent, "failed", outcome))


def _place(place: RecordPosition | None) -> tuple[str | None, int | None, int | None]:
    if place is None or place == NOWHERE:
        return None, None, None
    return place.topic, place.partition, place.offset


def _columns(places: Sequence[RecordPosition]) -> tuple[list[str], list[int], list[int]]:
    return [p.topic for p in places], [p.partition for p in places], [p.offset for p in places]


def _row(intent: Intent, step: str, outcome: str) -> tuple[object, ...]:
    head = (
        intent.action_id,
        step,
        intent.verb.value,
        *_place(intent.place),
        *_place(intent.origin),
    )
    about = (intent.role, intent.target, intent.reference)
    return (*head, intent.request_id, intent.operator, intent.reason, *about, outcome)


def _recorded(row: asyncpg.Record) -> Recorded:
    verb, at = Verb(row["verb"]), row["at"]
    came_from = (
        RecordPosition(row["origin_topic"], row["origin_partition"], row["origin_offset"])
        if row["origin_topic"]
        else None
    )
    place = NOWHERE
    if row["topic"]:
        place = RecordPosition(row["topic"], row["partition"], row["offset"])
    intent = Intent(
        row["action_id"],
        verb,
        place,
        row["operator"],
        row["reason"],
        row["request_id"],
        came_from,
        row["role"],
        row["target"],
        row["reference"],
    )
    finished = row["end_step"] == "done"
    return Recorded(
        intent,
        Mark(row["action_id"], verb, finished, row["operator"], at, row["reason"], row["outcome"]),
    )
