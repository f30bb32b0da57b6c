"""Tables by ranges of ids, made so while they are written, and old ranges taken away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from devstack.stack import Stack
from domain import audit
from domain.audit import AuditMoment
from domain.projection import Changes
from runtime.settings import DatabaseSettings
from storage import roles
from storage.acceptance import Acceptance
from storage.audit_facts import snapshot
from storage.database import open_pool
from storage.id_times import first_id
from storage.jobs import JobFilter, JobStore
from storage.ledger_closing import LedgerClosing, RequestsRemain
from storage.migrations import OUTSIDE, migrate
from storage.partitions import TABLES, IdPartitions, RangeInWork, TableTied
from storage.projection import ProjectionStore
from storage.submissions import Accepted
from tests.integration.accepting import submission
from tests.integration.partitioned import fill, own_database
from tests.integration.test_command_line import looks

LONG_AGO = datetime(2024, 1, 10, tzinfo=UTC)
MONTH = timedelta(days=31)


@pytest.fixture
async def url(services: Stack) -> AsyncIterator[str]:
    async with own_database(services) as made:
        yield made


@pytest.fixture
async def own(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def violations(url: str) -> list[str]:
    """What the audit finds in Postgres' own rows."""
    async with snapshot(url) as view:
        moment = AuditMoment(view.now, 0, 0, view.now, await view.retired())
        found = [
            str(one)
            async for facts, _ in view.requests()
            for one in audit.violations(facts, moment)
        ]
        for account in await view.accounts():
            found += [str(one) for one in audit.account(*account)]
        found += [
            f"charged without a request: {one}" for one in await view.charges_without_request()
        ]
        return found + await view.closings_not_carried()


async def shape(own: asyncpg.Connection, table: str) -> set[tuple[object, ...]]:
    """Columns, indexes, checks and rights."""
    rows = await own.fetch(
        """SELECT 'column', attname, format_type(atttypid, atttypmod), attnotnull::text
             FROM pg_attribute
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
           UNION ALL SELECT 'index', c.relname,
             replace(pg_get_indexdef(i.indexrelid), ' ONLY ', ' '), indisvalid::text
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE i.indrelid = $1::text::regclass
           UNION ALL SELECT 'check', conname, pg_get_constraintdef(oid), contype::text
             FROM pg_constraint WHERE conrelid = $1::text::regclass
           UNION ALL SELECT 'right', grantee, privilege_type, coalesce(column_name, '')
             FROM information_schema.column_privileges
             WHERE table_name = $1 AND grantee LIKE 'looks%'""",
        table,
    )
    return {tuple(row) for row in rows}


async def test_tables_become_partitioned_while_requests_are_accepted(
    url: str, own: asyncpg.Connection
) -> None:
    await roles.apply(url)
    now = datetime.now(UTC)
    before = await fill(own, now - 9 * MONTH, 30_000, timedelta(minutes=12))
    shapes = {table: await shape(own, table) for table in TABLES}
    accepted: list[str] = []
    done = asyncio.Event()

    async def accepting(acceptance: Acceptance) -> None:
        while not done.is_set():
            one = submission(cost=0)
            assert isinstance(await acceptance.accept(one), Accepted)
            accepted.append(one.request_id)

    async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
        acceptance = Acceptance(pool, batch_max=8, queue_max=64)
        workers = [asyncio.create_task(accepting(acceptance)) for _ in range(8)]
        for table in TABLES:
            assert len(await IdPartitions(own).prepare(table, now)) == 1
            assert await IdPartitions(own).prepare(table, now) == []
        count = len(accepted)
        while len(accepted) < count + 50:
            await asyncio.sleep(0.01)
        done.set()
        await asyncio.gather(*workers)
        page = await JobStore(pool).jobs("demo", "live", JobFilter(statuses=("FAILURE",)), 5)
        assert [job.request_id for job in page] == before[4::5][:-6:-1]
        await ProjectionStore(pool).apply(Changes(), {("look.progress", 0): (0, 1)})
    assert await own.fetchval("SELECT count(*) FROM request_logs") == 30_000 + len(accepted)
    for table in TABLES:
        assert await shape(own, table) == shapes[table]
    # In no partition but its own is a request looked for
    plan = await own.fetch("EXPLAIN SELECT * FROM request_logs WHERE request_id = $1", before[0])
    assert sum("Index Scan" in row[0] for row in plan) == 1


