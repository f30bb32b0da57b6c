"""The API goes first: what a POST waits while the pipeline works off a burst of looks, beside what
it waits with an idle one, with the supervisor's weights and with equal ones.

A whole stack with the engine that makes pictures. While the API is asked alone, the pipeline has
nothing to do and the relay is stopped by SIGSTOP: what is accepted then waits, and is made in the
turns after. Requests come one after another: an API that is asked, not one that is pressed.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx
import psutil
import uvloop

from bench.accept import OWN_GROUP, audit, spread
from bench.peers.rows import OPEN, connected, until_none_is_open
from bench.pipeline import CONNECTIONS, load, running
from devstack.demo import PREFIX, upload
from devstack.stack import ALL, Stack
from devstack.wardrobe import WARDROBE
from devstack.weights import FIRST

ROUNDS = int(os.environ.get("LOOKS_BENCH_PRIORITY_ROUNDS", "5"))
ASKED = 40
BURST = 128
"""Looks that wait in the pipeline at the least, while it is meant to be busy."""
PAUSE_S = 0.02
LEAST = -19
ANSWERING = ("api", "postgres")
STORES = ("kafka", "s3")
PIPELINE = tuple(name for name in ALL if name != "api")


def weigh_by(pids: Iterable[int], nice: int) -> None:
    """Give the groups of these processes, and of what they started, this nice value on top of the
    bench's own: all that is measured goes before other work by the same.
    """
    own = int(OWN_GROUP.read_text().rpartition("nice ")[2])
    for pid in pids:
        for one in _family(pid):
            with suppress(FileNotFoundError, ProcessLookupError):
                Path(f"/proc/{one}/autogroup").write_text(str(max(own + nice, LEAST)))


def _family(pid: int) -> list[int]:
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


@dataclass(slots=True)
class Waits:
    """Of the POSTs of each kind of turn, round by round."""

    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    all_ms: list[float] = field(default_factory=list)

    def add(self, taken_ms: list[float]) -> None:
        """One turn."""
        cut = quantiles(taken_ms, n=100)
        self.p50_ms.append(cut[49])
        self.p99_ms.append(cut[98])
        self.all_ms += taken_ms


def told(turns: Mapping[str, Waits]) -> dict[str, object]:
    """Each kind's waits, and the others' against `alone`: of all POSTs together, as one slow answer
    decides the 99th percentile of a turn.
    """
    whole = {name: quantiles(one.all_ms, n=100) for name, one in turns.items()}
    return {
        **{
            name: {
                "p50_ms": spread(one.p50_ms),
                "p99_ms": spread(one.p99_ms),
                "p99_ms_of_all": round(whole[name][98], 1),
            }
            for name, one in turns.items()
        },
        "p99_over_alone": {
            name: round(whole[name][98] / whole["alone"][98], 2)
            for name in whole
            if name != "alone"
        },
    }


class Priorities:
    """The turns, on one stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._answering = [stack.pid(name) for name in ANSWERING]
        self._pipeline = [stack.pid(name) for name in (*PIPELINE, *STORES)]
        self._relay = stack.pid("outbox_relay")
        self._headers = {"Authorization": f"Bearer {stack.env['LOOKS_BENCH_API_KEY']}"}
        item = {
            "trial_image": f"{PREFIX.replace('abc', 'bench')}/tee.jpg",
            "trial_item_category": WARDROBE["tee"],
        }
        self._body = {"items": [item], "runtime_config": {"width": 256, "format": "jpeg"}}
        self.turns = {"alone": Waits(), "busy": Waits(), "busy_equal_weights": Waits()}
        self.waiting: list[int] = []

    def run(self) -> None:
        """Round by round, in changing order."""
        self._asked(ASKED)  # code and caches
        for turn in range(ROUNDS):
            kinds = [*self.turns]
            for kind in kinds[turn % 3 :] + kinds[: turn % 3]:
                self.turns[kind].add(self._alone() if kind == "alone" else self._busy(kind))

    def _alone(self) -> list[float]:
        self._weigh(FIRST)
        uvloop.run(until_none_is_open(self._stack.env))
        os.kill(self._relay, signal.SIGSTOP)
        try:
            return self._asked(ASKED)
        finally:
            os.kill(self._relay, signal.SIGCONT)

    def _busy(self, kind: str) -> list[float]:
        self._weigh(FIRST if kind == "busy" else 0)
        missing = BURST - asyncio.run(self._open())
        if missing > CONNECTIONS:
            uvloop.run(load(self._stack.env["LOOKS_API_URL"], self._headers, self._body, missing))
        time.sleep(1.0)  # until the relay has sent them on
        taken_ms = self._asked(ASKED)
        self.waiting.append(asyncio.run(self._open()))
        return taken_ms

    def _weigh(self, first: int) -> None:
        weigh_by(self._answering, first)
        weigh_by(self._pipeline, 0)

    async def _open(self) -> int:
        database = await connected(self._stack.env)
        count = int(await database.fetchval(OPEN))
        await database.close()
        return count

    def _asked(self, count: int) -> list[float]:
        taken_ms: list[float] = []
        url = self._stack.env["LOOKS_API_URL"]
        with httpx.Client(base_url=url, headers=self._headers, timeout=60) as client:
            for _ in range(count):
                begun_s = time.perf_counter()
                client.post("/v1/look", json=self._body).raise_for_status()
                taken_ms.append((time.perf_counter() - begun_s) * 1000)
                time.sleep(PAUSE_S)
        return taken_ms


def measure() -> dict[str, object]:
    """In changing order, then the audit, while the last looks are still being made."""
    if not OWN_GROUP.exists() or os.geteuid():
        return {"skipped": "to give groups of processes weights takes Linux' autogroups and root"}
    with running(ALL, {"LOOKS_LOOK_DEADLINE_S": "3600"}) as stack:
        upload(stack.env, {"tee"}, PREFIX.replace("abc", "bench"))
        priorities = Priorities(stack)
        priorities.run()
        audit(stack)
    return {
        "rounds": ROUNDS,
        "posts_a_turn": ASKED,
        "looks_still_waiting_after_a_busy_turn": min(priorities.waiting),
        **told(priorities.turns),
        "load_average": round(os.getloadavg()[0], 1),
    }
