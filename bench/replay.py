"""Replay to Parquet against a bare confluent-kafka loop that drops the bytes, on the same topic in
the same minute: from the lake, and of fewer records from the topic alone.

Each runs in a process of its own; the bare one reads all partitions and looks at each record once,
to count it.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer

from bench.processes import caught_up, our_process
from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from runtime.settings import KafkaSettings
from schemas.envelope import Meta, encode, new_traceparent
from schemas.events import LookCompleted, PlacedGarment, StoredImage
from schemas.ids import derived_id, new_request_id
from schemas.topics import LOOK_COMPLETED, PARTITIONS

RECORDS = int(os.environ.get("LOOKS_BENCH_REPLAY_RECORDS", "1000000"))
TEMPLATES = 2000
TURNS = int(os.environ.get("LOOKS_BENCH_REPLAY_TURNS", "5"))
DAY = datetime(2026, 1, 1, tzinfo=UTC)
LANDMARKS = ("shoulder_left", "shoulder_right", "armpit_left", "armpit_right")
STAGES = {"cut": 87.1, "fit": 42.5, "paint": 25.0, "warp": 25.5, "encode": 15.2, "decode": 4.1}

BARE = """
import json, sys, time
from confluent_kafka import Consumer, TopicPartition
bootstrap, topic, partitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-bare",
                     "enable.auto.commit": False, "auto.offset.reset": "earliest",
                     "isolation.level": "read_committed", "enable.partition.eof": True})
begun, begun_cpu = time.perf_counter(), time.process_time()
consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
records = ends = 0
while ends < partitions:
    for message in consumer.consume(10000, 0.1):
        if message.error() is None:
            records += 1
        else:
            ends += 1
print(json.dumps({"records": records, "s": time.perf_counter() - begun,
                  "cpu_s": time.process_time() - begun_cpu}))
consumer.close()
"""
OURS = """
import json, resource, sys, time
from pathlib import Path
from lake.reading import LakeSource
from replaying.damage import SideFile
from replaying.parquet import ParquetSink
from replaying.run import run
from replaying.selection import Selection
from replaying.tables import system_memory
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
system_memory()
begun, begun_cpu = time.perf_counter(), time.process_time()
folder, with_lake = Path(sys.argv[2]), sys.argv[3] == "lake"
lake = LakeSource(LakeSettings(), ObjectStoreSettings()) if with_lake else None
summary = run(KafkaSettings(), Selection((sys.argv[1],)), ParquetSink(folder, {}),
              side=SideFile(folder / "damaged.jsonl"), lake=lake)
mine = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"records": summary.rows, "from_lake": summary.from_lake,
                  "s": time.perf_counter() - begun, "cpu_s": time.process_time() - begun_cpu,
                  "peak_mb": mine.ru_maxrss // 1024}))
