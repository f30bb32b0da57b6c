"""What one look costs, and whether it costs more when everything has grown: CPU by process, and
bytes that Postgres and Kafka write.

The whole stack with an engine that answers at once, as in `bench.peers`; turns in changing order,
each beside a plain one. Then a million stored requests and more are added, and the plain turn is
taken again. What a look with pictures costs is taken on a second stack with the real engine.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import uvloop

from bench.accept import BODY, audit, cpu_s, drained, spread, weigh
from bench.peers import rows
from bench.peers.compared import looks
from bench.peers.rows import connected, until_none_is_open
from bench.pipeline import CONNECTIONS, load, running
from bench.years import fill
from devstack.bootstrap import settings_of
from devstack.demo import PREFIX, upload
from devstack.stack import ALL, Stack
from devstack.wardrobe import WARDROBE
from domain.api_keys import CAPABILITIES
from runtime.settings import DatabaseSettings
from storage.accounts import AccountStore
from storage.database import open_pool
from storage.seed import ENVIRONMENT

ROUNDS = int(os.environ.get("LOOKS_BENCH_GROWTH_ROUNDS", "3"))
LOOKS = 640
TIMES = 10
"""So much more is queued at once in a turn with a backlog."""
ITEMS = 8
TENANTS = int(os.environ.get("LOOKS_BENCH_GROWTH_TENANTS", "10000"))
ROWS = int(os.environ.get("LOOKS_BENCH_GROWTH_ROWS", "2000000"))
PICTURES = int(os.environ.get("LOOKS_BENCH_GROWTH_PICTURES", "64"))
SERVICES = ("kafka", "postgres", "s3")


@dataclass(slots=True)
class UnitCosts:
    """Of one look, turn by turn."""

    cpu_ms: list[dict[str, float]] = field(default_factory=list)
    bytes_written: list[dict[str, float]] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)

    @property
    def all_ms(self) -> list[float]:
        """Of all processes, turn by turn."""
        return [sum(one.values()) for one in self.cpu_ms]

    def told(self) -> dict[str, object]:
        """Medians with their spread."""
        return {
            "looks_per_s": spread(self.per_s),
            "cpu_ms_a_look": spread(self.all_ms),
            **_medians("cpu_ms_a_look_by_process", self.cpu_ms),
            **_medians("bytes_a_look", self.bytes_written),
        }


def _medians(name: str, turns: Sequence[Mapping[str, float]]) -> dict[str, object]:
    return {name: {one: round(median(turn[one] for turn in turns), 3) for one in turns[0]}}


class Meter:
    """Of a stack's processes and stores."""

    def __init__(self, stack: Stack, pids: Mapping[str, int]) -> None:
        """`pids`: whose CPU counts."""
        self._stack, self._pids = stack, pids

    async def turn(self, costs: UnitCosts, count: int, work: Callable[[], Awaitable[None]]) -> None:
        """Ask for so many looks, and wait for their outcomes."""
        weigh(self._pids.values())
        before, written = self._cpu_s(), await self._written()
        begun_s = time.perf_counter()
        await work()
        await until_none_is_open(self._stack.env)
        took_s = time.perf_counter() - begun_s
        spent = self._cpu_s()
        after = await self._written()
        costs.cpu_ms.append({name: (spent[name] - before[name]) / count * 1e3 for name in before})
        costs.bytes_written.append({name: (after[name] - written[name]) / count for name in after})
        costs.per_s.append(count / took_s)

    def _cpu_s(self) -> dict[str, float]:
        return {name: cpu_s(pid) for name, pid in self._pids.items()}

    async def _written(self) -> dict[str, float]:
        """Postgres' log, Kafka's segments, S3's volumes."""
        database = await connected(self._stack.env)
        wal = await database.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
        await database.close()
        data = self._stack.folder.data
        return {
            "postgres_wal": float(wal),
            "kafka": _bytes_of(data / "kafka", "*.log"),
            "s3": _bytes_of(data / "s3", "*.dat"),
        }


def _bytes_of(folder: Path, pattern: str) -> float:
    return float(sum(file.stat().st_size for file in folder.rglob(pattern)))


