"""Pages of jobs from a large table: right, and read from the tenant's own rows alone."""

import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from devstack.stack import Stack
from schemas.categories import GarmentCategory
from schemas.ids import new_request_id
from storage.id_times import first_id
from storage.jobs import SEARCHED_ROWS, JobFilter, JobPage, JobStore

BEGIN = datetime(2024, 5, 1, tzinfo=UTC)
ROWS, OTHERS = 4_000, 12_000
STATES = ("NOT_STARTED", "IN_PROGRESS", "FAILURE", "SUCCESS")
PAGE = 20

_FILL = """INSERT INTO request_logs (request_id, tenant_id, environment, status, items,
    credits_cost, created_at, updated_at, deadline_at, error_code, result, reference, metadata)
  SELECT id, tenant, 'live', status, '[]', 10, at, at, at,
    CASE WHEN status = 'FAILURE' THEN 'expired' END,
    CASE WHEN status = 'SUCCESS' THEN '{}'::jsonb END,
    'order-' || (extract(epoch FROM at)::bigint / 3600) % 50, '{"sku": "TS-1"}'
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS r(id, tenant, status, at)"""

Row = tuple[str, str, str, datetime]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A row a minute for each of two tenants, most of them finished; few of one's are in work."""
    chance = random.Random(5)
    tenant, other = (f"t{new_request_id().lower()}" for _ in range(2))
    made = []
    for number in range(ROWS + OTHERS):
        at = BEGIN + timedelta(minutes=number)
        whose = tenant if number % 4 == 0 else other
        state = chance.choices(STATES, (1, 1, 8, 990))[0]
        made.append((first_id(at)[:10] + new_request_id()[10:], whose, state, at))
    return made


@pytest.fixture
async def filled(pool: asyncpg.Pool, rows: list[Row]) -> AsyncIterator[asyncpg.Pool]:
    tenants = {row[1] for row in rows}
    await pool.executemany(
        "INSERT INTO tenants (tenant_id, key_prefixes) VALUES ($1, '{}') ON CONFLICT DO NOTHING",
        [(tenant,) for tenant in tenants],
    )
    # A tenant's rows lie apart, as among those of many tenants: any page costs a block a row.
    spread = random.Random(7).sample(rows, len(rows))
    await pool.execute(_FILL, *map(list, zip(*spread, strict=True)))
    await pool.execute("ANALYZE request_logs")
    yield pool
    await pool.execute("DELETE FROM request_logs WHERE tenant_id = ANY($1)", list(tenants))


def reference_of(at: datetime) -> str:
    return f"order-{int(at.timestamp()) // 3600 % 50}"


def expected(rows: list[Row], tenant: str, chosen: JobFilter) -> list[str]:
    return sorted(
        (
            request_id
            for request_id, whose, state, at in rows
            if whose == tenant
            and (not chosen.statuses or state in chosen.statuses)
            and (chosen.created_after is None or at >= chosen.created_after)
            and (chosen.created_before is None or at < chosen.created_before)
            and (chosen.before is None or request_id < chosen.before)
            and chosen.reference in (None, reference_of(at))
        ),
        reverse=True,
    )[:PAGE]


