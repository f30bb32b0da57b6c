"""Lake and topic as one history: each committed record once, whatever the one holds and the other
has lost, read whole, by parts, again, and after an interruption.

In a namespace of its own: records are deleted here.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from cli.lake_import import BadArchive, imported
from cli.main import app
from devstack.stack import Stack
from lake.catalog import connect
from lake.reading import LakeSnapshot, LakeSource, WantedRows
from lake.rows import SOURCE, rows
from lake.tables import append, open_table, write
from lake.upkeep import compact
from replaying.copying import REPLAYED_FROM, TopicSink
from replaying.damage import SideFile
from replaying.errors import HistoryGap
from replaying.events import replay, to_arrow
from replaying.history import WRITER, plan
from replaying.parquet import ParquetSink
from replaying.records import EPOCH, MS, Block, Replayed
from replaying.run import Summary, run
from replaying.selection import Selection
from runtime.groups import committed_by
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.reading import read_all
from runtime.records import Work
from runtime.settings import KafkaSettings
from runtime.topics_admin import apply
from schemas.events import TYPE_OF, LookCompleted
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED
from storage.object_store import ObjectMissing
from tests.integration.lakes import Lake, Place, lake_of, records, send, transactions, writer

TOPIC = LOOK_COMPLETED.name
DAY = timedelta(days=1)


@pytest.fixture
async def lake(services: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lake]:
    """Topics and tables of its own, with nothing in them."""
    made = lake_of(
        services, f"test_{new_request_id().lower()}", f"r{new_request_id()[-10:].lower()}"
    )
    for name, told in made.env.items():
        if name.startswith(("LOOKS_", "AWS_")):
            monkeypatch.setenv(name, told)
    await apply(made.kafka)
    yield made
    admin = AdminClient({"bootstrap.servers": made.kafka.bootstrap})
    deleted = admin.delete_topics(list(made.kafka.names.declared))
    await asyncio.wait([asyncio.wrap_future(future) for future in deleted.values()])


async def written(lake: Lake, count: int = 36) -> None:
    """Records that the lake has, markers of transactions among them."""
    producer = new_producer(lake.kafka, "test-lake-replay")
    await producer.start()
    try:
        async with writer(lake):
            await send(producer, records(count))
            await transactions(lake.kafka, 3)
            await lake.settled()
            async with asyncio.timeout(60):
                while not await _all_passed(lake):
                    await asyncio.sleep(0.1)
    finally:
        await producer.stop()


async def _all_passed(lake: Lake) -> bool:
    """Whether the writer has told Kafka's group of all it read, markers included."""
    stands = await committed_by(lake.kafka, WRITER)
    ends = {one.part: one.end for one in plan(lake.kafka, Selection((TOPIC,)), None)[0].ranges}
    return all(
        stands.get(tp, 0) >= (ends.get((tp.topic, tp.partition)) or 0) for tp in stands
    ) and bool(stands)


async def more(lake: Lake, count: int = 12) -> None:
    """Records that only the topics have."""
    producer = new_producer(lake.kafka, "test-lake-replay")
    await producer.start()
    await send(producer, records(count))
    await producer.stop()


def source(lake: Lake) -> LakeSource:
    return LakeSource(lake.settings, lake.store)


def delete(lake: Lake, ends: dict[int, int]) -> None:
    """Records of the topic below these offsets, as retention does it; -1: all."""
    admin = AdminClient({"bootstrap.servers": lake.kafka.bootstrap})
    name = lake.kafka.names.topic(TOPIC)
    asked = [TopicPartition(name, number, end) for number, end in ends.items()]
    for future in admin.delete_records(asked).values():
        future.result(30)


def to_parquet(lake: Lake, folder: Path, **chosen: object) -> Summary:
    sink = ParquetSink(folder, {"tenant": None}, rows_per_commit=7)
    return run(
        lake.kafka,
        Selection((TOPIC,), **chosen),  # type: ignore[arg-type]  # each caller gives what it names
        sink,
        side=SideFile(folder / "damaged.jsonl"),
        lake=source(lake),
    )


