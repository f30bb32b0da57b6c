"""Rebuilding the projection against projecting the same topics one record at a time, in the same
run.

Worst case for the rebuild: nearly all rows are missing or behind, so nearly all are swapped. One
record at a time is the projection's own code with batches of one, for some seconds. The rebuild
runs in a process of its own.
"""

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer

from bench.replay import completion, timed
from consumers.status_projection import DECLARATION, project
from devstack.stack import Stack
from domain.outcomes import Emit, Outcome
from runtime.kafka import read
from runtime.reading import between, partitions_of, spans
from runtime.records import Work, outgoing
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.events import LookProgress, LookRequested, RequestEvent, Stage
from schemas.http import TrialItemInput
from storage.database import open_pool
from storage.projection import ProjectionStore

REQUESTS = int(os.environ.get("LOOKS_BENCH_REBUILD_REQUESTS", "100000"))
ONE_BY_ONE_S = 15.0

REBUILD = """
import asyncio, json, resource, sys
from cli.rebuild.run import rebuild
from runtime.settings import DatabaseSettings, KafkaSettings
database = DatabaseSettings.model_validate({"url": sys.argv[2]})
done = asyncio.run(rebuild(KafkaSettings(bootstrap=sys.argv[1]), database, None))
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"records": done.count.records, "s": done.seconds, "events": done.compared.events,
                  "requests": done.compared.requests, "peak_mb": peak_kb // 1024}))
"""


def _told(number: int, chance: random.Random) -> Iterator[RequestEvent]:
    """One look's three events."""
    done = completion(number, chance)
    asked_at = done.completed_at - timedelta(seconds=2)
    yield LookRequested(
        request_id=done.request_id,
        tenant_id=done.tenant_id,
        items=(TrialItemInput(trial_image=done.items[0].trial_image, trial_item_category="shirt"),),
        credits_cost=10,
        requested_at=asked_at,
        deadline_at=asked_at + timedelta(minutes=10),
    )
    started_at = asked_at + timedelta(seconds=1)
    yield LookProgress(
        request_id=done.request_id,
        tenant_id=done.tenant_id,
        stage=Stage.COMPOSING,
        attempt=1,
        at=started_at,
    )
    yield done


def _row(event: LookRequested) -> tuple[object, ...]:
    items = json.dumps([item.model_dump() for item in event.items])
    return (
        event.request_id,
        event.tenant_id,
        "live",
        items,
        10,
        event.requested_at,
        event.requested_at,
        event.deadline_at,
    )


COLUMNS = (
    "request_id",
    "tenant_id",
    "environment",
    "items",
    "credits_cost",
    "created_at",
    "updated_at",
    "deadline_at",
)


async def fill(
    kafka: KafkaSettings, database: DatabaseSettings, count: int
) -> list[tuple[object, ...]]:
    """Rows of the API, which are returned, and records of the pipeline."""
    chance, rows = random.Random(7), list[tuple[object, ...]]()
    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "compression.type": "zstd",
            "linger.ms": 50,
            "partitioner": "murmur2_random",
        }
    )
    for number in range(count):
        for sequence, event in enumerate(_told(number, chance), 1):
            out = outgoing(
                Emit(event, (type(event).__name__,), sequence), "/bench", datetime.now(UTC)
            )
            producer.produce(out.topic, out.value, out.key, headers=list(out.headers))
            if isinstance(event, LookRequested):
                rows.append(_row(event))
        if number % 1000 == 0:
            producer.flush()
    producer.flush()
    async with open_pool(database) as pool, pool.acquire() as connection:
        for first in range(0, len(rows), 20_000):
            await connection.copy_records_to_table(
                "request_logs", records=rows[first : first + 20_000], columns=COLUMNS
            )
    return rows


async def _nothing_to_keep(_: Sequence[Outcome]) -> None:
    """Every record of a benchmark can be applied."""


async def _one_by_one(kafka: KafkaSettings, database: DatabaseSettings, seconds: float) -> float:
    """Records a second of the projection when each is a batch of its own."""
    async with open_pool(database) as pool:
        store, count = ProjectionStore(pool), 0
        within = await spans(kafka, await partitions_of(kafka, DECLARATION.topics))
        begun_s = time.perf_counter()
        async with aclosing(between(kafka, within)) as records:
            async for record in records:
                work = read(record)
                if isinstance(work, Work):
                    span = {(record.topic, record.partition): (record.offset, record.offset + 1)}
                    await project([work], span, store, _nothing_to_keep)
                    count += 1
                if time.perf_counter() - begun_s > seconds:
                    break
        return count / (time.perf_counter() - begun_s)


def rebuilt(stack: Stack) -> dict[str, float]:
    """What a rebuild in a process of its own says of itself."""
    return timed(REBUILD, stack.env["LOOKS_KAFKA_BOOTSTRAP"], stack.env["LOOKS_DATABASE_URL"])


def measure() -> dict[str, object]:
    """Rates of both and their ratio; then a rebuild that finds nothing to swap."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            bootstrap, url = stack.env["LOOKS_KAFKA_BOOTSTRAP"], stack.env["LOOKS_DATABASE_URL"]
            kafka, database = (
                KafkaSettings(bootstrap=bootstrap),
                DatabaseSettings.model_validate({"url": url}),
            )
            asyncio.run(fill(kafka, database, REQUESTS))
            before = asyncio.run(_one_by_one(kafka, database, ONE_BY_ONE_S))
            swapped, compared = rebuilt(stack), rebuilt(stack)
        finally:
            stack.stop()
    per_s = swapped["records"] / swapped["s"]
    return {
        "requests": REQUESTS,
        "records": int(swapped["records"]),
        "one_by_one_per_s": round(before),
        "rebuild_per_s": round(per_s),
        "rebuild_over_one_by_one": round(per_s / before, 1),
        "rows_swapped": int(swapped["events"] + swapped["requests"]),
        "nothing_to_swap_per_s": round(compared["records"] / compared["s"]),
        "rows_swapped_then": int(compared["events"] + compared["requests"]),
        "peak_mb": swapped["peak_mb"],
    }
