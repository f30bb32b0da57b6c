"""A database of millions of requests: what a POST waits while its tables are made partitioned, and
what the statements of acceptance and projection cost with partitions and without.

Submissions come at a steady rate, whatever the answers take; the cost is CPU time of the one
backend that runs the statements, on two databases turn and turn about.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson

from devstack.stack import Stack
from domain.projection import Changes, JobEventRow, StatusChange
from runtime.settings import DatabaseSettings
from schemas.http import JobStatus, TrialItemInput
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.database import connect, open_pool
from storage.id_times import first_id
from storage.migrations import migrate
from storage.partitions import TABLES, IdPartitions
from storage.projection import ProjectionStore
from storage.submissions import Submission

ROWS = int(os.environ.get("LOOKS_BENCH_YEARS_ROWS", "2000000"))
CHUNK = 50_000
PER_S = 200
IDLE_S = 10.0
PARTITIONS = 24
TURNS, BATCHES, OF = 5, 150, 32
TICKS_S = os.sysconf("SC_CLK_TCK")
ITEMS = orjson.dumps(
    [
        {"trial_image": f"users/abc/{number:032x}.jpg", "trial_item_category": "top"}
        for number in range(3)
    ]
).decode()
RESULT = orjson.dumps({"image": {"key": "results/demo/" + "x" * 40}, "pad": "y" * 300}).decode()

Latencies = dict[str, float]
"""Milliseconds."""


async def _connected(url: str) -> asyncpg.Connection:
    return await connect(DatabaseSettings.model_validate({"url": url}), "looks-bench")


def _submission() -> Submission:
    return Submission(
        request_id=new_request_id(),
        tenant_id="demo",
        environment="live",
        user_category=None,
        items=(TrialItemInput(trial_image="users/abc/x.jpg", trial_item_category="top"),),
        runtime_config={"width": 256},
        credits_cost=0,
        deadline_s=60,
        answer=b"{}",
    )


async def fill(url: str, count: int, until: datetime | None = None) -> None:
    """Ended requests of two years, two events each, the last of `until` or now."""
    connection = await _connected(url)
    now = until or datetime.now(UTC)
    for first in range(0, count, CHUNK):
        many = range(first, min(first + CHUNK, count))
        times = [now - timedelta(days=730) * (1 - number / count) for number in many]
        ids = [first_id(at)[:10] + new_request_id()[10:] for at in times]
        await connection.copy_records_to_table(
            "request_logs",
            records=[
                (one, "demo", "live", "SUCCESS", ITEMS, 10, at, at, at, RESULT)
                for one, at in zip(ids, times, strict=True)
            ],
            columns=(
                "request_id",
                "tenant_id",
                "environment",
                "status",
                "items",
                "credits_cost",
                "created_at",
                "updated_at",
                "deadline_at",
                "result",
            ),
            timeout=600,
        )
        await connection.copy_records_to_table(
            "job_events",
            records=[
                (one, seq, f"{one}{seq}", kind, at)
                for one, at in zip(ids, times, strict=True)
                for seq, kind in ((1, "queued"), (2, "succeeded"))
            ],
            columns=("request_id", "seq", "event_id", "event_type", "created_at"),
            timeout=600,
        )
    await connection.execute("ANALYZE")
    await connection.close()


async def _under_load(url: str, work: Callable[[], Awaitable[object]]) -> Latencies:
    """What submissions waited while this went on."""
    took_ms: list[float] = []
    async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
        acceptance = Acceptance(pool, batch_max=64, queue_max=4096)

        async def one() -> None:
            begun_s = time.perf_counter()
            await acceptance.accept(_submission())
            took_ms.append(1000 * (time.perf_counter() - begun_s))

        working, posts = asyncio.ensure_future(work()), list[asyncio.Task[None]]()
        begun_s = time.perf_counter()
        while not working.done():
            due = int((time.perf_counter() - begun_s) * PER_S) - len(posts)
            posts += [asyncio.create_task(one()) for _ in range(due)]
            await asyncio.sleep(1 / PER_S)
        await working
        seconds = time.perf_counter() - begun_s
        await asyncio.gather(*posts)
    took_ms.sort()
    return {
        "seconds": round(seconds, 1),
        "posts": len(took_ms),
        "p50_ms": round(took_ms[len(took_ms) // 2], 1),
        "p99_ms": round(took_ms[int(len(took_ms) * 0.99)], 1),
        "max_ms": round(took_ms[-1], 1),
    }


async def _changes(url: str) -> dict[str, Latencies]:
    """Idle, then each change, one after the other."""
    connection = await _connected(url)
    found = {"idle": await _under_load(url, lambda: asyncio.sleep(IDLE_S))}
    for table in TABLES:
        preparing = partial(IdPartitions(connection).prepare, table, datetime.now(UTC))
        found[f"partition {table}"] = await _under_load(url, preparing)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "9999_more.sql").write_text(
            "-- looks: outside a transaction\n"
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS more ON request_logs (updated_at);\n"
        )
        found["index"] = await _under_load(url, lambda: migrate(url, Path(folder)))
    await connection.close()
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


async def _cost(url: str) -> dict[str, float]:
    """CPU of Postgres, microseconds a request: acceptance, and its events projected."""
    settings = DatabaseSettings.model_validate({"url": url, "pool_max": 1})
    async with open_pool(settings) as pool:
        pid = await pool.fetchval("SELECT pg_backend_pid()")
        acceptance, projection = Acceptance(pool, batch_max=OF, queue_max=OF), ProjectionStore(pool)
        ids: list[str] = []
        begun_s = _cpu_s(pid)
        for _ in range(BATCHES):
            many = [_submission() for _ in range(OF)]
            ids += [one.request_id for one in many]
            await asyncio.gather(*map(acceptance.accept, many))
        accepted_s = _cpu_s(pid)
        for number in range(BATCHES):
            now, some = datetime.now(UTC), ids[number * OF : (number + 1) * OF]
            events = [JobEventRow(one, 1, f"{one}1", "queued", None, "", {}, now) for one in some]
            begun = {one: StatusChange(one, JobStatus.IN_PROGRESS, now) for one in some}
            await projection.apply(Changes(events, begun), {})
        projected_s = _cpu_s(pid)
    return {
        "accept_us": 1e6 * (accepted_s - begun_s) / len(ids),
        "project_us": 1e6 * (projected_s - accepted_s) / len(ids),
    }


async def _costs(plain: str, parted: str) -> dict[str, float]:
    """Medians, and the ratio of each."""
    connection = await _connected(parted)
    now = datetime.now(UTC)
    for table in TABLES:
        for month in reversed(range(PARTITIONS - 1)):
            await IdPartitions(connection).prepare(table, now - timedelta(days=30.5) * month)
    count = len(await IdPartitions(connection).of("request_logs"))
    await connection.close()
    told: dict[str, list[dict[str, float]]] = {"plain": [], "parted": []}
    for _ in range(TURNS):
        for name, url in (("plain", plain), ("parted", parted)):
            told[name].append(await _cost(url))
    found: dict[str, float] = {"partitions": count}
    for what in ("accept_us", "project_us"):
        medians = {
            name: statistics.median(turn[what] for turn in turns) for name, turns in told.items()
        }
        found |= {f"{name}_{what}": round(value, 1) for name, value in medians.items()}
        found[f"{what}_ratio"] = round(medians["parted"] / medians["plain"], 2)
    return found


async def _database(server: str, name: str) -> str:
    connection = await _connected(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    there = urlsplit(server)
    url = urlunsplit((there.scheme, there.netloc, f"/{name}", there.query, ""))
    await migrate(url)
    async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
        await AccountStore(pool).create_tenant("demo", ["users/abc/"])
    return url


async def _measured(server: str) -> dict[str, object]:
    large, plain, parted = [await _database(server, name) for name in ("large", "plain", "parted")]
    costs = await _costs(plain, parted)
    await fill(large, ROWS)
    return {"rows": ROWS, "per_s": PER_S, "waited": await _changes(large), "cost": costs}


def measure() -> dict[str, object]:
    """What submissions waited, and what statements cost."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            return asyncio.run(_measured(stack.env["LOOKS_DATABASE_URL"]))
        finally:
            stack.stop()
