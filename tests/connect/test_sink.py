"""Iceberg's sink on a real Kafka Connect worker writes the tables that our own writer writes:
each committed record once, whatever kills the worker, and rows that are the events again.

LOOKS_TEST_CONNECT_RECORDS and LOOKS_TEST_CONNECT_KILLS: fewer, for a quick look.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bench.kills import Arrivals
from devstack.stack import Stack
from lake.catalog import connect
from lake.connect import connector, control_topic, offsets
from lake.layout import TOPICS
from lake.rows import decoded
from lake.tables import offsets_of, open_table
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.reading import read_all
from runtime.records import Work
from runtime.topics_admin import create
from schemas.envelope import Decoded
from schemas.ids import new_request_id
from schemas.topics import Topic
from tests.connect.odd import odd_records
from tests.connect.worker import ConnectWorker
from tests.integration.lakes import Lake, Place, lake_of, send, transactions, writer

RECORDS: Final = int(os.environ.get("LOOKS_TEST_CONNECT_RECORDS", "100000"))
KILLS: Final = int(os.environ.get("LOOKS_TEST_CONNECT_KILLS", "10"))
COMMIT_EVERY_S: Final = 3.0
SHORTER: Final = {
    "iceberg.kafka.transaction.timeout.ms": "6000",
    "iceberg.kafka.session.timeout.ms": "6000",
    "consumer.override.session.timeout.ms": "6000",
}
"""So that what a killed worker left ends sooner."""
WITHIN_S: Final = 600.0
SEED: Final = 5


@pytest.fixture
def lake(services: Stack) -> Lake:
    """Empty tables, and the sink's topic."""
    made = lake_of(services, f"test_{new_request_id().lower()}")
    catalog = connect(made.settings, made.store, made.env)
    for topic in TOPICS:
        open_table(catalog, made.settings.schema_here, topic)
    create(made.kafka, control_topic(made.kafka.names))
    return made


Begin = Callable[..., ConnectWorker]


@pytest.fixture
def begin(lake: Lake, tmp_path: Path) -> Iterator[Begin]:
    """Starts a worker, once; it is killed at the end. More words: of the connector."""
    made: list[ConnectWorker] = []

    def begun(**more: str) -> ConnectWorker:
        made.append(ConnectWorker(tmp_path, lake.env, {**sink(lake), **more}))
        made[0].start()
        return made[0]

    yield begun
    made[0].kill()


def sink(lake: Lake) -> dict[str, Any]:
    """As `looks lake connect-config` prints it, for someone in a hurry."""
    often = lake.settings.model_copy(update={"commit_every_s": COMMIT_EVERY_S, "timeout_s": 20.0})
    told = connector(lake.kafka, often, lake.store)
    config = told["config"]
    assert isinstance(config, dict)
    own = f"{told['name']}-{lake.settings.schema_name}"  # a group that has read nothing yet
    return {"name": own, "config": {**config, **SHORTER}}


async def settled(lake: Lake, worker: ConnectWorker, within_s: float = WITHIN_S) -> None:
    """Wait until the tables have all. Fails with what the worker says when it has stopped."""
    until_s = time.monotonic() + within_s
    while True:
        try:
            return await lake.settled(10)
        except TimeoutError:
            assert (failed := worker.failed()) is None, failed
            assert time.monotonic() < until_s, worker.log[-6000:]


async def published(lake: Lake, topic: Topic) -> dict[Place, Decoded]:
    """Every committed record that can be read, as it is told."""
    found: dict[Place, Decoded] = {}

    def take(record: ConsumerRecord) -> None:
        work = read(record)
        if isinstance(work, Work):
            found[record.partition, record.offset] = work.decoded

    await read_all(lake.kafka, (topic,), take)
    return found


def held(lake: Lake, topic: Topic) -> dict[Place, Decoded]:
    """Every row as the event and the headers that it was."""
    rows: list[dict[str, Any]] = lake.table(topic).scan().to_arrow().to_pylist()
    assert all(row["topic"] == topic.name for row in rows)
    return {(row["partition"], row["offset"]): decoded(topic, row) for row in rows}


def told(one: Decoded) -> tuple[Any, ...]:
    """What a table keeps of a record."""
    meta = one.meta
    return one.event, meta.id, meta.type, meta.time, meta.sequence, meta.traceparent


@pytest.mark.timeout(900)
async def test_rows_are_the_events_again(lake: Lake, begin: Begin) -> None:
    worker = begin()
    producer = new_producer(lake.kafka, "test-connect")
    await producer.start()
    await send(producer, odd_records())
    await producer.stop()
    await transactions(lake.kafka, 3)
    await settled(lake, worker)
    await lake.exact()
    for topic in TOPICS:
        rows, records = held(lake, topic), await published(lake, topic)
        assert {at: told(one) for at, one in rows.items()} == {
            at: told(one) for at, one in records.items()
        }, topic.name


@pytest.mark.timeout(900)
async def test_it_goes_on_where_our_own_writer_stands(lake: Lake, begin: Begin) -> None:
    async with writer(lake):
        await transactions(lake.kafka, 3)
        await lake.settled()
    worker = begin(initial_state="STOPPED")
    stands = {topic.name: offsets_of(lake.table(topic)) for topic in TOPICS}
    until_s = time.monotonic() + WITHIN_S
    while (status := stopped(worker)) != "STOPPED":
        assert time.monotonic() < until_s, (status, worker.log[-6000:])
        await asyncio.sleep(1)
    worker.asked("PATCH", "offsets", offsets(lake.kafka.names, stands))
    worker.asked("PUT", "resume")
    await transactions(lake.kafka, 3)
    await settled(lake, worker)
    await lake.exact()


def stopped(worker: ConnectWorker) -> str | None:
    """The connector's state; None while nobody answers."""
    try:
        state: str = worker.asked("GET", "status")["connector"]["state"]
    except OSError:
        return None
    return state


@pytest.mark.timeout(3600)
async def test_killed_again_and_again_it_leaves_each_record_once(lake: Lake, begin: Begin) -> None:
    arrivals, chance, hits = Arrivals(lake.kafka, RECORDS, KILLS + 1), random.Random(SEED), 0
    arrivals.start()
    worker = begin()
    for _ in range(KILLS):
        before, until_s = lake.snapshot(), time.monotonic() + WITHIN_S
        arrivals.let()
        while lake.snapshot() == before:
            assert (failed := worker.failed()) is None, failed
            assert time.monotonic() < until_s, (arrivals.committed, worker.log[-6000:])
            await asyncio.sleep(0.5)
        await asyncio.sleep(chance.uniform(0, COMMIT_EVERY_S))
        assert worker.kill() == -9
        hits += arrivals.committed < RECORDS
        worker.start()
    arrivals.let()
    await asyncio.to_thread(arrivals.join, WITHIN_S)
    await settled(lake, worker)
    await lake.exact()
    assert arrivals.committed == RECORDS
    assert hits == KILLS
