"""A no-op job through Looks, Celery and Procrastinate, turn and turn about on one machine.

Looks runs whole, with an engine that answers at once (`bench.peers.noop`). What the three promise
is not the same (`PROMISES`). The peers' packages are in an environment of their own,
`build/peers` (locks/peers.lock); Redis or Valkey is the machine's. Looks' idle processes run while
the peers are measured, and take from their rate what `idle_cpu_ms_a_s` says.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvloop

from bench.accept import BODY, audit, cpu_s, drained, spread, weigh
from bench.peers.breakdown import stages
from bench.peers.rows import connected, until_none_is_open, until_recorded_ms
from bench.pipeline import load, running, until_up
from devstack.folder import CHECKOUT, free_ports
from devstack.stack import ALL, Stack

ROUNDS = int(os.environ.get("LOOKS_BENCH_PEERS_ROUNDS", "5"))
JOBS = int(os.environ.get("LOOKS_BENCH_PEERS_JOBS", "640"))
ALONE = int(os.environ.get("LOOKS_BENCH_PEERS_ALONE", "60"))
"""Jobs whose latency is taken, one after another."""
LEFT_OUT = 10
COMPOSITOR = "compositor"
IDLE_S = 5.0
START_WITHIN_S = 60.0
PROMISES = {
    "looks": "over HTTP with key, limits, idempotency; the charge, the request and its outbox "
    "record are one commit, fsync on; exactly one outcome, exactly one event for subscribers and "
    "webhooks; a failed look is refunded once",
    "celery": "the charge and the row are one commit, fsync on; the job is sent after it, and lost "
    "by a crash in between; Redis appends and syncs each write; at least once; no HTTP, no events",
    "procrastinate": "the same, on the same Postgres; the job is sent after the commit (it could "
    "be sent in it); at least once; no HTTP, no events",
}


@dataclass(slots=True)
class TurnFigures:
    """What one system's turns came to."""

    jobs_per_s: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms_a_job: list[dict[str, float]] = field(default_factory=list)

    def add(self, latencies_ms: Sequence[float], per_s: float, cpu_s: Mapping[str, float]) -> None:
        """One turn; `cpu_s` by process, of JOBS jobs."""
        in_order = sorted(latencies_ms)
        self.p50_ms.append(in_order[len(in_order) // 2])
        self.p99_ms.append(in_order[int(len(in_order) * 0.99)])
        self.jobs_per_s.append(per_s)
        self.cpu_ms_a_job.append({name: one / JOBS * 1000 for name, one in cpu_s.items()})

    def told(self) -> dict[str, object]:
        """Medians and spreads."""
        names = self.cpu_ms_a_job[0]
        return {
            "jobs_per_s": spread(self.jobs_per_s),
            "p50_ms": spread(self.p50_ms),
            "p99_ms": spread(self.p99_ms),
            "cpu_ms_a_job": spread([sum(one.values()) for one in self.cpu_ms_a_job]),
            "cpu_ms_a_job_by_process": {
                name: spread([one[name] for one in self.cpu_ms_a_job]) for name in names
            },
        }


class Peer:
    """Celery or Procrastinate: its load runs as a process of its own environment."""

    def __init__(self, name: str, env: Mapping[str, str], watched: Mapping[str, int]) -> None:
        """`watched`: whose CPU counts, beside the submitter's."""
        self.name = name
        self.measured = TurnFigures()
        self._env = env
        self._watched = watched

    def turn(self) -> None:
        """Latency alone, then the rate of many."""
        alone = self._load("latency", ALONE)
        before = {name: cpu_s(pid) for name, pid in self._watched.items()}
        many = self._load("rate", JOBS)
        spent = {name: cpu_s(pid) - before[name] for name, pid in self._watched.items()}
        self.measured.add(
            alone["latencies_ms"][LEFT_OUT:],
            JOBS / many["all_s"],
            {**spent, "submitter": many["submitter_s"]},
        )

    def _load(self, what: str, count: int) -> dict[str, Any]:
        done = subprocess.run(
            [python(), "-m", f"bench.peers.{self.name}_load", what, str(count)],
            env=dict(self._env),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures


class Looks:
    """The whole stack, over HTTP."""

    name = "looks"

    def __init__(self, stack: Stack, watched: Mapping[str, int]) -> None:
        """Of a stack that runs."""
        self.measured = TurnFigures()
        self.seen: dict[str, float] = {}
        self.stack = stack
        self.watched = watched
        self._headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}

    def warm_up(self) -> None:
        """Code and caches; not counted."""
        uvloop.run(load(self.stack.env["LOOKS_API_URL"], self._headers, BODY, JOBS))
        uvloop.run(until_none_is_open(self.stack.env))

    def turn(self) -> None:
        """Latency alone, then the rate of many."""
        latencies_ms = uvloop.run(self._latencies())[LEFT_OUT:]
        weigh(self.watched.values())
        before = {name: cpu_s(pid) for name, pid in self.watched.items()}
        begun_s = time.monotonic()
        uvloop.run(load(self.stack.env["LOOKS_API_URL"], self._headers, BODY, JOBS))
        uvloop.run(until_none_is_open(self.stack.env))
        all_s = time.monotonic() - begun_s
        spent = {name: cpu_s(pid) - before[name] for name, pid in self.watched.items()}
        self.measured.add(latencies_ms, JOBS / all_s, spent)

    async def _latencies(self) -> list[float]:
        """From row made to status seen, both by Postgres' clock."""
        found: list[float] = []
        database = await connected(self.stack.env)
        url = self.stack.env["LOOKS_API_URL"]
        async with httpx.AsyncClient(base_url=url, headers=self._headers) as client:
            for _ in range(ALONE):
                answer = await client.post("/v1/look", json=BODY)
                request_id = answer.raise_for_status().json()["request_id"]
                found.append(await until_recorded_ms(database, request_id))
                self.seen[request_id] = found[-1]
        await database.close()
        return found


def python() -> Path:
    """The peers' interpreter. Made once; raises RuntimeError where it can't be."""
    home = CHECKOUT / "build" / "peers"
    if not (home / "bin" / "celery").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        words = ("pip", "sync", "--quiet", "--python", home / "bin" / "python")
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, *words, CHECKOUT / "locks" / "peers.lock"], check=True)
    return home / "bin" / "python"


