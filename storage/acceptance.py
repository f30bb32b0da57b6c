"""Accepting requests: charge, request row, ledger entry, outbox row and stored answer in one transaction.

Natural batching: what arrives while a commit is under way shares the next one. One commit is on its way at a time, so
a hot account's row lock is held once per batch and not once per request. Each request gets a verdict of its own; a
batch that can't be written is tried again one by one, so that one bad member fails alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import orjson

from domain.money import payable, spent
from schemas.envelope import Meta, encode, new_traceparent
from schemas.events import TYPE_OF, LookRequested
from schemas.http import TrialItemInput, UserCategory
from schemas.ids import derived_id

LOCK_CLASS = 0x4944  # advisory lock namespace of idempotency keys


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key and the fingerprint of what it was sent with."""

    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid request that wants to be accepted, and the answer that it gets when it is."""

    request_id: str
    tenant_id: str
    environment: str
    user_category: UserCategory | None
    items: tuple[TrialItemInput, ...]
    runtime_config: dict[str, object] | None
    credits_cost: int
    deadline_s: float
    answer: bytes
    idempotency: IdempotencyKey | None = None
    traceparent: str = ""

    @property
    def account(self) -> tuple[str, str]:
        """Who pays."""
        return self.tenant_id, self.environment

    @property
    def identity(self) -> tuple[str, str, str, str] | None:
        """What its idempotency key is unique within."""
        if self.idempotency is None:
            return None
        return self.tenant_id, self.environment, self.idempotency.route, self.idempotency.key


@dataclass(frozen=True, slots=True)
class Accepted:
    """On disk with its charge; `answer` is to be sent, byte for byte."""

    answer: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Unpaid:
    """The balance does not suffice; nothing was written."""

    available: int


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key came with another body before; nothing was written."""


@dataclass(frozen=True, slots=True)
class KeyInProgress:
    """Another process is deciding on the same idempotency key at this moment."""


Verdict = Accepted | Unpaid | KeyReused | KeyInProgress