async def test_a_change_gives_way_to_who_reads_and_writers_go_on(
    url: str, own: asyncpg.Connection
) -> None:
    other = await asyncpg.connect(url)
    reading = other.transaction()
    await reading.start()
    await other.execute("SELECT count(*) FROM request_logs")
    preparing = asyncio.create_task(IdPartitions(own).prepare("request_logs", datetime.now(UTC)))
    async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
        acceptance = Acceptance(pool, batch_max=8, queue_max=8)
        for _ in range(20):
            assert isinstance(await asyncio.wait_for(acceptance.accept(submission()), 10), Accepted)
        assert not preparing.done()
        await reading.commit()
        assert len(await asyncio.wait_for(preparing, 60)) == 1
        assert isinstance(await acceptance.accept(submission()), Accepted)
    await other.close()


async def test_a_partition_is_there_ahead_and_a_late_one_is_cut_where_rows_are(
    own: asyncpg.Connection,
) -> None:
    partitions = IdPartitions(own)
    for month in range(1, 5):
        assert len(await partitions.prepare("job_events", datetime(2024, month, 10, tzinfo=UTC)))
    ids = await fill(own, datetime(2024, 5, 2, tzinfo=UTC), 200, timedelta(days=1))
    assert [one.name for one in await partitions.of("job_events")][-1] == "job_events_rest"
    late = datetime(2024, 12, 30, 12, tzinfo=UTC)
    assert len(await partitions.prepare("job_events", late)) == 1
    assert await partitions.prepare("job_events", late) == []
    there = await partitions.of("job_events")
    assert [one.name for one in there] == [
        *(f"job_events_until_2024{month:02}" for month in range(2, 6)),
        "job_events_until_202501",
        "job_events_rest",
    ]
    assert all(one.high == after.low for one, after in pairwise(there))
    assert await own.fetchval(f"SELECT count(*) FROM {there[-2].name}") == 2 * len(ids)


async def test_old_ranges_go_and_the_audit_accounts_for_them(
    url: str, own: asyncpg.Connection
) -> None:
    partitions = IdPartitions(own)
    for month in range(1, 7):
        for table in TABLES:
            await partitions.prepare(table, datetime(2024, month, 10, tzinfo=UTC))
    ids = await fill(own, LONG_AGO, 300, timedelta(hours=12))
    await own.execute(
        """INSERT INTO failure_claims (request_id, topic, partition, "offset", code)
           SELECT request_id, '', 0, 0, 'expired' FROM request_logs WHERE status = 'FAILURE'"""
    )
    assert await violations(url) == []
    march, april = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 4))
    with pytest.raises(RequestsRemain):
        await LedgerClosing(own).close(first_id(march))
    await partitions.retire("job_events", april)
    assert await violations(url) == []
    gone = await partitions.retire("request_logs", march)
    assert [one.before_id for one in gone] == [
        first_id(datetime(2024, 2, 1, tzinfo=UTC)),
        first_id(march),
    ]
    assert await partitions.retire("request_logs", march) == []
    left = [one for one in ids if one >= first_id(march)]
    rows = await own.fetch("SELECT request_id FROM request_logs ORDER BY 1")
    assert [row["request_id"] for row in rows] == left
    assert sum(one.rows for one in gone) == len(ids) - len(left)
    assert await own.fetchval("SELECT min(request_id) FROM failure_claims") >= left[0]
    assert await violations(url) == []
    # Who speaks of one that is gone finds a place for its rows, and the audit knows why it is gone
    await own.execute(
        """INSERT INTO job_events (request_id, seq, event_id, event_type, created_at)
           VALUES ($1, 1, 'x', 'queued', now())""",
        ids[0],
    )
    async with snapshot(url) as view:
        moment = AuditMoment(view.now, 0, 0, view.now, await view.retired())
    assert audit.stray(ids[0], "look.completed", LONG_AGO, moment) is None
    assert audit.stray(left[0], "look.completed", LONG_AGO, moment) is not None