"""
TAIL_RECORDS = 20_000
"""Of the topic alone: less, for each of them is read by its model."""


def completion(number: int, chance: random.Random) -> LookCompleted:
    """A look of one garment, as compact as the pipeline writes it."""
    name = new_request_id()
    marks = {
        mark: (round(chance.uniform(0, 768), 1), round(chance.uniform(0, 1152), 1))
        for mark in LANDMARKS
    }
    image = StoredImage(
        bucket="looks",
        key=f"results/t{number % 20}/{name}.webp",
        content_type="image/webp",
        width=768,
        height=1152,
        bytes=60_000 + number % 9999,
        sha256=f"{chance.getrandbits(256):064x}",
    )
    item = PlacedGarment(
        trial_image=f"users/t{number % 20}/{number % 997}.jpg",
        trial_item_category="shirt",
        layer="32",
        box=(120, 200, 640, 800),
        alpha_area_px=180_000 + number % 999,
        landmarks=marks,
    )
    return LookCompleted(
        request_id=name,
        tenant_id=f"t{number % 20}",
        image=image,
        items=(item,),
        engine_version="2.1.0",
        stage_ms=STAGES,
        duration_ms=300 + number % 500,
        completed_at=DAY + timedelta(milliseconds=37 * number),
    )


def fill(bootstrap: str, count: int) -> int:
    """Fill the topic; returns the bytes of one record's value. Ids differ in every record, the rest
    repeats now and then.
    """
    chance = random.Random(7)
    made = []
    for number in range(TEMPLATES):
        event = completion(number, chance)
        meta = Meta(
            derived_id(event.request_id, "completed"),
            "look.completed.v1",
            "/looks/compositor",
            event.completed_at,
            3,
            new_traceparent(),
        )
        made.append((event.request_id.encode(), encode(event, meta)))
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "zstd",
            "enable.idempotence": True,
            "linger.ms": 50,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 100_000,
        }
    )
    for number in range(count):
        old, record = made[number % TEMPLATES]
        new = old[:16] + f"{number:010d}".encode()
        headers: list[tuple[str, str | bytes | None]] = [
            (name, raw.replace(old, new)) for name, raw in record.headers
        ]
        while True:
            try:
                producer.produce(
                    LOOK_COMPLETED.name, record.value.replace(old, new), new, headers=headers
                )
                break
            except BufferError:
                producer.poll(0.5)
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()
    return len(made[0][1].value)


def timed(code: str, *words: str, env: dict[str, str] | None = None) -> dict[str, float]:
    """What a program printed, as JSON, that ran in a process of its own: its memory and time are
    nobody else's.
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {}), "PYTHONPATH": str(CHECKOUT)},
    ) as running:
        output, _ = running.communicate()
    if running.returncode:
        raise RuntimeError(f"the program ended with {running.returncode}")
    found: dict[str, float] = json.loads(output)
    return found


def measure() -> dict[str, object]:
    """Rates of both and their ratio, in turns, for shared machines drift. Memory: peaks of the
    process.
    """
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            found = _measured(stack, Path(folder))
        finally:
            stack.stop()
    return found


def _measured(stack: Stack, folder: Path) -> dict[str, object]:
    env, topic = stack.env, LOOK_COMPLETED.name
    kafka = settings_of(KafkaSettings, env)
    fill(kafka.bootstrap, TAIL_RECORDS)
    tail_bare = timed(BARE, kafka.bootstrap, topic, str(PARTITIONS))
    tail = timed(OURS, topic, str(folder / "tail"), "topic", env=env)
    value_bytes = fill(kafka.bootstrap, RECORDS - TAIL_RECORDS)
    with our_process("consumers.lake_writer", {**env, "LOOKS_LAKE_COMMIT_EVERY_S": "10"}):
        caught_up(kafka, "looks.lake_writer", (LOOK_COMPLETED,))
    bare, ours = list[dict[str, float]](), list[dict[str, float]]()
    for turn in range(TURNS):
        bare.append(timed(BARE, kafka.bootstrap, topic, str(PARTITIONS)))
        ours.append(timed(OURS, topic, str(folder / f"out-{turn}"), "lake", env=env))
    ratios = [round(one["s"] / other["s"], 3) for one, other in zip(bare, ours, strict=True)]
    return {
        "records": int(ours[0]["records"]),
        "from_lake": int(ours[0]["from_lake"]),
        "value_bytes": value_bytes,
        "bare_per_s": [round(one["records"] / one["s"]) for one in bare],
        "replay_per_s": [round(one["records"] / one["s"]) for one in ours],
        "replay_over_bare": ratios,
        "replay_over_bare_median": statistics.median(ratios),
        "bare_cpu_us": [round(one["cpu_s"] / one["records"] * 1e6, 2) for one in bare],
        "replay_cpu_us": [round(one["cpu_s"] / one["records"] * 1e6, 2) for one in ours],
        "peak_rss_mb": [int(one["peak_mb"]) for one in ours],
        "topic_alone_records": int(tail["records"]),
        "topic_alone_per_s": round(tail["records"] / tail["s"]),
        "topic_alone_over_bare": round(tail_bare["s"] / tail["s"], 3),
    }
