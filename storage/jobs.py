"""Jobs as their tenant sees them, from `request_logs`, `job_events` and the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from schemas.categories import GarmentCategory, names_of
from storage.id_times import ids_from, ids_until
from storage.reads import ReadPool
from storage.submissions import LOOK_ROUTE

_JOBS = """SELECT r.request_id, r.job_type, r.status, r.credits_cost, r.user_category,
  r.created_at, r.updated_at, r.deadline_at, r.error_code, r.error_message, r.error_item_index,
  r.items::text AS items, r.runtime_config::text AS runtime_config, r.reference,
  r.metadata::text AS metadata, r.result::text AS result,
  -c.amount AS charged, c.created_at AS charged_at,
  f.amount AS refunded, f.created_at AS refunded_at, g.amount AS goodwill
  FROM request_logs r
  LEFT JOIN ledger_entries c ON c.request_id = r.request_id AND c.kind = 'charge'
  LEFT JOIN ledger_entries f ON f.request_id = r.request_id AND f.kind = 'refund'
  LEFT JOIN ledger_entries g ON g.request_id = r.request_id AND g.kind = 'goodwill'"""

_SHOWN = """SELECT * FROM (
  SELECT e.*, row_number() OVER (PARTITION BY e.request_id ORDER BY e.seq) AS place,
    g.missing IS NOT NULL AS passed_over
  FROM job_events e LEFT JOIN job_event_gaps g USING (request_id)
  WHERE e.request_id = ANY($1::text[])) ordered WHERE seq = place OR passed_over"""
"""Events arrive from several topics in any order; a reader is shown them only up to the first one
that is missing, unless that will not come (`storage.event_gaps`).
"""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a job."""

    request_id: str
    seq: int
    event_id: str
    event_type: str
    stage: str | None
    message: str
    extra: dict[str, object]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ledger holds about one request: credits, positive; None while there is no such
    entry.
    """

    charged: int
    charged_at: datetime | None
    refunded: int = 0
    refunded_at: datetime | None = None
    goodwill: int = 0


@dataclass(frozen=True, slots=True)
class AskedLook:
    """What of a look's request its job says, as it was sent."""

    items: tuple[dict[str, str], ...] = ()
    runtime_config: dict[str, object] | None = None
    reference: str | None = None
    metadata: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. `result` is the body of its `look.completed`."""

    request_id: str
    job_type: str
    status: str
    credits_cost: int
    user_category: str | None
    receipt: Receipt
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    error: tuple[str, str, int | None] | None
    result: dict[str, object] | None
    latest_event: EventRow | None
    asked: AskedLook = AskedLook()

    @property
    def refunded(self) -> bool:
        """Whether the ledger has given the credits back."""
        return self.receipt.refunded_at is not None

    @property
    def latest_seq(self) -> int:
        """Of the newest event that can be shown; 0 before the first."""
        return self.latest_event.seq if self.latest_event else 0


@dataclass(frozen=True, slots=True)
class News:
    """A job, and its events after some seq, which the job is not older than."""

    job: JobRow
    events: list[EventRow]


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a page shows. `before`: only requests with a smaller id, which is older."""

    job_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    before: str | None = None
    idempotency_key: str | None = None
    reference: str | None = None
    category: GarmentCategory | None = None
    metadata: tuple[str, ...] = ()
    """Pairs as `name:value`, all of which a look must have."""
    since: str | None = None
    """Only requests with this id or a larger one."""

    @property
    def is_searched(self) -> bool:
        """Whether something is asked for that no index knows: rows are read and looked at."""
        return self.category is not None or bool(self.metadata)


SEARCHED_ROWS = 1_000
"""Of a tenant are looked at for one page, at most."""
_UNFINISHED, _FAILED, _SUCCEEDED = ("NOT_STARTED", "IN_PROGRESS"), ("FAILURE",), ("SUCCESS",)
"""Each group has a partial index of its own."""


