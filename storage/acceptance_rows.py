"""One batch of submissions in one statement: locks, charges, ledger entries, request rows, outbox
rows and stored answers; and what each member is answered.

Who can pay is decided by running totals: each member comes with what its account pays up to it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from schemas.topics import LOOK_REQUESTED
from storage.advisory import HERE, LockClass, number
from storage.asked_rows import AskedSubmission, columns
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    KeyInProgress,
    KeyReused,
    Submission,
    Unpaid,
)

BatchConnection = asyncpg.pool.PoolConnectionProxy
KeyIdentity = tuple[str, str, str, str]

_RFC_3339 = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
_ACCEPT = f"""
WITH asked AS MATERIALIZED (
  SELECT *, key IS NULL OR pg_try_advisory_xact_lock(
      $1::int # {HERE}, hashtext(concat_ws(E'\\x1f', tenant_id, environment, route, key))) AS free
  FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::bigint[], $12::float8[], $13::text[], $14::text[],
              $15::text[], $16::text[], $17::bytea[], $18::bytea[], $19::text[], $20::text[],
              $21::text[])
  AS a(place, total, request_id, tenant_id, environment, user_category, items, runtime_config,
       cost, deadline_s, event, headers, route, key, fingerprint, answer, reference, metadata,
       key_id)),
locked AS MATERIALIZED (
  SELECT c.tenant_id, c.environment, c.balance,
         coalesce(t.quality_floor::float8::text, 'null') AS floor
  FROM credit_accounts c JOIN tenants t USING (tenant_id)
  WHERE (c.tenant_id, c.environment) IN (SELECT tenant_id, environment FROM asked WHERE free)
  ORDER BY c.tenant_id, c.environment FOR NO KEY UPDATE OF c),
payable AS MATERIALIZED (
  SELECT a.*, l.floor FROM asked a JOIN locked l USING (tenant_id, environment)
  WHERE a.free AND a.total <= l.balance),
stored AS (
  INSERT INTO idempotency_keys (tenant_id, environment, route, key, fingerprint, request_id,
                                status_code, body)
  SELECT tenant_id, environment, route, key, fingerprint, request_id, 202, answer
  FROM payable WHERE key IS NOT NULL
  ON CONFLICT (tenant_id, environment, route, key) DO NOTHING RETURNING request_id),
taken AS MATERIALIZED (
  SELECT * FROM payable WHERE key IS NULL OR request_id IN (SELECT request_id FROM stored)),
paid AS (
  UPDATE credit_accounts c SET balance = c.balance - s.total
  FROM (SELECT tenant_id, environment, sum(cost)::bigint AS total FROM taken GROUP BY 1, 2) s
  WHERE c.tenant_id = s.tenant_id AND c.environment = s.environment
  RETURNING c.tenant_id, c.environment, clock_timestamp() AS now),
n AS MATERIALIZED (
  SELECT t.*, p.now, p.now + make_interval(secs => t.deadline_s) AS deadline_at,
         to_char(p.now AT TIME ZONE 'UTC', {_RFC_3339}) AS at,
         to_char((p.now + make_interval(secs => t.deadline_s)) AT TIME ZONE 'UTC',
                 {_RFC_3339}) AS until
  FROM taken t JOIN paid p USING (tenant_id, environment)),
charged AS (
  INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
  SELECT tenant_id, environment, 'charge', -cost, request_id FROM n),
logged AS (
  INSERT INTO request_logs (request_id, tenant_id, environment, user_category, items,
                            runtime_config, credits_cost, created_at, updated_at, deadline_at,
                            reference, metadata, key_id)
  SELECT request_id, tenant_id, environment, user_category, items::jsonb,
         runtime_config::jsonb, cost, now, now, deadline_at, reference, metadata::jsonb, key_id
  FROM n),
boxed AS (
  INSERT INTO outbox (topic, key, value, headers)
  SELECT $2, request_id,
         convert_to(event || ',"quality_floor":' || floor || ',"requested_at":"' || at
                    || '","deadline_at":"' || until || '"}}', 'UTF8'),
         (headers || ',["ce_time","' || at || '"]]')::jsonb FROM n)