def places(folder: Path) -> Counter[Place]:
    found = duckdb.execute(f"SELECT _partition, _offset FROM '{folder}/**/*.parquet'").fetchall()
    return Counter(found)


def told_by(found: list[Replayed]) -> dict[Place, tuple[object, ...]]:
    """What records say, by their places."""
    return {
        (one.partition, one.offset): (
            one.key,
            one.value,
            one.written_at,
            one.said and (one.said.event, one.said.meta.id, one.said.meta.sequence),
        )
        for one in found
    }


async def test_lake_and_topic_are_one_history_without_gap_or_overlap(
    lake: Lake, tmp_path: Path
) -> None:
    await written(lake)
    await more(lake)
    told = Counter(await lake.committed())
    alone = list(replay(TOPIC, settings=lake.kafka))
    both = list(replay(TOPIC, settings=lake.kafka, lake=source(lake)))
    assert told_by(alone) == told_by(both)
    assert len(alone) == len(both)
    in_lake = sum((lake.places()).values())
    assert Counter((one.partition, one.offset) for one in both) == told
    assert sum(dict(one.headers)["ce_source"] == SOURCE.encode() for one in both) == in_lake
    for number in range(12):
        offsets = [one.offset for one in both if one.partition == number]
        assert offsets == sorted(offsets)
    summary = to_parquet(lake, tmp_path / "out")
    assert (summary.rows, summary.from_lake) == (told.total(), in_lake)
    assert places(tmp_path / "out") == told
    assert to_parquet(lake, tmp_path / "out").read == 0
    ends = LakeSnapshot(LOOK_COMPLETED, lake.table()).ends
    delete(lake, ends)
    assert places_of(lake) == told
    await more(lake)
    assert to_parquet(lake, tmp_path / "out").rows == places_of(lake).total() - told.total()
    assert places(tmp_path / "out") == places_of(lake)


def places_of(lake: Lake) -> Counter[Place]:
    found = to_arrow(TOPIC, settings=lake.kafka, lake=source(lake))
    return Counter(zip(found["_partition"].to_pylist(), found["_offset"].to_pylist(), strict=True))


async def test_what_neither_has_is_a_gap_and_what_held_no_row_is_none(lake: Lake) -> None:
    await written(lake)
    told = places_of(lake)
    everything = dict.fromkeys(range(12), -1)
    delete(lake, everything)  # markers at the ends too: the writer has passed them
    assert places_of(lake) == told
    await more(lake)
    delete(lake, everything)
    with pytest.raises(HistoryGap, match="neither in the lake nor in the topic"):
        places_of(lake)
    since = f"offset:{max(offset for _, offset in told) + 1000}"
    assert list(replay(TOPIC, settings=lake.kafka, lake=source(lake), start=since)) == []


async def test_a_copy_takes_the_topic_s_own_bytes_as_long_as_it_has_them(
    lake: Lake, tmp_path: Path
) -> None:
    await written(lake)
    originals = {(one.partition, one.offset): one for one in replay(TOPIC, settings=lake.kafka)}
    halves = {
        number: sorted(offset for at, offset in originals if at == number)[1]
        for number in range(12)
        if len([1 for at, _ in originals if at == number]) > 1
    }
    delete(lake, halves)
    # any topic with the same partitions, to which nobody reacts here
    sink = TopicSink(lake.kafka, LOOK_FAILED.name)
    side = SideFile(tmp_path / "damaged.jsonl")
    chosen = Selection((TOPIC,))
    before = len(list(replay(LOOK_FAILED.name, settings=lake.kafka)))
    assert run(lake.kafka, chosen, sink, side=side, lake=source(lake)).rows == len(originals)
    assert before > 0
    copied = {}
    for piece in plan(lake.kafka, Selection((LOOK_FAILED.name,)), None)[0].pieces(lake.kafka):
        for one in piece.records:  # type: ignore[union-attr]  # from a topic
            if REPLAYED_FROM in dict(one.headers or ()):
                _, partition, offset = str(dict(one.headers or ())[REPLAYED_FROM], "ascii").split(
                    "/"
                )
                copied[int(partition), int(offset)] = one
    assert copied.keys() == originals.keys()
    for place, one in copied.items():
        whole = originals[place]
        assert (one.key, one.value) == (whole.key, whole.value)
        kept = place[1] >= halves.get(place[0], 0)
        assert (tuple(one.headers or ())[:-1] == whole.headers) == kept


