"""Tables by ranges of ids: a table becomes the first partition of a new one of its name, further
ones are attached before they are needed, and old ones are taken away whole.

Ids begin with their time. The last partition has no upper bound, so a row always finds its place,
also where nobody has attached one ahead; and what lies before all others is an empty one. Whoever
writes waits for `LOCK_TIMEOUT_S` at most, and for one short transaction: what takes long (a check
over all rows) is done before, beside the writers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from storage.id_times import first_id
from storage.rows import affected

TABLES = ("request_logs", "job_events")
"""By `request_id`. The ledger is not among them: docs/decisions/0007."""
AHEAD = timedelta(days=1)
"""A partition is there so long before it is needed. More than clocks differ."""
LOCK_TIMEOUT_S, LOCK_TRIES, PAUSE_S = 0.2, 300, 0.3
_BEHIND: dict[str, tuple[str, ...]] = {
    "request_logs": ("failure_claims", "cancellations", "job_event_gaps"),
    "job_events": (),
}
"""What goes with a range, for it says nothing without it."""

_PARTITIONS = """
SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass ORDER BY 1"""
_INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS text,
  k.conname AS key, pg_get_constraintdef(k.oid) AS key_text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
WHERE i.indrelid = $1::text::regclass ORDER BY 1"""
_RIGHTS = """
SELECT a.privilege_type AS what, a.grantee::regrole::text AS whom, NULL AS of_column
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1::text::regclass
  AND a.grantee NOT IN (0, c.relowner)
UNION ALL
SELECT a.privilege_type, a.grantee::regrole::text, t.attname
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a
WHERE c.oid = $1::text::regclass AND a.grantee NOT IN (0, c.relowner)"""


_TIED = """
SELECT tgname AS name FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal
UNION ALL
SELECT conname FROM pg_constraint WHERE confrelid = $1::text::regclass AND contype = 'f'
UNION ALL
SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'f'
ORDER BY 1"""


class TableTied(Exception):
    """A table has triggers, or keys of other tables that refer to it: these would be lost."""


class RangeInWork(Exception):
    """A range that should go has requests that are open or not refunded; the message says which."""


@dataclass(frozen=True, slots=True)
class IdPartition:
    """One, with the ids that it may have: from `low` on (empty: from the first), below `high`
    (empty: without end).
    """

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class RetiredRange:
    """What was taken away."""

    table: str
    before_id: str
    rows: int