async def buffers(pool: asyncpg.Pool, page: JobPage) -> int:
    """How many pages of 8 kB the statement touched, by what Postgres says of its run."""
    async with pool.acquire() as connection, connection.transaction():
        found = await connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {page.sql}", *page.values
        )
    plan = json.loads(found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


async def test_a_page_holds_what_its_filter_asks_for(filled: asyncpg.Pool, rows: list[Row]) -> None:
    chance, tenant = random.Random(6), rows[0][1]
    whole = timedelta(minutes=ROWS + OTHERS)
    for _ in range(60):
        first, last = sorted(BEGIN + chance.random() * whole for _ in range(2))
        chosen = JobFilter(
            statuses=tuple(chance.sample(STATES, chance.randrange(5))),
            created_after=chance.choice((None, first)),
            created_before=chance.choice((None, last)),
            before=chance.choice((None, chance.choice(rows)[0])),
            reference=chance.choice((None, "order-7", "order-none")),
        )
        page = await JobStore(filled).jobs(tenant, "live", chosen, PAGE)
        assert [job.request_id for job in page] == expected(rows, tenant, chosen), chosen
        assert all(job.asked.metadata == {"sku": "TS-1"} for job in page)


async def test_no_filter_reads_past_the_rows_of_others(
    filled: asyncpg.Pool, rows: list[Row]
) -> None:
    tenant = rows[0][1]
    plain = await buffers(filled, JobPage(tenant, "live", JobFilter(), PAGE))
    late = BEGIN + timedelta(minutes=ROWS + OTHERS - 60)
    asked = {
        "since an hour": JobFilter(created_after=late),
        "of the first hour": JobFilter(created_before=BEGIN + timedelta(hours=1)),
        "in work": JobFilter(statuses=("IN_PROGRESS",)),
        "failed": JobFilter(statuses=("FAILURE",)),
        "failed or in work": JobFilter(statuses=("IN_PROGRESS", "FAILURE")),
        "any": JobFilter(statuses=STATES),
        "a key that nobody used": JobFilter(idempotency_key="lost"),
        "of a reference": JobFilter(reference="order-7"),
        "of a reference that failed": JobFilter(reference="order-7", statuses=("FAILURE",)),
        "of a reference that nobody used": JobFilter(reference="order-none"),
        "after all": JobFilter(created_after=late + timedelta(days=1)),
        "older than the first": JobFilter(before=rows[0][0]),
    }
    read = {
        name: await buffers(filled, JobPage(tenant, "live", one, PAGE))
        for name, one in asked.items()
    }
    assert plain > 0
    assert {name: n for name, n in read.items() if n > 3 * plain} == {}, plain


async def test_a_rare_garment_is_searched_for_in_so_many_rows_a_page(
    filled: asyncpg.Pool, rows: list[Row]
) -> None:
    tenant, store = rows[0][1], JobStore(filled)
    mine = sorted((row[0] for row in rows if row[1] == tenant), reverse=True)
    finished = {row[0] for row in rows if row[2] == "SUCCESS"}
    said = mine[SEARCHED_ROWS + 7]
    guessed = next(one for one in mine[2 * SEARCHED_ROWS + 9 :] if one in finished)
    await filled.execute(
        """UPDATE request_logs SET items = '[{"trial_item_category": "T_Shirts"}]',
             metadata = '{"sku": "a:b"}' WHERE request_id = $1""",
        said,
    )
    await filled.execute(
        """UPDATE request_logs SET result = '{"items": [{"guessed_category": "t-shirt"}]}'
           WHERE request_id = $1""",
        guessed,
    )
    found, before, pages = [], None, 0
    while True:
        chosen = JobFilter(category=GarmentCategory.T_SHIRT, before=before)
        since = await store.searched_until(tenant, "live", chosen)
        chosen = replace(chosen, since=since)
        found += [job.request_id for job in await store.jobs(tenant, "live", chosen, PAGE)]
        page = JobPage(tenant, "live", chosen, PAGE)
        assert await buffers(filled, page) <= 3 * SEARCHED_ROWS
        before, pages = since, pages + 1
        if since is None:
            break
    assert (found, pages) == ([said, guessed], ROWS // SEARCHED_ROWS + 1)
    both = JobFilter(metadata=("sku:a:b",), category=GarmentCategory.T_SHIRT)
    assert [job.request_id for job in await store.jobs(tenant, "live", both, PAGE)] == [said]


async def test_a_time_beyond_all_ids_is_no_error(services: Stack, pool: asyncpg.Pool) -> None:
    store = JobStore(pool)
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        await store.jobs("demo", "live", JobFilter(created_after=at), 1)
        await store.jobs("demo", "live", JobFilter(created_before=at), 1)
