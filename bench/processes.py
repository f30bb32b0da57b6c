"""Our processes, started for a measurement, and how far they are."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psutil

from devstack.folder import CHECKOUT, free_ports
from runtime.groups import committed_by
from runtime.kafka import TopicPartition
from runtime.reading import high_watermarks, partitions_of
from runtime.settings import KafkaSettings
from schemas.topics import Topic

WITHIN_S: Final = 600.0
RESULTS: Final = CHECKOUT / "bench" / "results"


@contextmanager
def our_process(module: str, env: Mapping[str, str]) -> Iterator[psutil.Process]:
    """A process of ours, from when it is ready."""
    port = free_ports(1)[0]
    told = {**os.environ, **env, "LOOKS_HEALTH_PORT": str(port), "LOOKS_LOG_LEVEL": "WARNING"}
    child = subprocess.Popen([sys.executable, "-m", module], cwd=CHECKOUT, env=told)
    try:
        while not _ready(port):
            if child.poll() is not None:
                raise RuntimeError(f"{module} ended with {child.returncode}")
            time.sleep(0.02)
        yield psutil.Process(child.pid)
    finally:
        child.kill()
        child.wait()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


async def _ends(kafka: KafkaSettings, topics: tuple[Topic, ...]) -> dict[TopicPartition, int]:
    return await high_watermarks(kafka, await partitions_of(kafka, topics))


def caught_up(kafka: KafkaSettings, group: str, topics: tuple[Topic, ...]) -> None:
    """Wait until a group has read all there is now."""
    ends = asyncio.run(_ends(kafka, topics))
    give_up_s = time.monotonic() + WITHIN_S
    while time.monotonic() < give_up_s:
        at = asyncio.run(committed_by(kafka, group))
        if all(at.get(tp, 0) >= end for tp, end in ends.items()):
            return
        time.sleep(0.1)
    raise TimeoutError(group)