class JobPage:
    """The statement of one page: only conditions that are asked for stand in it, so that each plan
    begins at an index of the tenant's own rows and ends at the limit, whatever is filtered.

    Ids begin with their time: a range of times is a range of ids. Each group of states is read
    from its own partial index; the newest of all groups are the page.
    """

    def __init__(self, tenant_id: str, environment: str, chosen: JobFilter, limit: int) -> None:
        self.values: list[object] = []
        tenant, place, most = map(self._value, (tenant_id, environment, limit))
        where = [f"tenant_id = {tenant}", f"environment = {place}"]
        where += [*self._of_time(chosen), *self._of_content(chosen)]
        if chosen.job_types:
            where.append(f"job_type = ANY({self._value(list(chosen.job_types))}::text[])")
        if chosen.reference is not None:
            where.append(f"reference = {self._value(chosen.reference)}")
        if chosen.idempotency_key is not None:
            # An array is made before any row is read; a join might read all rows and ask of each.
            where.append(
                f"""request_id = ANY(ARRAY(SELECT k.request_id FROM idempotency_keys k
                  WHERE k.tenant_id = {tenant} AND k.environment = {place}
                    AND k.route = {self._value(LOOK_ROUTE)}
                    AND k.key = {self._value(chosen.idempotency_key)}))"""
            )
        self.ids = " UNION ALL ".join(
            f"""(SELECT request_id FROM request_logs WHERE {" AND ".join([*where, *group])}
              ORDER BY request_id DESC LIMIT {most})"""
            for group in _groups(chosen.statuses)
        )
        self.sql = f"""{_JOBS} WHERE r.request_id = ANY(ARRAY(
          SELECT request_id FROM ({self.ids}) found ORDER BY request_id DESC LIMIT {most}))
          ORDER BY r.request_id DESC"""

    @property
    def last(self) -> str:
        """The statement of the page's last id, and how many it has."""
        return f"SELECT min(request_id) AS id, count(*) AS found FROM ({self.ids}) found"

    def _of_content(self, chosen: JobFilter) -> Iterator[str]:
        if chosen.category is not None:
            yield f"""(EXISTS (SELECT FROM jsonb_array_elements(items) i
                WHERE lower(regexp_replace(i->>'trial_item_category', '[\\s_-]+', '', 'g'))
                  = ANY({self._value(list(names_of(chosen.category)))}::text[]))
              OR EXISTS (SELECT FROM jsonb_array_elements(result->'items') i
                WHERE i->>'guessed_category' = {self._value(chosen.category.value)}))"""
        for pair in chosen.metadata:
            yield f"""EXISTS (SELECT FROM jsonb_each_text(metadata) m
                WHERE m.key || ':' || m.value = {self._value(pair)})"""

    def _value(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def _of_time(self, chosen: JobFilter) -> Iterator[str]:
        if chosen.before is not None:
            yield f"request_id < {self._value(chosen.before)}"
        if chosen.since is not None:
            yield f"request_id >= {self._value(chosen.since)}"
        if chosen.created_after is not None:
            yield f"created_at >= {self._value(chosen.created_after)}"
            yield f"request_id >= {self._value(ids_from(chosen.created_after))}"
        if chosen.created_before is not None:
            yield f"created_at < {self._value(chosen.created_before)}"
            yield f"request_id < {self._value(ids_until(chosen.created_before))}"


def _groups(statuses: Sequence[str]) -> list[list[str]]:
    """The conditions by which each group of the states is read; one without any where all are
    asked for. States stand in the text, where the planner sees that an index holds them.
    """
    if not statuses:
        return [[]]
    return [
        ["status IN (" + ", ".join(f"'{status}'" for status in wanted) + ")"]
        for group in (_UNFINISHED, _FAILED, _SUCCEEDED)
        if (wanted := [status for status in group if status in statuses])
    ]


class JobStore:
    """Reads jobs; every read names its tenant and environment."""

    def __init__(self, pool: asyncpg.Pool, reads: ReadPool | None = None) -> None:
        """Use the pool's connections. `reads`: for lists, which may be behind."""
        self._pool = pool
        self._reads = reads or ReadPool(pool)

    async def job(self, tenant_id: str, environment: str, request_id: str) -> JobRow | None:
        """One job of this tenant; None for an unknown or another tenant's id."""
        row = await self._pool.fetchrow(
            f"{_JOBS} WHERE r.request_id = $1 AND r.tenant_id = $2 AND r.environment = $3",
            request_id,
            tenant_id,
            environment,
        )
        if row is None:
            return None
        latest = await self._latest([request_id])
        return _job(row, latest.get(request_id))

    async def jobs(
        self, tenant_id: str, environment: str, chosen: JobFilter, limit: int
    ) -> list[JobRow]:
        """Jobs of this tenant, newest first."""
        page = JobPage(tenant_id, environment, chosen, limit)
        rows = await self._reads.fetch(page.sql, *page.values)
        latest = await self._latest([row["request_id"] for row in rows])
        return [_job(row, latest.get(row["request_id"])) for row in rows]

    async def searched_until(
        self, tenant_id: str, environment: str, chosen: JobFilter
    ) -> str | None:
        """The id down to which a page of `chosen` is searched; None: to the tenant's oldest row."""
        every = replace(chosen, category=None, metadata=())
        page = JobPage(tenant_id, environment, every, SEARCHED_ROWS)
        (row,) = await self._reads.fetch(page.last, *page.values)
        return row["id"] if row["found"] >= SEARCHED_ROWS else None

    async def events(self, request_id: str, since: int) -> list[EventRow]:
        """Events with a larger seq than `since`, ascending, without gaps from 1 on but
        for what will not come."""
        rows = await self._pool.fetch(
            f"SELECT * FROM ({_SHOWN}) s WHERE seq > $2 ORDER BY seq",
            [request_id],
            since,
        )
        return [_event(row) for row in rows]

    async def renders(
        self,
        tenant_id: str,
        environment: str,
        limit: int,
        *,
        before: str | None = None,
        only: str | None = None,
    ) -> list[JobRow]:
        """Jobs of this tenant that have their picture, newest first; `only` this one. Without their
        events.
        """
        reads = self._reads if only is None else self._pool
        rows = await reads.fetch(
            f"""{_JOBS} WHERE r.tenant_id = $1 AND r.environment = $2 AND r.status = 'SUCCESS'
                  AND ($3::text IS NULL OR r.request_id < $3) AND ($4::text IS NULL
                    OR r.request_id = $4)
                ORDER BY r.request_id DESC LIMIT $5""",
            tenant_id,
            environment,
            before,
            only,
            limit,
        )
        return [_job(row, None) for row in rows]

    async def pictured(
        self, tenant_id: str, environment: str, request_ids: Sequence[str]
    ) -> list[JobRow]:
        """Those of these jobs of this tenant that have their picture. Without their events."""
        rows = await self._pool.fetch(
            f"""{_JOBS} WHERE r.request_id = ANY($3::text[]) AND r.tenant_id = $1
                  AND r.environment = $2 AND r.status = 'SUCCESS'""",
            tenant_id,
            environment,
            list(request_ids),
        )
        return [_job(row, None) for row in rows]

    async def news(self, since: Mapping[str, int]) -> dict[str, News]:
        """By request: the job, and its events with a larger seq than given, ascending, without gaps
        from 1 on.

        For requests whose tenant was checked before. Events are read first: a job is never older
        than what it is said of it.
        """
        ids, seqs = list(since), list(since.values())
        rows = await self._pool.fetch(
            f"""SELECT s.* FROM ({_SHOWN}) s JOIN unnest($1::text[], $2::int[]) AS w(request_id,
              since) USING (request_id)
                WHERE s.seq > w.since ORDER BY s.request_id, s.seq""",
            ids,
            seqs,
        )
        jobs = await self._pool.fetch(f"{_JOBS} WHERE r.request_id = ANY($1::text[])", ids)
        latest = await self._latest(ids)
        found = {
            row["request_id"]: News(_job(row, latest.get(row["request_id"])), []) for row in jobs
        }
        for row in rows:
            if row["request_id"] in found:
                found[row["request_id"]].events.append(_event(row))
        return found

    async def _latest(self, request_ids: Sequence[str]) -> dict[str, EventRow]:
        rows = await self._pool.fetch(
            f"SELECT DISTINCT ON (request_id) * FROM ({_SHOWN}) s ORDER BY request_id, seq DESC",
            list(request_ids),
        )
        return {row["request_id"]: _event(row) for row in rows}


def _event(row: asyncpg.Record) -> EventRow:
    return EventRow(
        row["request_id"],
        row["seq"],
        row["event_id"],
        row["event_type"],
        row["stage"],
        row["message"],
        orjson.loads(row["extra"]),
        row["created_at"],
    )


def _job(row: asyncpg.Record, latest: EventRow | None) -> JobRow:
    error = (
        (row["error_code"], row["error_message"], row["error_item_index"])
        if row["error_code"]
        else None
    )
    return JobRow(
        request_id=row["request_id"],
        job_type=row["job_type"],
        status=row["status"],
        credits_cost=row["credits_cost"],
        user_category=row["user_category"],
        receipt=Receipt(
            row["charged"] or 0,
            row["charged_at"],
            row["refunded"] or 0,
            row["refunded_at"],
            row["goodwill"] or 0,
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deadline_at=row["deadline_at"],
        error=error,
        result=_read(row["result"]),
        latest_event=latest,
        asked=AskedLook(
            tuple(orjson.loads(row["items"])),
            _read(row["runtime_config"]),
            row["reference"],
            _read(row["metadata"]),
        ),
    )


def _read(text: str | None) -> Any:
    """The value of a column of JSON."""
    return None if text is None else orjson.loads(text)
