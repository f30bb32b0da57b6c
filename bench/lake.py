"""The lake's writer against the projection on the same topics in the same run: rates, and what
idling costs.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from bench.processes import caught_up, our_process
from bench.rebuild import fill
from consumers.status_projection import DECLARATION as PROJECTION
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from lake.layout import TOPICS
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.topics import Topic

REQUESTS = int(os.environ.get("LOOKS_BENCH_LAKE_REQUESTS", "33334"))
"""Three records each."""
IDLE_S = 20.0


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _rate(
    module: str, env: Mapping[str, str], kafka: KafkaSettings, topics: tuple[Topic, ...]
) -> dict[str, float]:
    """Records a second and a CPU second of a process that begins at the beginning, and what it
    costs when there is nothing to do.
    """
    count = 3 * REQUESTS
    with our_process(module, env) as process:
        begun_s, begun_cpu_s = time.perf_counter(), _cpu_s(process)
        caught_up(kafka, f"looks.{module.rpartition('.')[2]}", topics)
        took_s, cpu_s = time.perf_counter() - begun_s, _cpu_s(process) - begun_cpu_s
        time.sleep(1)
        idle_from_s = _cpu_s(process)
        time.sleep(IDLE_S)
        idle = (_cpu_s(process) - idle_from_s) / IDLE_S
        resident_mb = process.memory_info().rss / 1e6
    return {
        "per_s": round(count / took_s),
        "per_cpu_s": round(count / cpu_s),
        "idle_over_full_cpu": round(idle / (cpu_s / took_s), 3),
        "rss_mb": round(resident_mb),
    }


def measure() -> dict[str, object]:
    """Both processes over the same records, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            env = stack.env
            kafka, database = settings_of(KafkaSettings, env), settings_of(DatabaseSettings, env)
            asyncio.run(fill(kafka, database, REQUESTS))
            projection = _rate("consumers.status_projection", env, kafka, PROJECTION.topics)
            lake = _rate(
                "consumers.lake_writer", {**env, "LOOKS_LAKE_COMMIT_EVERY_S": "2"}, kafka, TOPICS
            )
        finally:
            stack.stop()
    return {
        "records": 3 * REQUESTS,
        "projection": projection,
        "lake_writer": lake,
        "lake_over_projection": round(lake["per_s"] / projection["per_s"], 2),
        "lake_over_projection_per_cpu_s": round(lake["per_cpu_s"] / projection["per_cpu_s"], 2),
    }
