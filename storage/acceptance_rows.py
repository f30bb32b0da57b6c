"""One batch of submissions in one transaction of its caller: verdicts, charges, rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import orjson

from domain.engines import asked_for
from domain.money import payable, spent
from domain.outcomes import Emit
from runtime.records import outgoing
from schemas.events import LookRequested
from schemas.topics import LOOK_REQUESTED
from storage.advisory import HERE, LockClass, number
from storage.outbox import headers_text
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    KeyInProgress,
    KeyReused,
    Submission,
    Unpaid,
)

_INSERT = """
WITH n AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::bigint[], $8::timestamptz[], $9::bytea[], $10::text[])
  AS n(request_id, tenant_id, environment, user_category, items, runtime_config,
       cost, deadline_at, value, headers)),
charged AS (
  INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
  SELECT tenant_id, environment, 'charge', -cost, request_id FROM n),
logged AS (
  INSERT INTO request_logs (request_id, tenant_id, environment, user_category, items,
                            runtime_config, credits_cost, created_at, updated_at, deadline_at)
  SELECT request_id, tenant_id, environment, user_category, items::jsonb,
         runtime_config::jsonb, cost, $11::timestamptz, $11::timestamptz, deadline_at FROM n)
INSERT INTO outbox (topic, key, value, headers)
SELECT 'look.requested', request_id, value, headers::jsonb FROM n"""


async def known(
    connection: asyncpg.pool.PoolConnectionProxy, batch: Sequence[Submission]
) -> tuple[dict[int, AcceptanceResult], list[int]]:
    """Verdicts by what is stored under idempotency keys, and the indices of those that are still to
    be decided.

    Only the first of a key in a batch is decided; the others are answered like it (`decide`).
    """
    keyed = sorted(
        {identity for submission in batch if (identity := submission.identity) is not None}
    )
    verdicts: dict[int, AcceptanceResult] = {}
    if not keyed:
        return verdicts, list(range(len(batch)))
    columns = [list(column) for column in zip(*keyed, strict=True)]
    locked = await connection.fetch(
        f"""SELECT pg_try_advisory_xact_lock(
             $5::int # {HERE}, hashtext(concat_ws(E'\\x1f', t, e, r, k))) AS got
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(t, e, r, k)""",
        *columns,
        number(LockClass.IDEMPOTENCY_KEY),
    )
    free = {identity for identity, row in zip(keyed, locked, strict=True) if row["got"]}
    stored = await connection.fetch(
        """SELECT i.tenant_id, i.environment, i.route, i.key, i.fingerprint, i.body
           FROM idempotency_keys i
           JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[])
             AS u(tenant_id, environment, route, key) USING (tenant_id, environment, route, key)""",
        *columns,
    )
    answers = {
        (row["tenant_id"], row["environment"], row["route"], row["key"]): row for row in stored
    }
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


async def decide(
    connection: asyncpg.pool.PoolConnectionProxy,
    submissions: Sequence[Submission],
    indices: Sequence[int],
    verdicts: dict[int, AcceptanceResult],
) -> None:
    """Charge those who can pay, in order, write their rows, and add every verdict under its place
    in `indices`.
    """
    leaders: dict[tuple[str, str, str, str], int] = {}
    first = [
        position
        for position, submission in enumerate(submissions)
        if submission.identity is None
        or leaders.setdefault(submission.identity, position) == position
    ]
    deciding = [submissions[position] for position in first]
    accounts = sorted({submission.account for submission in deciding})
    rows = await connection.fetch(
        """SELECT a.tenant_id, a.environment, a.balance, t.quality_floor::float8,
             clock_timestamp() AS now
           FROM credit_accounts a JOIN tenants t USING (tenant_id)
           WHERE (a.tenant_id, a.environment) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           ORDER BY a.tenant_id, a.environment FOR NO KEY UPDATE OF a""",
        [tenant_id for tenant_id, _ in accounts],
        [environment for _, environment in accounts],
    )
    balances = {(row["tenant_id"], row["environment"]): row["balance"] for row in rows}
    costs = [(submission.account, submission.credits_cost) for submission in deciding]
    paid = payable(balances, costs)
    floors = {row["tenant_id"]: row["quality_floor"] for row in rows}
    accepted = [
        replace(submission, quality_floor=floors[submission.tenant_id])
        for submission, can in zip(deciding, paid, strict=True)
        if can
    ]
    if accepted:
        await insert(connection, accepted, rows[0]["now"])
        await _spend(connection, spent(costs, paid))
    for position, submission, can in zip(first, deciding, paid, strict=True):
        verdicts[indices[position]] = (
            Accepted(submission.answer) if can else Unpaid(balances.get(submission.account, 0))
        )
    for position, submission in enumerate(submissions):
        if indices[position] not in verdicts and submission.identity is not None:
            leader = leaders[submission.identity]
            verdicts[indices[position]] = _like(
                submission, submissions[leader], verdicts[indices[leader]]
            )


def _like(
    submission: Submission, leader: Submission, verdict: AcceptanceResult
) -> AcceptanceResult:
    """The verdict of a submission that came with the same key in the same batch."""
    if isinstance(verdict, Accepted) and submission.idempotency and leader.idempotency:
        same = submission.idempotency.fingerprint == leader.idempotency.fingerprint
        return Accepted(verdict.answer, replayed=True) if same else KeyReused()
    return verdict


async def insert(
    connection: asyncpg.pool.PoolConnectionProxy, accepted: Sequence[Submission], now: datetime
) -> None:
    """Write accepted requests with their charges, outbox rows and stored answers. Their accounts'
    balances are the caller's.
    """
    events = [_event(submission, now) for submission in accepted]
    records = [
        outgoing(
            Emit(event, (LOOK_REQUESTED.name,), sequence=1),
            "/looks/api",
            now,
            traceparent=submission.traceparent,
        )
        for event, submission in zip(events, accepted, strict=True)
    ]
    await connection.execute(
        _INSERT,
        [submission.request_id for submission in accepted],
        [submission.tenant_id for submission in accepted],
        [submission.environment for submission in accepted],
        [submission.user_category for submission in accepted],
        [
            orjson.dumps([item.model_dump() for item in submission.items]).decode()
            for submission in accepted
        ],
        [
            orjson.dumps(submission.runtime_config).decode() if submission.runtime_config else None
            for submission in accepted
        ],
        [submission.credits_cost for submission in accepted],
        [event.deadline_at for event in events],
        [record.value for record in records],
        [headers_text(record.headers) for record in records],
        now,
    )
    keyed = [
        (submission, submission.idempotency)
        for submission in accepted
        if submission.idempotency is not None
    ]
    if keyed:
        await connection.executemany(
            """INSERT INTO idempotency_keys (tenant_id, environment, route, key, fingerprint,
            request_id, status_code, body)
               VALUES ($1, $2, $3, $4, $5, $6, 202, $7)""",
            [
                (s.tenant_id, s.environment, i.route, i.key, i.fingerprint, s.request_id, s.answer)
                for s, i in keyed
            ],
        )


async def _spend(
    connection: asyncpg.pool.PoolConnectionProxy, totals: dict[tuple[str, str], int]
) -> None:
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
        engine=asked_for(submission.runtime_config, submission.tenants_engine),
        quality_floor=submission.quality_floor,
        credits_cost=submission.credits_cost,
        requested_at=now,
        deadline_at=now + timedelta(seconds=submission.deadline_s),
    )
