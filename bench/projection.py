"""The projection's events a second, beside COPY of the same rows and a FastStream handler that
takes one record at a time: turn and turn about on one Kafka and one Postgres, all at one priority.

COPY reads no Kafka, decodes nothing and finds no row that is there already: a limit. The handler is
`bench.row_by_row`. All three commit durably. At the end of a turn of ours and of each COPY the
tables must hold the same rows.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

from bench.accept import cpu_s, spread, weigh
from bench.peers import rows
from bench.peers.rows import connected
from bench.pipeline import running
from bench.processes import our_process
from bench.rebuild import fill
from consumers.status_projection import DECLARATION
from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from runtime.settings import DatabaseSettings, KafkaSettings

REQUESTS = int(os.environ.get("LOOKS_BENCH_PROJECTION_REQUESTS", "10000"))
EVENTS = 3 * REQUESTS
TURNS = int(os.environ.get("LOOKS_BENCH_PROJECTION_TURNS", "5"))
ROWS_S = 5.0
"""How long one record at a time is watched."""
BATCH = DECLARATION.poll_records
LOOK_AGAIN_S = 0.02
WITHIN_S = 300.0
CopiedRows = Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class ProjectedTurn:
    """One turn of one of the three; CPU in microseconds an event."""

    per_s: float
    client_us: float
    postgres_us: float


class Follower:
    """How far one that works apart is, by Postgres."""

    def __init__(self, database: asyncpg.Connection, applied: str, postgres: int) -> None:
        """`applied`: the question how many events are."""
        self._database, self._applied, self._postgres = database, applied, postgres

    async def _count(self) -> int:
        return int(await self._database.fetchval(self._applied) or 0)

    async def turn(self, pid: int, limit_s: float) -> ProjectedTurn:
        """From the first event that is seen to be applied to the last one, or for so long. Its
        start is not counted.
        """
        while not (first := await self._count()):  # noqa: ASYNC110 (rows have no event)
            await asyncio.sleep(LOOK_AGAIN_S)
        begun_s, cpu = time.perf_counter(), (cpu_s(pid), cpu_s(self._postgres))
        count, next_s = first, begun_s
        while count < EVENTS and (now_s := time.perf_counter()) - begun_s < limit_s:
            if now_s >= next_s:
                weigh((self._postgres,))  # new backends are raised by the supervisor
                next_s = now_s + 0.5
            await asyncio.sleep(LOOK_AGAIN_S)
            count = await self._count()
        if limit_s == WITHIN_S and count < EVENTS:
            raise TimeoutError(f"{count} of {EVENTS} events")
        took_s, done = time.perf_counter() - begun_s, count - first
        now = (cpu_s(pid), cpu_s(self._postgres))
        spent = [after - before for after, before in zip(now, cpu, strict=True)]
        return ProjectedTurn(done / took_s, *(one / done * 1e6 for one in spent))


@contextmanager
def row_by_row(env: Mapping[str, str], group: str) -> Iterator[int]:
    """The handler in a process of its own; its id."""
    told = {**os.environ, **env, "BENCH_GROUP": group}
    child = subprocess.Popen([sys.executable, "-m", "bench.row_by_row"], cwd=CHECKOUT, env=told)
    try:
        yield child.pid
    finally:
        child.kill()
        child.wait()


async def _copied(
    database: asyncpg.Connection, events: CopiedRows, requests: CopiedRows, postgres: int
) -> ProjectedTurn:
    """All rows as the projection left them, in as many transactions as it has at the least. Those
    of requests go into a table like theirs, as COPY can't change a row.
    """
    weigh((postgres,))
    begun_s, cpu = time.perf_counter(), (time.process_time(), cpu_s(postgres))
    for first in range(0, EVENTS, BATCH):
        third = slice(first // 3, (first + BATCH) // 3)
        async with database.transaction():
            await database.copy_records_to_table(
                "job_events", records=events[first : first + BATCH]
            )
            await database.copy_records_to_table("bench_requests", records=requests[third])
    took_s = time.perf_counter() - begun_s
    spent = (time.process_time() - cpu[0], cpu_s(postgres) - cpu[1])
    return ProjectedTurn(EVENTS / took_s, *(one / EVENTS * 1e6 for one in spent))


@dataclass(slots=True)
class Projections:
    """The three, on one stack that holds the events."""

    stack: Stack
    database: asyncpg.Connection
    postgres: int
    turns: dict[str, list[ProjectedTurn]]
    digest: asyncpg.Record | None = None
    events: CopiedRows = ()
    requests: CopiedRows = ()

    async def ours(self, turn: int) -> ProjectedTurn:
        """The process, from its first event to its last."""
        with our_process("consumers.status_projection", self.stack.env) as process:
            watch = Follower(self.database, rows.READ_BY_PROJECTION, self.postgres)
            measured = await watch.turn(process.pid, WITHIN_S)
        digest = await self.database.fetchrow(rows.DIGEST)
        if self.digest is None:
            self.digest = digest
            self.events, self.requests = [
                [tuple(row) for row in await self.database.fetch(f"TABLE {one}")]
                for one in ("job_events ORDER BY request_id, seq", "request_logs ORDER BY 1")
            ]
        if digest != self.digest:
            raise RuntimeError("the projection's rows differ from those of its first turn")
        return measured

    async def copy(self, turn: int) -> ProjectedTurn:
        """The same rows."""
        await self.database.execute("TRUNCATE bench_requests")
        measured = await _copied(self.database, self.events, self.requests, self.postgres)
        digest = await self.database.fetchrow(rows.DIGEST.replace("request_logs", "bench_requests"))
        if digest != self.digest:
            raise RuntimeError("what was copied is not what the projection made")
        return measured

    async def row_by_row(self, turn: int) -> ProjectedTurn:
        """One record at a time, for some seconds."""
        with row_by_row(self.stack.env, f"bench-rows-{turn}") as pid:
            return await Follower(self.database, rows.EVENTS, self.postgres).turn(pid, ROWS_S)

    async def run(self) -> None:
        """The first turn of ours is not counted: it makes what COPY copies."""
        await self.ours(0)
        for turn in range(TURNS):
            three = [("copy", self.copy), ("ours", self.ours), ("row_by_row", self.row_by_row)]
            for name, one in three[turn % 3 :] + three[: turn % 3]:
                await self.database.execute(rows.UNPROJECTED)
                await self.database.execute("CHECKPOINT")
                self.turns[name].append(await one(turn))


async def _measured(stack: Stack) -> dict[str, list[ProjectedTurn]]:
    env = stack.env
    kafka, settings = settings_of(KafkaSettings, env), settings_of(DatabaseSettings, env)
    await fill(kafka, settings, REQUESTS)
    database = await connected(env)
    await database.execute("CREATE TABLE bench_requests (LIKE request_logs INCLUDING ALL)")
    three: dict[str, list[ProjectedTurn]] = {"copy": [], "ours": [], "row_by_row": []}
    try:
        await Projections(stack, database, stack.pid("postgres"), three).run()
    finally:
        await database.close()
    return three


def told(turns: Mapping[str, Sequence[ProjectedTurn]]) -> dict[str, object]:
    """Medians with their spread, and ratios of turns that stood side by side."""
    found: dict[str, object] = {
        name: {
            what: spread([float(getattr(turn, what)) for turn in of])
            for what in ("per_s", "client_us", "postgres_us")
        }
        for name, of in turns.items()
    }
    for other in ("copy", "row_by_row"):
        pairs = zip(turns["ours"], turns[other], strict=True)
        found[f"ours_over_{other}"] = spread([own.per_s / its.per_s for own, its in pairs])
    return found


def measure() -> dict[str, object]:
    """Turn and turn about."""
    with running(()) as stack:
        turns = asyncio.run(_measured(stack))
    return {
        "events": EVENTS,
        "turns": TURNS,
        **told(turns),
        "load_average": round(os.getloadavg()[0], 1),
    }
