"""`POST /v1/look`, everything kept, beside a bare FastAPI 202 with the same models: turn and turn
about over HTTP on one machine, then audited.

A stack of API, relay and Postgres; nothing downstream works. Between the turns the outbox is
emptied. CPU is that of all threads of a process and its children, as the scheduler counts it.
"""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import cast

import orjson
import psutil
import uvloop

from bench.pipeline import CONNECTIONS, running, serve_bare, until_up
from devstack.demo import PREFIX
from devstack.folder import CHECKOUT, is_free
from devstack.stack import Stack
from runtime.settings import DatabaseSettings
from storage.database import open_pool
from storage.outbox import OutboxStore

TURNS = int(os.environ.get("LOOKS_BENCH_ACCEPT_TURNS", "9"))
OWN_GROUP = Path("/proc/self/autogroup")
"""The scheduler's group of the bench, of the client and the bare server with it. Each process of
the stack and each backend of Postgres has one of its own; a process's nice value does not count
beyond its group, so on a busy machine the groups' decide. All that is measured gets the same.
"""
TURN_S = 2.0
WARM_UP_S = 3.0
BODY = {
    "user_category": "MALE",
    "items": [{"trial_image": f"{PREFIX}/tee.jpg", "trial_item_category": "t-shirt"}],
    "runtime_config": {},
}
MEASURED = ("api", "postgres", "outbox_relay")


@dataclass(slots=True)
class _Load:
    """What many connections ask of one address until they are told to end."""

    request: bytes
    until_s: float
    taken_s: list[float] = field(default_factory=list)
    wrong: str = ""


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered. An HTTP client would need more CPU than the server."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._seen = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        now_s = time.perf_counter()
        self._load.taken_s.append(now_s - self._begun_s)
        if not head.startswith(b"HTTP/1.1 202"):
            self._load.wrong = repr(self._seen[:400])
        if self._load.wrong or now_s >= self._load.until_s:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set_result(None)

    def _ask(self) -> None:
        self._seen = b""
        self._begun_s = time.perf_counter()
        self._transport.write(self._load.request)


async def turn(url: str, headers: dict[str, str], seconds: float) -> list[float]:
    """The seconds that each answer took, of all that were asked for within `seconds`. Raises
    RuntimeError for an answer that is not 202.
    """
    host, port = url.removeprefix("http://").split(":")
    payload = orjson.dumps(BODY)
    lines = {
        "Host": host,
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Content-Length": str(len(payload)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    load = _Load(
        f"POST /v1/look HTTP/1.1\r\n{head}\r\n".encode() + payload, time.perf_counter() + seconds
    )
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(load), host, int(port))
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(connection.done for _, connection in made))
    if load.wrong:
        raise RuntimeError(load.wrong)
    return load.taken_s


@dataclass(frozen=True, slots=True)
class _MeasuredTurn:
    """One turn of one server. CPU: of each process that was watched, for one request."""

    per_s: float
    p99_ms: float
    cpu_us: dict[str, float]


def _measured(
    url: str, headers: dict[str, str], watched: dict[str, int], seconds: float
) -> _MeasuredTurn:
    before = {name: cpu_s(pid) for name, pid in watched.items()}
    begun_s = time.perf_counter()
    taken_s = uvloop.run(turn(url, headers, seconds))
    whole_s = time.perf_counter() - begun_s
    return _MeasuredTurn(
        len(taken_s) / whole_s,
        sorted(taken_s)[int(len(taken_s) * 0.99)] * 1000,
        {name: (cpu_s(pid) - before[name]) / len(taken_s) * 1e6 for name, pid in watched.items()},
    )


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children so far; those of children that ended are lost."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return sum(
            int(thread.read_text().split()[0]) / 1e9
            for one in (process, *process.children(recursive=True))
            for thread in _schedstats(one.pid)
        )
    return 0.0


def weigh(pids: Iterable[int]) -> int | None:
    """Give the groups of these processes and their children the nice value of the bench's own, and
    return it; None where there are no groups. To raise them takes root.
    """
    if not OWN_GROUP.exists():
        return None
    nice = OWN_GROUP.read_text().rpartition("nice ")[2].strip()
    for pid in pids:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(FileNotFoundError):
                Path(f"/proc/{one.pid}/autogroup").write_text(nice)
    return int(nice)


def _schedstats(pid: int) -> Iterable[Path]:
    with suppress(FileNotFoundError):
        yield from Path(f"/proc/{pid}/task").glob("*/schedstat")


def drained(stack: Stack) -> None:
    """Wait until the relay has sent everything, so that the other's turn is not disturbed."""

    async def oldest_age_s() -> float:
        settings = DatabaseSettings.model_validate({"url": stack.env["LOOKS_DATABASE_URL"]})
        async with open_pool(settings) as pool:
            return await OutboxStore(pool).oldest_age_s()

    while asyncio.run(oldest_age_s()):
        time.sleep(0.2)


def audit(stack: Stack, *words: str) -> None:
    """Raises RuntimeError unless every promise was kept. `words`: options of `looks audit`."""
    done = subprocess.run(
        [Path(sys.executable).with_name("looks"), "audit", *words],
        env={**os.environ, **stack.env},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])


def spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


def _compared(bare: list[_MeasuredTurn], ours: list[_MeasuredTurn]) -> dict[str, object]:
    """Medians of all turns, with their spread; ratios of turns that stood side by side."""
    pairs = list(zip(bare, ours, strict=True))
    cpu = {
        name: spread([turn.cpu_us[name] for turn in turns])
        for name, turns in (("bare", bare), *((name, ours) for name in MEASURED))
    }
    return {
        "turns": len(ours),
        "bare_per_s": spread([turn.per_s for turn in bare]),
        "ours_per_s": spread([turn.per_s for turn in ours]),
        "ours_over_bare": spread([own.per_s / other.per_s for other, own in pairs]),
        "p99_ms_bare": spread([turn.p99_ms for turn in bare]),
        "p99_ms_ours": spread([turn.p99_ms for turn in ours]),
        "p99_over_bare": spread([own.p99_ms / other.p99_ms for other, own in pairs]),
        "cpu_us_a_request": cpu,
        "api_cpu_over_bare": spread(
            [own.cpu_us["api"] / other.cpu_us["bare"] for other, own in pairs]
        ),
        "load_average": round(os.getloadavg()[0], 1),
    }


def measure() -> dict[str, object]:
    """Turn and turn about, then the audit."""
    port = next(port for port in range(18_000, 19_000) if is_free(port))
    with ExitStack() as ending, running(("api", "outbox_relay")) as stack:
        server = multiprocessing.get_context("spawn").Process(target=serve_bare, args=(port,))
        server.start()
        ending.callback(server.join)
        ending.callback(server.terminate)
        bare_url, ours_url = f"http://127.0.0.1:{port}", stack.env["LOOKS_API_URL"]
        until_up(bare_url)
        headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
        watched = {name: stack.pid(name) for name in MEASURED}
        uvloop.run(turn(bare_url, headers, WARM_UP_S))
        uvloop.run(turn(ours_url, headers, WARM_UP_S))
        bare, ours = [], []
        for _ in range(TURNS):
            drained(stack)
            nice = weigh(watched.values())
            bare.append(_measured(bare_url, headers, {"bare": server.pid or 0}, TURN_S))
            ours.append(_measured(ours_url, headers, watched, TURN_S))
        drained(stack)
        audit(stack)
    return {"nice": nice, **_compared(bare, ours)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=1) + "\n")