@contextmanager
def started(
    argv: Sequence[str | Path], env: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a session of its own, and so in a scheduler's group of its own, as the stack's
    are.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*argv], env=dict(env), cwd=CHECKOUT, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(START_WITHIN_S)


@contextmanager
def looks(folder: ExitStack) -> Iterator[Looks]:
    """A whole stack whose engine answers at once."""
    names = tuple(name for name in ALL if name != COMPOSITOR)
    with running(names) as stack:
        port = free_ports(1)[0]
        own = {
            **os.environ,
            **stack.env,
            "LOOKS_INSTANCE": "compositor-1",
            "LOOKS_HEALTH_HOST": "127.0.0.1",
            "LOOKS_HEALTH_PORT": str(port),
        }
        argv = (sys.executable, "-m", "bench.peers.noop")
        log = stack.folder.log / "compositor.log"
        compositor = folder.enter_context(started(argv, own, log))
        until_up(f"http://127.0.0.1:{port}/health/ready")
        pids = {name: stack.pid(name) for name in (*names, "kafka", "postgres", "s3")}
        try:
            yield Looks(stack, {**pids, COMPOSITOR: compositor.pid})
        finally:
            folder.close()


@contextmanager
def peers(stack: Stack) -> Iterator[list[Peer]]:
    """Both, with their workers, on the stack's Postgres and a Redis of their own."""
    uvloop.run(_make_database(stack.env))
    port, postgres = free_ports(1)[0], stack.pid("postgres")
    dsn = stack.env["LOOKS_DATABASE_URL"].rpartition("/")[0] + "/peers"
    env = {**os.environ, "PEER_DSN": dsn, "PEER_REDIS": str(port), "PYTHONPATH": str(CHECKOUT)}
    home, log = python().parent, stack.folder.log / "peers.log"
    data = stack.folder.data / "redis"
    data.mkdir()
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(data))
    where = ("--port", str(port), "--bind", "127.0.0.1")
    celery = (home / "celery", "-A", "bench.peers.celery_app", "worker", "-c", "2", "-l", "ERROR")
    quiet = ("--without-gossip", "--without-mingle")
    procrastinate = (home / "procrastinate", "--app=bench.peers.procrastinate_app.app")
    subprocess.run([*procrastinate, "schema", "--apply"], env=env, cwd=CHECKOUT, check=True)
    worker = (python(), "-m", "bench.peers.procrastinate_worker")
    with (
        started((str(_redis()), *where, *durable), env, log) as redis,
        started((*celery, *quiet), env, log) as celery_worker,
        started(worker, env, log) as procrastinate_worker,
    ):
        watched = {"worker": celery_worker.pid, "redis": redis.pid, "postgres": postgres}
        yield [
            Peer("celery", env, watched),
            Peer("procrastinate", env, {"worker": procrastinate_worker.pid, "postgres": postgres}),
        ]


def _redis() -> str | None:
    return shutil.which("valkey-server") or shutil.which("redis-server")


async def _make_database(env: Mapping[str, str]) -> None:
    connection = await connected(env)
    await connection.execute("CREATE DATABASE peers")
    await connection.close()


def idle_ms(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU of each process while nothing is to be done, ms a second."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(IDLE_S)
    return {
        name: round((cpu_s(pid) - before[name]) / IDLE_S * 1000, 1) for name, pid in pids.items()
    }


def measure() -> dict[str, object]:
    """Turn and turn about, then the audit. Without Redis or Valkey on the machine it says so."""
    if _redis() is None:
        return {"skipped": "install redis-server or valkey-server: Celery's broker"}
    with ExitStack() as folder, looks(folder) as ours, peers(ours.stack) as others:
        all_of_them: list[Looks | Peer] = [*others, ours]
        ours.warm_up()
        idle = idle_ms(ours.watched)
        for turn in range(ROUNDS):
            first = turn % len(all_of_them)
            for one in (*all_of_them[first:], *all_of_them[:first]):
                one.turn()
        drained(ours.stack)
        by_stage = uvloop.run(stages(ours.stack.env, ours.seen))
        audit(ours.stack)
    return {
        "rounds": ROUNDS,
        "jobs": JOBS,
        "load_average": round(os.getloadavg()[0], 1),
        **{
            one.name: {"promises": PROMISES[one.name], **one.measured.told()} for one in all_of_them
        },
        "looks_idle_cpu_ms_a_s": idle,
        "looks_latency_by_stage_ms": by_stage,
    }