async def with_tenants(env: Mapping[str, str], count: int, keys: int) -> list[str]:
    """So many more tenants with credits; the keys of some of them."""
    database = await connected(env)
    await database.execute("SET statement_timeout = 0")
    await database.fetchval(rows.TENANTS, count)
    await database.execute(rows.GRANTS, count)
    await database.execute("ANALYZE")
    await database.close()
    async with open_pool(settings_of(DatabaseSettings, env)) as pool:
        store = AccountStore(pool)
        every = max(count // keys, 1)
        return [
            (await store.create_key(f"grown{1 + number * every}", ENVIRONMENT, CAPABILITIES))[1]
            for number in range(keys)
        ]


async def by_many(url: str, keys: Sequence[str], body: Mapping[str, object]) -> None:
    """One look of each tenant, 64 at a time."""
    limit = asyncio.Semaphore(64)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def one(key: str) -> None:
            async with limit:
                headers = {"Authorization": f"Bearer {key}"}
                (await client.post("/v1/look", json=body, headers=headers)).raise_for_status()

        await asyncio.gather(*map(one, keys))


def told(costs: Mapping[str, UnitCosts]) -> dict[str, object]:
    """Each kind of turn, and its CPU a look beside the plain turns': of the median."""
    plain = median(costs["plain"].all_ms)
    return {
        **{name: one.told() for name, one in costs.items()},
        "cpu_over_plain": {
            name: round(median(one.all_ms) / plain, 2)
            for name, one in costs.items()
            if name != "plain"
        },
    }


class Growth:
    """The turns on the stack whose engine answers at once."""

    def __init__(self, stack: Stack, meter: Meter, keys: Sequence[str]) -> None:
        self._url, self._meter, self._keys = stack.env["LOOKS_API_URL"], meter, keys
        self._headers = {"Authorization": f"Bearer {stack.env['LOOKS_BENCH_API_KEY']}"}
        self._body = {**BODY, "items": [_of("users/bench/tee.jpg")]}
        self._large = {**BODY, "items": [_of(f"users/bench/{n:060d}.jpg") for n in range(ITEMS)]}
        names = ("plain", "backlog", "large_events", "many_tenants")
        self.costs = {name: UnitCosts() for name in names}

    async def take(self, name: str, into: str | None = None) -> None:
        """One turn of one kind."""
        count = LOOKS * (TIMES if name == "backlog" else 1)

        async def work() -> None:
            if name == "many_tenants":
                many = {**BODY, "items": [_of("users/abc/tee.jpg")]}
                await by_many(self._url, self._keys, many)
            else:
                body = self._large if name == "large_events" else self._body
                await load(self._url, self._headers, body, count)

        await self._meter.turn(self.costs.setdefault(into or name, UnitCosts()), count, work)

    async def run(self) -> None:
        """Each kind beside a plain turn, in changing order."""
        await self.take("plain", "warm_up")
        del self.costs["warm_up"]
        kinds = ["plain", "backlog", "plain", "large_events", "plain", "many_tenants"]
        for turn in range(ROUNDS):
            for name in kinds[2 * turn % 6 :] + kinds[: 2 * turn % 6]:
                await self.take(name)

    async def again(self) -> None:
        """Plain turns, now that so much is stored."""
        for _ in range(ROUNDS + 1):
            await self.take("plain", "many_rows")
        first = self.costs["many_rows"]
        del first.cpu_ms[0], first.bytes_written[0], first.per_s[0]  # it warms caches


def _of(key: str) -> dict[str, str]:
    return {"trial_image": key, "trial_item_category": "t-shirt"}


def _grown() -> dict[str, object]:
    with ExitStack() as folder, looks(folder) as ours:
        stack, env = ours.stack, ours.stack.env
        keys = uvloop.run(with_tenants(env, TENANTS, LOOKS))
        growth = Growth(stack, Meter(stack, ours.watched), keys)
        uvloop.run(growth.run())
        drained(stack)
        audit(stack)
        # Nobody was charged for them: the audit that follows looks at what came since the last one
        uvloop.run(fill(env["LOOKS_DATABASE_URL"], ROWS, datetime.now(UTC) - timedelta(days=1)))
        uvloop.run(growth.again())
        audit(stack, "--since", "last")
    return told(growth.costs)


def _pictures() -> dict[str, object]:
    """Looks of two garments, as large as they are by default, by the real engine."""
    if PICTURES % CONNECTIONS:
        raise ValueError(f"LOOKS_BENCH_GROWTH_PICTURES: not a multiple of {CONNECTIONS}")
    with running(ALL) as stack:
        upload(stack.env, {"tee", "jeans"})
        pids = {name: stack.pid(name) for name in (*ALL, *SERVICES)}
        headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
        names = ("tee", "jeans")
        body = {
            "items": [
                {"trial_image": f"{PREFIX}/{name}.jpg", "trial_item_category": WARDROBE[name]}
                for name in names
            ]
        }
        costs = UnitCosts()

        async def work() -> None:
            await load(stack.env["LOOKS_API_URL"], headers, body, PICTURES)

        for _ in range(2):
            uvloop.run(Meter(stack, pids).turn(costs, PICTURES, work))
        audit(stack)
    del costs.cpu_ms[0], costs.bytes_written[0], costs.per_s[0]  # it cuts out what the next finds
    return costs.told()


def measure() -> dict[str, object]:
    """Growth, then pictures."""
    return {
        "rounds": ROUNDS,
        "looks_a_turn": LOOKS,
        "backlog_times": TIMES,
        "items_of_large_events": ITEMS,
        "tenants": TENANTS,
        "rows": ROWS,
        **_grown(),
        "with_pictures": _pictures(),
        "load_average": round(os.getloadavg()[0], 1),
    }