async def test_a_closed_range_of_the_ledger_leaves_its_sum_and_a_checksum(
    url: str, own: asyncpg.Connection
) -> None:
    partitions = IdPartitions(own)
    for month in range(1, 7):
        await partitions.prepare("request_logs", datetime(2024, month, 10, tzinfo=UTC))
    ids = await fill(own, LONG_AGO, 300, timedelta(hours=12))
    march = datetime(2024, 3, 1, tzinfo=UTC)
    await partitions.retire("request_logs", march)
    closed = [one for one in ids if one < first_id(march)]
    failed = sum(one in set(ids[4::5]) for one in closed)
    by_hand = await own.fetchval(
        """SELECT sha256(string_agg(concat_ws('|', id, kind, amount, request_id,
             extract(epoch FROM created_at)), E'\\n' ORDER BY id)::bytea)
           FROM ledger_entries WHERE request_id < $1""",
        first_id(march),
    )
    assert await LedgerClosing(own).close(first_id(march)) == len(closed) + failed
    assert await LedgerClosing(own).close(first_id(march)) == 0
    (note,) = await own.fetch("SELECT entries, amount, checksum FROM ledger_closings")
    assert tuple(note) == (len(closed) + failed, -10 * (len(closed) - failed), by_hand)
    (carried,) = await own.fetch("SELECT amount FROM ledger_entries WHERE kind = 'carried'")
    assert carried["amount"] == note["amount"]
    assert await own.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'grant'") == 1
    assert await violations(url) == []
    for statement in (
        f"DELETE FROM ledger_entries WHERE request_id = '{ids[-1]}'",
        "DELETE FROM ledger_entries WHERE kind = 'carried'",
        "UPDATE ledger_entries SET amount = 0",
    ):
        with pytest.raises(asyncpg.RaiseError, match="never changed"):
            await own.execute(statement)
    await own.execute("UPDATE ledger_closings SET amount = amount - 1")
    assert len(await violations(url)) == 1


async def test_a_range_with_a_request_in_work_stays(own: asyncpg.Connection) -> None:
    partitions = IdPartitions(own)
    await partitions.prepare("request_logs", LONG_AGO)
    ids = await fill(own, LONG_AGO, 3, timedelta(hours=1))
    await own.execute(
        "UPDATE request_logs SET status = 'IN_PROGRESS', result = NULL WHERE request_id = $1",
        ids[0],
    )
    with pytest.raises(RangeInWork, match=ids[0]):
        await partitions.retire("request_logs", datetime.now(UTC))
    assert await own.fetchval("SELECT count(*) FROM request_logs") == 3


async def test_a_table_whose_triggers_or_keys_would_be_lost_stays_as_it_is(
    own: asyncpg.Connection,
) -> None:
    await own.execute("CREATE TABLE pointing (request_id text REFERENCES request_logs)")
    with pytest.raises(TableTied, match="pointing_request_id_fkey"):
        await IdPartitions(own).prepare("request_logs", datetime.now(UTC))
    assert await IdPartitions(own).of("request_logs") == []


async def test_a_later_migration_builds_its_index_on_each_partition(
    url: str, own: asyncpg.Connection, tmp_path: Path
) -> None:
    await IdPartitions(own).prepare("request_logs", datetime.now(UTC))
    await fill(own, LONG_AGO, 10, timedelta(hours=1))
    name = "9999_more.sql"
    (tmp_path / name).write_text(
        f"{OUTSIDE}CREATE INDEX CONCURRENTLY IF NOT EXISTS more ON request_logs (updated_at)\n"
        "  WHERE status = 'FAILURE';\n"
    )
    assert await migrate(url, tmp_path) == [name]
    valid = await own.fetch(
        """SELECT indisvalid FROM pg_index WHERE indexrelid IN (SELECT inhrelid FROM pg_inherits
             WHERE inhparent = 'more'::regclass UNION SELECT 'more'::regclass)"""
    )
    assert [row["indisvalid"] for row in valid] == [True, True, True]


async def test_the_command_maintains_and_says_which_setting_is_wrong(
    services: Stack, url: str, own: asyncpg.Connection
) -> None:
    kept = {"LOOKS_DATABASE_URL": url, "LOOKS_RETENTION_REQUEST_LOGS_D": "100"}
    done = looks(services, "db", "maintain", **kept)
    assert done.returncode == 0, done.stderr
    assert "request_logs: partitioned" in done.stdout
    assert "outbox: 0 rows wait" in done.stdout
    await fill(own, LONG_AGO, 10, timedelta(hours=1))
    done = looks(services, "db", "maintain", **kept, LOOKS_RETENTION_LEDGER_ENTRIES_D="92")
    assert (done.returncode, "LOOKS_RETENTION_LEDGER_ENTRIES_D" in done.stderr) == (2, True)
    done = looks(services, "db", "maintain", **kept | {"LOOKS_RETENTION_REQUEST_LOGS_D": "1"})
    assert (done.returncode, "LOOKS_RETENTION_REQUEST_LOGS_D" in done.stderr) == (2, True)