SELECT a.place, a.free, coalesce(l.balance, 0) AS balance
FROM asked a LEFT JOIN locked l USING (tenant_id, environment)
WHERE a.place NOT IN (SELECT place FROM taken)"""
"""Returns those that were not taken. Keys of one account are decided under its lock (DESIGN 3,
promise 2): whoever meets a conflict meets a row that is committed.
"""


@dataclass(frozen=True, slots=True)
class _Refused:
    """What was not taken, and the balance that its account had before."""

    place: int
    free: bool
    balance: int


class RowBatch:
    """Submissions that share the statement, and what each is answered, by place.

    Only the first of a key is asked for; the others are answered like it.
    """

    def __init__(self, members: Sequence[AskedSubmission]) -> None:
        """Nothing is decided yet."""
        self.answers: dict[int, AcceptanceResult] = {}
        self._members = members
        self._refused: list[_Refused] = []
        self._charged: Counter[tuple[str, str]] = Counter()
        self._leaders: dict[KeyIdentity, int] = {}
        self._asked = [
            place
            for place, one in enumerate(members)
            if (identity := one.submission.identity) is None
            or self._leaders.setdefault(identity, place) == place
        ]

    async def take(self, connection: BatchConnection) -> None:
        """Run the statement, and answer those that it takes. Durable with the commit that follows:
        at once, unless the caller began a transaction.
        """
        rows = await connection.fetch(
            _ACCEPT,
            number(LockClass.IDEMPOTENCY_KEY),
            LOOK_REQUESTED.name,
            *columns(self._members, self._asked),
        )
        self._refused = sorted((_Refused(*row) for row in rows), key=lambda one: one.place)
        for place in sorted(set(self._asked) - {one.place for one in self._refused}):
            submission = self._members[place].submission
            self.answers[place] = Accepted(submission.answer)
            self._charged[submission.account] += submission.credits_cost
        self._answer_like_their_leaders({})

    async def explain(self, connection: BatchConnection) -> None:
        """Answer the others. Left without an answer are those that nothing stands against but the
        running total, which counted some that pay nothing: they are to be asked for again.
        """
        identities = [self._members[one.place].submission.identity for one in self._refused]
        stored = await _stored(connection, identities)
        for one in self._refused:
            submission = self._members[one.place].submission
            left = one.balance - self._charged[submission.account]
            if submission.identity in stored:
                self.answers[one.place] = _replay(submission, *stored[submission.identity])
            elif not one.free:
                self.answers[one.place] = KeyInProgress()
            elif submission.credits_cost > left:
                self.answers[one.place] = Unpaid(left)
        self._answer_like_their_leaders(stored)

    def _answer_like_their_leaders(
        self, stored: Mapping[KeyIdentity | None, tuple[bytes, bytes]]
    ) -> None:
        """Those that came with the same key, where the first of it has an answer."""
        for place, one in enumerate(self._members):
            submission, identity = one.submission, one.submission.identity
            leader = None if identity is None else self._leaders[identity]
            if leader is None or place in self.answers or leader not in self.answers:
                continue
            answer, first = self.answers[leader], self._members[leader].submission
            if identity in stored:
                answer = _replay(submission, *stored[identity])
            elif isinstance(answer, Accepted) and first.idempotency is not None:
                answer = _replay(submission, first.idempotency.fingerprint, answer.answer)
            self.answers[place] = answer


async def _stored(
    connection: BatchConnection, identities: Sequence[KeyIdentity | None]
) -> dict[KeyIdentity | None, tuple[bytes, bytes]]:
    """Fingerprints and answers that are stored under these."""
    keyed = [identity for identity in identities if identity is not None]
    if not keyed:
        return {}
    rows = await connection.fetch(
        """SELECT tenant_id, environment, route, key, i.fingerprint, i.body
           FROM idempotency_keys i
           JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[])
             AS u(tenant_id, environment, route, key) USING (tenant_id, environment, route, key)""",
        *(list(column) for column in zip(*keyed, strict=True)),
    )
    return {tuple(row[:4]): (row["fingerprint"], row["body"]) for row in rows}


def _replay(submission: Submission, fingerprint: bytes, answer: bytes) -> AcceptanceResult:
    same = submission.idempotency is not None and submission.idempotency.fingerprint == fingerprint
    return Accepted(answer, replayed=True) if same else KeyReused()