async def spread(lake: Lake, days: int) -> datetime:
    """The records of the topic in the lake, as if they had been written over so many days; the
    first of these.
    """
    found: list[Work] = []

    def take(record: ConsumerRecord) -> None:
        if isinstance(work := read(record), Work):
            found.append(work)

    await read_all(lake.kafka, (LOOK_COMPLETED,), take)
    first = datetime(2026, 3, 1, tzinfo=UTC)
    moved = [
        replace(one, timestamp_ms=int((first + (at % days) * DAY).timestamp() * 1000))
        for at, one in enumerate(found)
    ]
    table = open_table(
        connect(lake.settings, lake.store, lake.env), lake.settings.schema_here, LOOK_COMPLETED
    )
    ends = {
        number: max(one.offset for one in found if one.partition == number) + 1
        for number in {one.partition for one in found}
    }
    append(table, write(table, rows(LOOK_COMPLETED, moved)), dict.fromkeys(ends), ends)
    return first


async def test_a_day_s_range_reads_that_day_s_files_and_a_request_no_other(lake: Lake) -> None:
    await more(lake, 120)
    first = await spread(lake, 10)
    found = source(lake).snapshot(TOPIC)
    assert found is not None
    wanted = WantedRows({number: (0, end) for number, end in found.ends.items()})
    assert [day.name for day in found.days(wanted)] == [
        f"{first + number * DAY:%Y-%m-%d}" for number in range(10)
    ]
    one = replace(wanted, since=first + DAY, before=first + 2 * DAY)
    (day,) = found.days(one)
    assert day.name == f"{first + DAY:%Y-%m-%d}"
    planned = lake.table().scan(
        f"timestamp >= '{one.since:%Y-%m-%dT%H:%M:%S+00:00}' and "
        f"timestamp < '{one.before:%Y-%m-%dT%H:%M:%S+00:00}'"
    )
    assert {task.file.file_path for task in day.tasks} == {
        task.file.file_path for task in planned.plan_files()
    }
    assert sum(table.num_rows for table in found.batches(day, one)) == day.rows == 2


class Killed(Exception):
    """As if it were."""


def killed(stop_at: int, now: Summary) -> None:
    if now.read >= stop_at:
        raise Killed


async def test_an_interrupted_replay_goes_on_where_its_days_end_also_on_another_snapshot(
    lake: Lake, tmp_path: Path
) -> None:
    await more(lake, 120)
    await spread(lake, 5)
    await more(lake, 60)
    grown = False
    for stop_at in (9, 9, 6):
        sink = ParquetSink(tmp_path, {"tenant": None}, rows_per_commit=3)
        side = SideFile(tmp_path / "damaged.jsonl")
        with pytest.raises(Killed):
            run(
                lake.kafka,
                Selection((TOPIC,)),
                sink,
                side=side,
                lake=source(lake),
                tell=partial(killed, stop_at),
            )
        if not grown:
            async with writer(lake):
                await more(lake, 12)
                await lake.settled()
            grown = compact(lake.table()).before > 0
    assert grown
    told = Counter(await lake.committed())
    to_parquet(lake, tmp_path)
    assert places(tmp_path) == told