class Overloaded(Exception):
    """Too many requests wait for a commit; nothing was written."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    verdict: "asyncio.Future[Verdict]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Acceptance:
    """Accepts submissions through one connection pool. Not shared between event loops."""

    def __init__(self, pool: asyncpg.Pool, *, batch_max: int, queue_max: int) -> None:
        """At most `batch_max` share a commit, at most `queue_max` wait for one."""
        self._pool = pool
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue: deque[_Waiting] = deque()
        self._flushing: asyncio.Task[None] | None = None

    async def accept(self, submission: Submission) -> Verdict:
        """Wait for the commit that decides. Raises Overloaded, or what the database raised; then nothing is promised."""
        if len(self._queue) >= self._queue_max:
            raise Overloaded
        waiting = _Waiting(submission)
        self._queue.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await asyncio.shield(waiting.verdict)

    async def _flush(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(self._batch_max, len(self._queue)))]
            await self._settle(batch)

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            verdicts = await self._write([waiting.submission for waiting in batch])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for waiting in batch:
                    await self._settle([waiting])
        except Exception as error:
            _fail(batch, error)
        else:
            for waiting, verdict in zip(batch, verdicts, strict=True):
                if not waiting.verdict.done():
                    waiting.verdict.set_result(verdict)

    async def _write(self, batch: list[Submission]) -> list[Verdict]:
        async with self._pool.acquire() as connection, connection.transaction():
            verdicts, fresh = await _known(connection, batch)
            if fresh:
                await _decide(connection, [batch[index] for index in fresh], fresh, verdicts)
        return [verdicts[index] for index in range(len(batch))]


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.verdict.done():
            waiting.verdict.set_exception(error)
            waiting.verdict.exception()  # a client that went away leaves nobody to read it


async def _known(
    connection: asyncpg.pool.PoolConnectionProxy, batch: Sequence[Submission]
) -> tuple[dict[int, Verdict], list[int]]:
    """Verdicts by what is stored under idempotency keys, and the indices of those that are still to be decided.

    Only the first of a key in a batch is decided; the others are answered like it (`_decide`).
    """
    keyed = sorted({identity for submission in batch if (identity := submission.identity) is not None})
    verdicts: dict[int, Verdict] = {}
    if not keyed:
        return verdicts, list(range(len(batch)))
    columns = [list(column) for column in zip(*keyed, strict=True)]
    locked = await connection.fetch(
        """SELECT pg_try_advisory_xact_lock($5, hashtext(concat_ws(E'\\x1f', t, e, r, k))) AS got
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(t, e, r, k)""",
        *columns,
        LOCK_CLASS,
    )
    free = {identity for identity, row in zip(keyed, locked, strict=True) if row["got"]}
    stored = await connection.fetch(
        """SELECT i.tenant_id, i.environment, i.route, i.key, i.fingerprint, i.body FROM idempotency_keys i
           JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(tenant_id, environment, route, key)
           USING (tenant_id, environment, route, key)""",
        *columns,
    )
    answers = {(row["tenant_id"], row["environment"], row["route"], row["key"]): row for row in stored}
    fresh: list[int] = []
    for index, submission in enumerate(batch):
        identity, idempotency = submission.identity, submission.idempotency
        if identity is None or idempotency is None:
            fresh.append(index)
        elif identity in answers:
            row = answers[identity]
            same = bytes(row["fingerprint"]) == idempotency.fingerprint
            verdicts[index] = Accepted(bytes(row["body"]), replayed=True) if same else KeyReused()
        elif identity not in free:
            verdicts[index] = KeyInProgress()
        else:
            fresh.append(index)
    return verdicts, fresh


async def _decide(
    connection: asyncpg.pool.PoolConnectionProxy,
    submissions: Sequence[Submission],
    indices: Sequence[int],
    verdicts: dict[int, Verdict],
) -> None:
    leaders: dict[tuple[str, str, str, str], int] = {}
    first = [
        position
        for position, submission in enumerate(submissions)
        if submission.identity is None or leaders.setdefault(submission.identity, position) == position
    ]
    deciding = [submissions[position] for position in first]
    accounts = sorted({submission.account for submission in deciding})
    rows = await connection.fetch(
        """SELECT tenant_id, environment, balance, clock_timestamp() AS now FROM credit_accounts
           WHERE (tenant_id, environment) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           ORDER BY tenant_id, environment FOR NO KEY UPDATE""",
        [tenant_id for tenant_id, _ in accounts],
        [environment for _, environment in accounts],
    )
    balances = {(row["tenant_id"], row["environment"]): row["balance"] for row in rows}
    costs = [(submission.account, submission.credits_cost) for submission in deciding]
    paid = payable(balances, costs)
    accepted = [submission for submission, can in zip(deciding, paid, strict=True) if can]
    if accepted:
        await _insert(connection, accepted, rows[0]["now"])
        await _spend(connection, spent(costs, paid))
    for position, submission, can in zip(first, deciding, paid, strict=True):
        verdicts[indices[position]] = Accepted(submission.answer) if can else Unpaid(balances.get(submission.account, 0))
    for position, submission in enumerate(submissions):
        if indices[position] not in verdicts and submission.identity is not None:
            leader = leaders[submission.identity]
            verdicts[indices[position]] = _like(submission, submissions[leader], verdicts[indices[leader]])


def _like(submission: Submission, leader: Submission, verdict: Verdict) -> Verdict:
    """The verdict of a submission that came with the same key in the same batch."""
    if isinstance(verdict, Accepted) and submission.idempotency and leader.idempotency:
        same = submission.idempotency.fingerprint == leader.idempotency.fingerprint
        return Accepted(verdict.answer, replayed=True) if same else KeyReused()
    return verdict


async def _insert(connection: asyncpg.pool.PoolConnectionProxy, accepted: Sequence[Submission], now: datetime) -> None:
    events = [_event(submission, now) for submission in accepted]
    records = [
        encode(
            event,
            Meta(
                id=derived_id(event.request_id, "look.requested"),
                type=TYPE_OF[LookRequested],
                source="/looks/api",
                time=now,
                sequence=1,
                traceparent=submission.traceparent or new_traceparent(),
            ),
        )
        for event, submission in zip(events, accepted, strict=True)
    ]
    await connection.execute(
        """WITH n AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                                  $8::timestamptz[], $9::bytea[], $10::text[])
             AS n(request_id, tenant_id, environment, user_category, items, runtime_config, cost, deadline_at, value, headers)),
           charged AS (
             INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
             SELECT tenant_id, environment, 'charge', -cost, request_id FROM n),
           logged AS (
             INSERT INTO request_logs (request_id, tenant_id, environment, user_category, items, runtime_config,
                                       credits_cost, created_at, updated_at, deadline_at)
             SELECT request_id, tenant_id, environment, user_category, items::jsonb, runtime_config::jsonb, cost,
                    $11::timestamptz, $11::timestamptz, deadline_at FROM n)
           INSERT INTO outbox (topic, key, value, headers)
           SELECT 'look.requested', request_id, value, headers::jsonb FROM n""",
        [submission.request_id for submission in accepted],
        [submission.tenant_id for submission in accepted],
        [submission.environment for submission in accepted],
        [submission.user_category for submission in accepted],
        [orjson.dumps([item.model_dump() for item in submission.items]).decode() for submission in accepted],
        [orjson.dumps(submission.runtime_config).decode() if submission.runtime_config else None for submission in accepted],
        [submission.credits_cost for submission in accepted],
        [event.deadline_at for event in events],
        [record.value for record in records],
        [orjson.dumps([(name, raw.decode()) for name, raw in record.headers]).decode() for record in records],
        now,
    )
    keyed = [(submission, submission.idempotency) for submission in accepted if submission.idempotency is not None]
    if keyed:
        await connection.executemany(
            """INSERT INTO idempotency_keys (tenant_id, environment, route, key, fingerprint, request_id, status_code, body)
               VALUES ($1, $2, $3, $4, $5, $6, 202, $7)""",
            [(s.tenant_id, s.environment, i.route, i.key, i.fingerprint, s.request_id, s.answer) for s, i in keyed],
        )


async def _spend(connection: asyncpg.pool.PoolConnectionProxy, totals: dict[tuple[str, str], int]) -> None:
    await connection.execute(
        """UPDATE credit_accounts a SET balance = a.balance - s.total
           FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s(tenant_id, environment, total)
           WHERE (a.tenant_id, a.environment) = (s.tenant_id, s.environment)""",
        [tenant_id for tenant_id, _ in totals],
        [environment for _, environment in totals],
        list(totals.values()),
    )


def _event(submission: Submission, now: datetime) -> LookRequested:
    return LookRequested(
        request_id=submission.request_id,
        tenant_id=submission.tenant_id,
        user_category=submission.user_category,
        items=submission.items,
        runtime_config=submission.runtime_config,
        credits_cost=submission.credits_cost,
        requested_at=now,
        deadline_at=now + timedelta(seconds=submission.deadline_s),
    )
