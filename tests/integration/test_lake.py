"""The lake's writer on real Kafka and a real catalog: each committed record is in its table once,
whatever kills the writer and however many there are.
"""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from consumers.lake_writer.application import application
from devstack.stack import Stack
from lake.layout import TOPICS
from lake.rows import event
from lake.tables import OFFSETS, offsets_of
from runtime.consuming import Consuming
from runtime.faults import POINTS, FaultPoint
from runtime.kafka import ConsumerRecord, read
from runtime.process import Process
from runtime.reading import read_all
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_QUARANTINE
from tests.integration.conftest import running, until
from tests.integration.lakes import (
    COMMITS_EVERY_S,
    Lake,
    lake_of,
    records,
    send,
    transactions,
    writer,
)
from tests.integration.reading import records_of


@pytest.fixture
def lake(services: Stack, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """One of its own, empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    return lake_of(services, f"test_{new_request_id().lower()}")


def begin(lake: Lake, process: Process) -> Consuming:
    return application(process, lake.kafka, lake.settings, lake.store).begin()


@pytest.mark.parametrize("point", POINTS["lake_writer"])
async def test_killed_at_each_point_it_leaves_every_record_once(
    lake: Lake, tmp_path: Path, point: FaultPoint
) -> None:
    await transactions(lake.kafka, 6)
    (tmp_path / f"lake_writer.{point}").write_text("kill")
    async with writer(lake, tmp_path) as killed:
        assert await asyncio.wait_for(killed.wait(), 90) == -9
    await transactions(lake.kafka, 3)
    async with writer(lake, tmp_path):
        await lake.settled()
    await lake.exact()


async def test_killed_again_and_again_while_records_arrive(lake: Lake) -> None:
    enough = asyncio.Event()

    async def arrive() -> None:
        while not enough.is_set():
            await transactions(lake.kafka, 3, of=6)
            await asyncio.sleep(0.3)

    arriving = asyncio.create_task(arrive())
    for number in range(4):
        before = lake.snapshot()

        async def committed(before: int | None = before) -> bool:
            return await asyncio.to_thread(lake.snapshot) != before

        async with writer(lake) as killed:
            await until(committed, 180)
            await asyncio.sleep(number * COMMITS_EVERY_S / 4)  # each time at another moment
            killed.kill()
    enough.set()
    await arriving
    async with writer(lake):
        await lake.settled()
    await lake.exact()


async def test_one_that_wakes_after_another_took_over_commits_nothing_twice(
    lake: Lake, tmp_path: Path
) -> None:
    await transactions(lake.kafka, 3)
    (tmp_path / f"lake_writer.{FaultPoint.AFTER_FILES}").write_text("stop")
    async with writer(lake, tmp_path) as zombie:
        while (tmp_path / f"lake_writer.{FaultPoint.AFTER_FILES}").exists():
            await asyncio.sleep(0.1)
        async with writer(lake):
            await lake.settled()
            zombie.send_signal(18)
            await asyncio.sleep(3)
            await transactions(lake.kafka, 3)
            await lake.settled()
    await lake.exact()


async def test_two_share_the_partitions(lake: Lake) -> None:
    async with writer(lake), writer(lake):
        await transactions(lake.kafka, 12)
        await lake.settled()
    await lake.exact()


async def test_a_row_is_the_record_and_where_it_stood(
    lake: Lake, producer: AIOKafkaProducer
) -> None:
    outs = records(2 * len(TOPICS))
    async with running("lake_writer", lambda process: begin(lake, process)):
        await send(producer, outs)
        await lake.settled()
    for topic in TOPICS:
        told: dict[tuple[int, int], Work] = {}

        def take(record: ConsumerRecord, told: dict[tuple[int, int], Work] = told) -> None:
            if isinstance(work := read(record), Work):
                told[work.partition, work.offset] = work

        await read_all(lake.kafka, (topic,), take)
        rows = lake.table(topic).scan().to_arrow().to_pylist()
        assert len(rows) >= 2
        for row in rows:
            work = told[row["partition"], row["offset"]]
            assert event(topic, row) == work.decoded.event
            meta = work.decoded.meta
            assert (row["topic"], row["timestamp"]) == (topic.name, work.written_at)
            assert (row["ce_id"], row["ce_type"], row["ce_time"]) == (meta.id, meta.type, meta.time)
            assert (row["sequence"], row["traceparent"]) == (meta.sequence, meta.traceparent)


async def test_what_can_not_be_read_is_in_quarantine_before_the_table_goes_past_it(
    lake: Lake, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    poison = new_request_id()
    await producer.send_and_wait(LOOK_COMPLETED.name, b"\xff", key=poison.encode())
    await send(producer, records(6))
    (tmp_path / f"lake_writer.{FaultPoint.AFTER_COMMIT}").write_text("kill")
    async with writer(lake, tmp_path) as killed:
        await asyncio.wait_for(killed.wait(), 90)
    async with writer(lake):
        await lake.settled()
    kept = await records_of(lake.kafka, LOOK_QUARANTINE, poison)
    own = [one for one in kept if dict(one.headers)["looks-quarantine-consumer"] == b"lake_writer"]
    assert {one.value for one in own} == {b"\xff"}
    await lake.exact()


async def test_the_table_says_where_it_goes_on_and_days_part_it(
    lake: Lake, kafka: KafkaSettings
) -> None:
    async with running("lake_writer", lambda process: begin(lake, process)):
        await transactions(kafka, 2)
        await lake.settled()
    table = lake.table()
    snapshot = table.current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary.get(OFFSETS) is not None
    told = await lake.committed()
    for number, end in offsets_of(table).items():
        assert end > max((offset for partition, offset in told if partition == number), default=0)
    (field,) = table.spec().fields
    assert (field.name, str(field.transform)) == ("day", "day")
