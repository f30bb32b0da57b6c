"""From a start to the first look, and what a stack costs that has nothing to do.

- The first look after `ready`, beside looks that follow it one after another on the same stack.
- What the processes' imports cost, in CPU: of a Python that has its bytecode.
- A render worker that replaces one that died, rehearsed, beside a bare fork of the same server.
- CPU and memory (PSS) of each process of an idle stack.
"""

import asyncio
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import httpx
import psutil

from bench.accept import audit, cpu_s, spread, weigh
from bench.pipeline import running
from consumers.compositor.entry import PRELOADED
from consumers.compositor.pool import RenderPool
from devstack.bootstrap import settings_of
from devstack.demo import PREFIX, upload
from devstack.folder import CHECKOUT
from devstack.processes import MODULES
from devstack.stack import ALL, Stack
from devstack.wardrobe import WARDROBE
from runtime.settings import LookSettings, ObjectStoreSettings

ROUNDS = int(os.environ.get("LOOKS_BENCH_STARTING_ROUNDS", "5"))
WARM = 5
"""Looks after the first one; the later of them count as warm."""
IDLE_S = 20.0
SETTLE_S = 15.0
SERVICES = ("kafka", "postgres", "s3")
WITHIN_S = 120.0


def _look_s(client: httpx.Client, body: Mapping[str, object]) -> float:
    """From asking to the outcome, as a client sees it that asks often."""
    begun_s = time.perf_counter()
    job = client.post("/v1/look", json=body).raise_for_status().json()["request_id"]
    while time.perf_counter() - begun_s < WITHIN_S:
        status = client.get(f"/v1/jobs/{job}").raise_for_status().json()["status"]
        if status in ("SUCCESS", "FAILURE"):
            if status == "FAILURE":
                raise RuntimeError(f"look {job} failed")
            return time.perf_counter() - begun_s
        time.sleep(0.01)
    raise TimeoutError(job)


def _first_looks(stack: Stack, body: Mapping[str, object]) -> tuple[float, float]:
    """Seconds of the first look and of a warm one."""
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
    with httpx.Client(base_url=stack.env["LOOKS_API_URL"], headers=headers, timeout=60) as client:
        taken_s = [_look_s(client, body) for _ in range(1 + WARM)]
    return taken_s[0], median(taken_s[2:])


def _restarted(stack: Stack, body: Mapping[str, object]) -> dict[str, object]:
    """The whole stack stopped and started, round by round; its data stays."""
    firsts, warms, starts = list[float](), list[float](), list[float]()
    for turn in range(ROUNDS):
        if turn:
            stack.stop()
            begun_s = time.perf_counter()
            stack.start()
            starts.append(time.perf_counter() - begun_s)
        weigh(stack.pid(name) for name in (*ALL, *SERVICES))
        first_s, warm_s = _first_looks(stack, body)
        firsts.append(first_s)
        warms.append(warm_s)
    ratios = [first / warm for first, warm in zip(firsts, warms, strict=True)]
    return {
        "first_look_s": spread(firsts),
        "warm_look_s": spread(warms),
        "first_over_warm": spread(ratios),
        "start_s": spread(starts or [0.0]),
    }


def imports_s() -> dict[str, dict[str, float]]:
    """CPU seconds of `import`, beyond a Python that imports nothing."""

    def of(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    codes = {name: f"import {_whole(module)}" for name, module in MODULES.items()}
    bare = min(of("pass") for _ in range(ROUNDS))
    return {
        name: spread([of(code) - bare for _ in range(ROUNDS)])
        for name, code in sorted(codes.items())
    }


def _whole(module: str) -> str:
    """What `python -m` loads of it: of a package, its `__main__`."""
    return f"{module}.__main__" if (CHECKOUT / Path(*module.split("."))).is_dir() else module


def workers_s(env: Mapping[str, str]) -> dict[str, object]:
    """Of our pool, with its one worker ready and rehearsed, and of a bare process of the same
    server that ends at once; both after the server has started.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    settings = LookSettings.model_validate({"workers": 1})
    store = settings_of(ObjectStoreSettings, env)

    async def ours() -> float:
        begun_s = time.perf_counter()
        pool = RenderPool(settings, store)
        await pool.open(asyncio.Event())
        took_s = time.perf_counter() - begun_s
        await asyncio.to_thread(pool.close)
        return took_s

    def bare() -> float:
        begun_s = time.perf_counter()
        process = context.Process(target=time.monotonic)  # it loads nothing more
        process.start()
        process.join()
        return time.perf_counter() - begun_s

    asyncio.run(ours())
    made, forked = list[float](), list[float]()
    for _ in range(ROUNDS):
        forked.append(bare())
        made.append(asyncio.run(ours()))
    return {"worker_ready_s": spread(made), "bare_fork_s": spread(forked)}


def _pss_mb(pid: int) -> float:
    process = psutil.Process(pid)
    family = (process, *process.children(recursive=True))
    return sum(one.memory_full_info().pss for one in family) / 2**20


def idle(stack: Stack) -> dict[str, object]:
    """Of a stack that has had nothing to do for a while."""
    time.sleep(SETTLE_S)
    pids = {name: stack.pid(name) for name in (*ALL, *SERVICES)}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(IDLE_S)
    ms = {name: (cpu_s(pid) - before[name]) / IDLE_S * 1000 for name, pid in pids.items()}
    pss = {name: _pss_mb(pid) for name, pid in pids.items()}
    return {
        "cpu_ms_a_s": {name: round(one, 1) for name, one in ms.items()},
        "cpu_ms_a_s_of_all": round(sum(ms.values()), 1),
        "cpu_ms_a_s_without_lake_writer": round(sum(ms.values()) - ms.get("lake_writer", 0.0), 1),
        "pss_mb": {name: round(one) for name, one in pss.items()},
        "pss_mb_of_all": round(sum(pss.values())),
        "pss_mb_without_lake_writer": round(sum(pss.values()) - pss.get("lake_writer", 0.0)),
    }


def measure() -> dict[str, object]:
    """One stack, its parts one after the other, and the audit."""
    item = {"trial_image": f"{PREFIX}/tee.jpg", "trial_item_category": WARDROBE["tee"]}
    with running(ALL) as stack:
        upload(stack.env, {"tee"})
        looks = _restarted(stack, {"items": [item]})
        nothing = idle(stack)
        workers = workers_s(stack.env)
        audit(stack)
    return {
        "rounds": ROUNDS,
        **looks,
        "idle": nothing,
        **workers,
        "import_cpu_s": imports_s(),
        "load_average": round(os.getloadavg()[0], 1),
    }
