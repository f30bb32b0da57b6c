"""The lake's writer against the projection on the same topics in the same run: rates, what idling
costs, and every record once after kills while records arrive.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from bench.processes import caught_up, our_process
from bench.rebuild import fill
from cli.lake_audit import LakeSide
from consumers.status_projection import DECLARATION as PROJECTION
from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from lake.layout import TOPICS
from runtime.kafka import ConsumerRecord, read
from runtime.reading import read_all
from runtime.records import Work
from runtime.settings import DatabaseSettings, KafkaSettings, LakeSettings, ObjectStoreSettings
from schemas.topics import Topic

REQUESTS = int(os.environ.get("LOOKS_BENCH_LAKE_REQUESTS", "33334"))
"""Three records each."""
KILLS = 10
IDLE_S = 20.0
WITHIN_S = 600.0


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


def _killed(env: Mapping[str, str], kafka: KafkaSettings, database: DatabaseSettings) -> None:
    """SIGKILL it again and again while as many records arrive again."""
    chance = random.Random(11)
    told = {**os.environ, **env, "LOOKS_LAKE_COMMIT_EVERY_S": "0.5", "LOOKS_LOG_LEVEL": "ERROR"}
    told["LOOKS_KAFKA_SESSION_TIMEOUT_S"] = "6"
    arriving = subprocess.Popen(
        [sys.executable, "-c", ARRIVING, kafka.bootstrap, database.dsn, str(REQUESTS)],
        cwd=CHECKOUT,
        env=told,
    )
    words = [sys.executable, "-m", "consumers.lake_writer"]
    for _ in range(KILLS):
        child = subprocess.Popen(words, cwd=CHECKOUT, env=told)
        time.sleep(chance.uniform(4, 12))
        child.send_signal(signal.SIGKILL)
        child.wait()
    if arriving.wait(WITHIN_S) != 0:
        raise RuntimeError("the records did not arrive")
    with our_process("consumers.lake_writer", told):
        caught_up(kafka, "looks.lake_writer", TOPICS)


ARRIVING = """
import asyncio, sys
from bench.rebuild import fill
from runtime.settings import DatabaseSettings, KafkaSettings
database = DatabaseSettings.model_validate({"url": sys.argv[2]})
asyncio.run(fill(KafkaSettings(bootstrap=sys.argv[1]), database, int(sys.argv[3])))
"""


def _compared(env: Mapping[str, str], kafka: KafkaSettings) -> dict[str, int]:
    """Rows against committed records, as the audit does."""
    os.environ.update({name: told for name, told in env.items() if name.startswith("AWS_")})
    side = LakeSide(settings_of(LakeSettings, env), settings_of(ObjectStoreSettings, env))
    side.look()
    count = 0

    def take(record: ConsumerRecord) -> None:
        nonlocal count
        if isinstance(read(record), Work):
            count += 1
            side.saw(record)

    asyncio.run(read_all(kafka, TOPICS, take))
    return {"records": count, "rows": side.rows, "violations": len(list(side.violations()))}


def measure() -> dict[str, object]:
    """Both processes over the same records, one after the other; then kills."""
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
            _killed(env, kafka, database)
            compared = _compared(env, kafka)
        finally:
            stack.stop()
    return {
        "records": 3 * REQUESTS,
        "projection": projection,
        "lake_writer": lake,
        "lake_over_projection": round(lake["per_s"] / projection["per_s"], 2),
        "lake_over_projection_per_cpu_s": round(lake["per_cpu_s"] / projection["per_cpu_s"], 2),
        "kills": KILLS,
        **compared,
    }