async def test_the_command_reads_the_lake_unless_it_is_told_not_to(
    lake: Lake, tmp_path: Path
) -> None:
    await written(lake)
    told = await lake.committed()
    delete(lake, LakeSnapshot(LOOK_COMPLETED, lake.table()).ends)
    for words, count in (([], len(told)), (["--validate"], len(told)), (["--no-lake"], 0)):
        output = tmp_path / f"out{len(words)}{count}.jsonl"
        asked = ["replay", TOPIC, "--format", "jsonl", "--output", str(output), *words]
        done = CliRunner(env=lake.env).invoke(app, asked)
        assert done.exit_code == 0, done.output
        lines = [json.loads(line) for line in output.read_text().splitlines()]
        assert len(lines) == count
        assert {TYPE_OF[LookCompleted]} >= {line["_ce_type"] for line in lines}
    asked = ["replay", TOPIC, "--format", "duckdb", "--output", str(tmp_path / "a.duckdb")]
    done = CliRunner(env=lake.env).invoke(app, [*asked, "--validate"])
    assert done.exit_code == 0, done.output
    with duckdb.connect(str(tmp_path / "a.duckdb")) as db:
        found = db.execute("SELECT _partition, _offset FROM look_completed").fetchall()
    assert set(found) == told


class Bucket:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get(self, key: str, max_bytes: int) -> bytes:
        """As the object store does."""
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    def archive(self, kafka: KafkaSettings, found: list[Replayed], partition: int) -> None:
        """As `looks archive` did it: two files and their manifest."""
        folder = kafka.names.key(f"archive/topic={TOPIC}/partition={partition}")
        files = list[dict[str, str]]()
        for some in (found[::2], found[1::2]):
            written = BytesIO()
            headers = [
                [{"name": name, "value": raw} for name, raw in one.headers or ()] for one in some
            ]
            columns = {
                "offset": [one.offset for one in some],
                "timestamp": pa.array(
                    [(one.written_at - EPOCH) // MS for one in some], pa.timestamp("ms", "UTC")
                ),
                "key": [one.key for one in some],
                "value": [one.value for one in some],
                "headers": headers,
            }
            pq.write_table(pa.table(columns), written)
            key = f"{folder}/{len(files)}.parquet"
            self.objects[key] = written.getvalue()
            digest = hashlib.sha256(written.getvalue()).hexdigest()
            files.append({"key": key, "sha256": digest})
        self.objects[f"{folder}/manifest.json"] = json.dumps({"files": files}).encode()


async def test_an_old_archive_is_read_into_the_lake_once(lake: Lake) -> None:
    await more(lake, 240)
    bucket = Bucket()
    by_partition: dict[int, list[Replayed]] = {}
    for piece in plan(lake.kafka, Selection((TOPIC,)), None)[0].pieces(lake.kafka):
        assert isinstance(piece, Block)
        by_partition.setdefault(piece.partition, []).extend(piece.records)
    kept = {number: found for number, found in by_partition.items() if len(found) > 3}
    for number, found in kept.items():
        torn = replace(found[1], value=b"{")
        bucket.archive(lake.kafka, [found[0], torn, *found[2:]], number)
    catalog = connect(lake.settings, lake.store, lake.env)
    reading = partial(imported, bucket, lake.kafka.names, catalog, lake.settings.schema_here)
    first, again = list(reading()), list(reading())
    counts = {number: len(found) for number, found in kept.items()}
    assert {one.partition: (one.added, one.known, one.damaged) for one in first} == {
        number: (count - 1, 0, 1) for number, count in counts.items()
    }
    assert {one.partition: (one.added, one.known, one.damaged) for one in again} == {
        number: (0, count - 1, 1) for number, count in counts.items()
    }
    async with writer(lake):
        await more(lake, 12)
        async with asyncio.timeout(120):
            while not set(lake.places()) >= await lake.committed() - {
                (number, found[1].offset) for number, found in kept.items()
            }:
                await asyncio.sleep(0.2)
    assert [place for place, count in lake.places().items() if count > 1] == []
    changed = next(key for key in bucket.objects if key.endswith(".parquet"))
    bucket.objects[changed] += b"x"
    with pytest.raises(BadArchive, match="SHA-256"):
        list(reading())