class IdPartitions:
    """Of one database, on a connection of its own, as the owner of the tables."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Use this connection."""
        self._connection = connection

    async def of(self, table: str) -> list[IdPartition]:
        """In the order of their ids; empty: the table is a plain one."""
        rows = await self._connection.fetch(_PARTITIONS, table)
        return sorted((_partition(row) for row in rows), key=lambda one: one.low)

    async def prepare(self, table: str, now: datetime) -> list[str]:
        """Make the table a partitioned one, or attach what will be needed next; returns what was
        done. Raises asyncpg.LockNotAvailableError where a table stayed locked, and TableTied.
        """
        there = await self.of(table)
        if not there:
            until = next_month(now + AHEAD)
            await self._first(table, until)
            return [f"{table}: partitioned, the first until {until:%Y-%m-%d}"]
        last = there[-1]
        if last.low > first_id(now + AHEAD):
            return []
        until = next_month(now + AHEAD)
        await self._cut(table, last, until)
        return [f"{table}: a partition from {until:%Y-%m-%d} on"]

    async def retire(self, table: str, before: datetime) -> list[RetiredRange]:
        """Take away the partitions that have no request of that moment or later. Raises
        RangeInWork.
        """
        limit, gone = first_id(before), list[RetiredRange]()
        for one in await self.of(table):
            if one.high and one.high <= limit and one.name != _floor(table):
                gone.append(await self._retire(table, one))
        return gone

    async def retired(self, table: str) -> str:
        """Below which id the table's rows were taken away; empty: none was."""
        return str(
            await self._connection.fetchval(
                """SELECT coalesce(max(before_id), '') FROM retired_ranges
                   WHERE table_name = $1""",
                table,
            )
        )

    async def _first(self, table: str, until: datetime) -> None:
        if tied := await self._connection.fetch(_TIED, table):
            raise TableTied(f"{table} stays as it is: {', '.join(row['name'] for row in tied)}")
        fresh, old, high = f"{table}_fresh", _until(table, until), first_id(until)
        await self._shortly(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_below",
            f"DROP TABLE IF EXISTS {fresh}",
            f"""CREATE TABLE {fresh} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS
                INCLUDING STORAGE) PARTITION BY RANGE (request_id)""",
            _below(table, table, "", high),
        )
        await self._connection.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_below")
        options = await self._connection.fetchval(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = $1::text::regclass",
            table,
        )
        names, ours = [], []
        for row in await self._connection.fetch(_INDEXES, table):
            names.append(f"ALTER INDEX {row['name']} RENAME TO {_own(old, row['name'])}")
            ours.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {row['key']} {row['key_text']}"
                if row["key"]
                else row["text"].replace(" ON public.", " ON ", 1)
            )
        rights = [
            f"GRANT {_right(row)} ON {table} TO {row['whom']}"
            for row in await self._connection.fetch(_RIGHTS, table)
        ]
        await self._shortly(
            f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
            *names,
            f"ALTER TABLE {table} RENAME TO {old}",
            f"ALTER TABLE {fresh} RENAME TO {table}",
            *ours,
            f"ALTER TABLE {table} ATTACH PARTITION {old} FOR VALUES FROM (MINVALUE) TO ('{high}')",
            _rest(table, high, options),
            f"ALTER TABLE {old} DROP CONSTRAINT {table}_below",
            *rights,
        )
        await self._connection.execute(f"ANALYZE {table}")

    async def _cut(self, table: str, last: IdPartition, until: datetime) -> None:
        high, name = first_id(until), _until(table, until)
        options = await self._connection.fetchval(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = $1::text::regclass",
            last.name,
        )
        low = f"'{last.low}'" if last.low else "MINVALUE"
        await self._shortly(
            f"ALTER TABLE {last.name} DROP CONSTRAINT IF EXISTS {table}_below",
            _below(table, last.name, last.low, high),
        )
        await self._connection.execute(f"ALTER TABLE {last.name} VALIDATE CONSTRAINT {table}_below")
        await self._shortly(
            f"ALTER TABLE {table} DETACH PARTITION {last.name}",
            f"ALTER TABLE {last.name} RENAME TO {name}",
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ('{high}')",
            _rest(table, high, options),
            f"ALTER TABLE {name} DROP CONSTRAINT {table}_below",
        )
        await self._connection.execute(f"ANALYZE {table}")

    async def _retire(self, table: str, one: IdPartition) -> RetiredRange:
        if table == "request_logs":
            await self._at_rest(one)
        rows = int(await self._connection.fetchval(f"SELECT count(*) FROM {one.name}"))
        floor = _floor(table)
        # Noted in the transaction that takes the rows away: an audit sees both or neither.
        await self._shortly(
            f"ALTER TABLE {table} DETACH PARTITION {one.name}",
            f"DROP TABLE IF EXISTS {floor}",
            f"DROP TABLE {one.name}",
            f"""CREATE TABLE {floor} PARTITION OF {table}
                FOR VALUES FROM (MINVALUE) TO ('{one.high}')""",
            f"""INSERT INTO retired_ranges (table_name, before_id, row_count)
                VALUES ('{table}', '{one.high}', {rows})""",
        )
        for behind in _BEHIND[table]:
            await self._swept(behind, one.high)
        return RetiredRange(table, one.high, rows)

    async def _at_rest(self, one: IdPartition) -> None:
        found = await self._connection.fetchval(
            f"""SELECT request_id FROM {one.name} r
                WHERE status IN ('NOT_STARTED', 'IN_PROGRESS') OR status = 'FAILURE'
                  AND NOT EXISTS (SELECT FROM ledger_entries l
                    WHERE l.request_id = r.request_id AND l.kind = 'refund') LIMIT 1"""
        )
        if found is not None:
            raise RangeInWork(f"{one.name} stays: {found} is open or not refunded")

    async def _swept(self, table: str, before_id: str) -> None:
        while affected(
            await self._connection.execute(
                f"""DELETE FROM {table} WHERE request_id = ANY(ARRAY(
                      SELECT request_id FROM {table} WHERE request_id < $1 LIMIT 5000))""",
                before_id,
            )
        ):
            pass

    async def _shortly(self, *statements: str) -> None:
        """In one transaction that gives way where it must wait, and is tried again."""

        async def once() -> None:
            async with self._connection.transaction():
                await self._connection.execute(
                    f"SET LOCAL lock_timeout = '{int(LOCK_TIMEOUT_S * 1000)}ms'"
                )
                for statement in statements:
                    await self._connection.execute(statement)

        await giving_way(once)


async def giving_way(once: Callable[[], Awaitable[None]]) -> None:
    """Do it, again and again where a lock is not to be had. Raises LockNotAvailableError in the
    end.
    """
    for left in reversed(range(LOCK_TRIES)):
        try:
            return await once()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if not left:
                raise
            await asyncio.sleep(PAUSE_S)


def month_of(at: datetime) -> datetime:
    """When that moment's month began."""
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def next_month(at: datetime) -> datetime:
    """When the month after that moment's begins."""
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


def _partition(row: asyncpg.Record) -> IdPartition:
    """Of a bound such as FOR VALUES FROM ('01KB...') TO (MAXVALUE)."""
    low, _, high = str(row["bound"]).partition(" TO ")
    return IdPartition(row["name"], *(_value(part) for part in (low, high)))


def _value(text: str) -> str:
    return text.split("'")[1] if "'" in text else ""


def _until(table: str, until: datetime) -> str:
    return f"{table}_until_{until:%Y%m}"


def _floor(table: str) -> str:
    return f"{table}_retired"


def _own(partition: str, index: str) -> str:
    return f"{partition}_{index}"[:63]


def _right(row: asyncpg.Record) -> str:
    column = f' ("{row["of_column"]}")' if row["of_column"] else ""
    return f"{row['what']}{column}"


def _below(table: str, name: str, low: str, high: str) -> str:
    """What a partition's bounds say, as a check: the attachment need not look at its rows."""
    since = f" AND request_id >= '{low}'" if low else ""
    return f"""ALTER TABLE {name} ADD CONSTRAINT {table}_below
      CHECK (request_id IS NOT NULL{since} AND request_id < '{high}') NOT VALID"""


def _rest(table: str, low: str, options: str | None) -> str:
    """The last one, without an upper bound."""
    stored = f" WITH ({options})" if options else ""
    return f"""CREATE TABLE {table}_rest PARTITION OF {table}
      FOR VALUES FROM ('{low}') TO (MAXVALUE){stored}"""
