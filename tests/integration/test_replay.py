"""Replaying real topics: every format, no trace on any group, archive and topic as one history."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psutil
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)
from typer.testing import CliRunner

from cli.main import app
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from replaying.archive import Archive, tier, to_archive
from replaying.blocks import Damaged
from replaying.copying import REPLAYED_FROM, TopicSink
from replaying.damage import SideFile
from replaying.errors import HistoryGap
from replaying.events import replay, to_arrow, to_pandas, to_polars
from replaying.kafka import LATEST, Reader
from replaying.parquet import ParquetSink
from replaying.ranges import resolve
from replaying.run import Step, Summary, run
from replaying.selection import AtTime, Selection, select
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from storage.object_store import ObjectMissing
from tests.unit.replaying.making import a_completion, encoded, request_id

WORDS: dict[str, str | None] = {"tenant": None}
PARTITIONS = 12
Topics = Callable[[], str]


class Bucket:
    """Objects in memory."""

    def __init__(self) -> None:
        """Empty."""
        self.objects: dict[str, bytes] = {}

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes."""
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keep an object."""
        self.objects[key] = data


@pytest.fixture
def topics(kafka: KafkaSettings) -> Iterator[Topics]:
    """Makes topics, partitioned as ours are, that go when the test ends."""
    admin, made = AdminClient({"bootstrap.servers": kafka.bootstrap}), list[str]()

    def make() -> str:
        made.append(f"test.{new_request_id().lower()}")
        topic = NewTopic(
            made[-1], PARTITIONS, 1, config={"message.timestamp.type": "LogAppendTime"}
        )
        admin.create_topics([topic])[made[-1]].result(30)
        return made[-1]

    yield make
    for future in admin.delete_topics(made).values():
        future.result(30)


def fill(kafka: KafkaSettings, topic: str, numbers: Sequence[int], *, tenant: str = "demo") -> None:
    """Completions, in one committed transaction after an aborted one, as the compositor leaves
    them.
    """
    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "transactional.id": new_request_id(),
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(30)
    for committed in (False, True):
        producer.begin_transaction()
        for number in numbers if committed else numbers[:3]:
            record = encoded(a_completion(number, tenant=tenant))
            producer.produce(topic, record.value, record.key, headers=list(record.headers))
        if committed:
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)
    settled(kafka, topic)


def settled(kafka: KafkaSettings, topic: str) -> None:
    """Wait for the markers: a commit is answered before each partition's readers may see it."""
    admin, give_up_s = AdminClient({"bootstrap.servers": kafka.bootstrap}), time.monotonic() + 30
    asked = {TopicPartition(topic, number): LATEST for number in range(PARTITIONS)}

    def ends(level: IsolationLevel) -> list[int]:
        found = admin.list_offsets(asked, isolation_level=level)
        return [found[one].result(30).offset for one in asked]

    while ends(IsolationLevel.READ_COMMITTED) != ends(IsolationLevel.READ_UNCOMMITTED):
        assert time.monotonic() < give_up_s, "transactions stay open"
        time.sleep(0.02)


def poison(kafka: KafkaSettings, topic: str) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topic, b"\xff", b"poison", partition=0)
    assert producer.flush(30) == 0


def to_parquet(
    kafka: KafkaSettings, topic: str, folder: Path, archive: Archive | None = None
) -> Summary:
    sink = ParquetSink(folder, WORDS, None)
    return run(
        kafka, Selection((topic,)), sink, side=SideFile(folder / "damaged.jsonl"), archive=archive
    )


def to_parquet_in_halves(kafka: KafkaSettings, topic: str, folder: Path) -> Summary:
    sink = ParquetSink(folder, WORDS, None, share_from=1)
    return run(kafka, Selection((topic,)), sink, side=SideFile(folder / "damaged.jsonl"))


def durations(folder: Path) -> list[int]:
    found = duckdb.execute(
        f"SELECT duration_ms FROM '{folder}/**/*.parquet' ORDER BY ALL"
    ).fetchall()
    return [row[0] for row in found]


def groups(kafka: KafkaSettings) -> dict[str, dict[str, int]]:
    """Every group's committed offsets, but for groups in the namespaces of other tests' stacks."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    others = re.compile(rf"(?!{kafka.namespace}\.)gw\d+-\d+\.")  # of other stacks
    listed = admin.list_consumer_groups().result(30).valid
    names = [one.group_id for one in listed if not others.match(one.group_id)]
    return {name: _committed(admin, name) for name in names}


def _committed(admin: AdminClient, name: str) -> dict[str, int]:
    found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])[name].result(30)
    return {f"{one.topic}/{one.partition}": one.offset for one in found.topic_partitions}


def test_committed_records_up_to_the_end_are_rows_and_no_group_is_touched(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(200))
    poison(kafka, topic)
    before = groups(kafka)
    summary = to_parquet(kafka, topic, tmp_path)
    assert groups(kafka) == before
    assert (summary.rows, summary.damaged, summary.read) == (200, 1, 201)
    assert durations(tmp_path) == list(range(200))
    (line,) = (tmp_path / "damaged.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "missing header ce_type"
    fill(kafka, topic, range(200, 260))
    assert to_parquet(kafka, topic, tmp_path).rows == 60
    assert to_parquet(kafka, topic, tmp_path).read == 0
    assert durations(tmp_path) == list(range(260))


def test_two_processes_write_what_one_would_and_each_offset_once(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(200))
    poison(kafka, topic)
    steps = list[Step]()
    sink = ParquetSink(tmp_path, WORDS, None, share_from=1)
    side = SideFile(tmp_path / "damaged.jsonl")
    summary = run(kafka, Selection((topic,)), sink, side=side, tell=steps.append)
    assert (summary.rows, summary.damaged, summary.read) == (200, 1, 201)
    assert steps[-1].done == steps[-1].total
    assert len((tmp_path / "damaged.jsonl").read_text().splitlines()) == 1
    assert durations(tmp_path) == list(range(200))
    fill(kafka, topic, range(200, 260))
    assert to_parquet_in_halves(kafka, topic, tmp_path).rows == 60
    assert to_parquet(kafka, topic, tmp_path).read == 0
    assert durations(tmp_path) == list(range(260))


def test_a_range_of_time_moves_no_more_bytes_than_it_holds_and_one_segment(
    kafka: KafkaSettings, topics: Topics
) -> None:
    admin, topic, segment = (
        AdminClient({"bootstrap.servers": kafka.bootstrap}),
        topics(),
        1024 * 1024,
    )
    config = ConfigResource(ConfigResource.Type.TOPIC, topic)
    config.add_incremental_config(
        ConfigEntry("segment.bytes", str(segment), incremental_operation=AlterConfigOpType.SET)
    )
    admin.incremental_alter_configs([config])[config].result(30)
    moments = list[datetime]()
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for _ in range(4):
        for _ in range(20):
            producer.produce(topic, os.urandom(64 * 1024), partition=0)
        assert producer.flush(30) == 0
        time.sleep(0.05)  # so that the broker's clock, in milliseconds, moves between two of them
        moments.append(datetime.now(UTC))
        time.sleep(0.05)
    ranges = resolve(
        kafka, Selection((topic,), start=AtTime(moments[1]), end=AtTime(moments[2]))
    ).ranges
    reader = Reader(kafka, ranges)
    assert sum(len(block) for block in reader.blocks()) == 20
    assert 20 * 64 * 1024 <= reader.traffic.sent_bytes <= 20 * 66 * 1024 + segment


def test_events_come_one_by_one_and_as_tables_by_request_tenant_and_offset(
    kafka: KafkaSettings, topics: Topics
) -> None:
    topic = topics()
    fill(kafka, topic, range(30))
    fill(kafka, topic, range(30, 40), tenant="other")
    damaged: list[Damaged] = []
    found = list(replay(topic, settings=kafka, damaged=damaged))
    assert sorted(one.said.event.duration_ms for one in found if one.said) == list(range(40))  # type: ignore[attr-defined]  # all are completions
    assert damaged == []
    assert [one.key for one in replay(topic, settings=kafka, request_id=request_id(7))] == [
        request_id(7).encode()
    ]
    assert sorted(
        to_arrow(topic, settings=kafka, tenant_id="other")["duration_ms"].to_pylist()
    ) == list(range(30, 40))
    assert len(to_pandas(topic, settings=kafka)) == to_polars(topic, settings=kafka).height == 40
    third = [one for one in found if one.partition == 3]
    start = third[1].offset
    assert [one.offset for one in replay(topic, settings=kafka, start=f"offset:3={start}")] == [
        one.offset for one in third[1:]
    ]
    assert to_arrow(topic, settings=kafka, start="2100-01-01").num_rows == 0


def test_a_range_of_time_reads_only_that_range(kafka: KafkaSettings, topics: Topics) -> None:
    topic = topics()
    fill(kafka, topic, range(60))
    time.sleep(0.05)  # so that the broker's clock, in milliseconds, moves between the two
    middle = datetime.now(UTC)
    time.sleep(0.05)
    fill(kafka, topic, range(60, 100))
    for chosen, numbers in (
        (Selection((topic,), start=AtTime(middle)), range(60, 100)),
        (Selection((topic,), end=AtTime(middle)), range(60)),
    ):
        reader = Reader(kafka, resolve(kafka, chosen).ranges)
        assert (
            sum(len(block) for block in reader.blocks()) == reader.traffic.records == len(numbers)
        )
        sizes = [
            len(record.key) + len(record.value)
            for record in (encoded(a_completion(number)) for number in numbers)
        ]
        assert reader.traffic.bytes == sum(sizes)


HALVES = """
import sys
from pathlib import Path
from replaying.damage import SideFile
from replaying.parquet import ParquetSink
from replaying.run import run
from replaying.selection import Selection
from runtime.settings import KafkaSettings
folder = Path(sys.argv[3])
sink = ParquetSink(folder, {"tenant": None}, None, rows_per_file=20, share_from=1)
tell = lambda step: (print(step.done, flush=True), sys.stdin.readline())  # goes on when it is let
side = SideFile(folder / "damaged.jsonl")
run(KafkaSettings(bootstrap=sys.argv[1]), Selection((sys.argv[2],)), sink, side=side, tell=tell)
"""


@pytest.mark.parametrize("victim", ["first", "other"])
def test_each_offset_is_there_once_after_either_process_is_killed(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path, victim: str
) -> None:
    topic = topics()
    for first in range(0, 1200, 100):
        fill(kafka, topic, range(first, first + 100))
    for steps in (1, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", HALVES, kafka.bootstrap, topic, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        assert writer.stdin is not None
        assert writer.stdout is not None
        other = child_of(writer.pid)
        if victim == "other" and steps == 1:
            other.suspend()  # so that it can't be done before it dies
        for _ in range(steps):
            writer.stdout.readline()
            print(file=writer.stdin, flush=True)
        (psutil.Process(writer.pid) if victim == "first" else other).kill()
        writer.stdin.close()
        writer.stdout.read()
        writer.stdout.close()
        code = writer.wait(60)
        assert code != 0 or (victim == "other" and steps > 1)  # that one may have been done
    to_parquet_in_halves(kafka, topic, tmp_path)
    assert durations(tmp_path) == list(range(1200))


def child_of(pid: int) -> psutil.Process:
    """A process's only child, once it is there."""
    give_up_s = time.monotonic() + 30
    while not (found := psutil.Process(pid).children()):
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
    (child,) = found
    return child


def test_a_copy_keeps_key_headers_order_and_says_where_it_is_from(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    source, target = topics(), topics()
    fill(kafka, source, range(50))
    side = SideFile(tmp_path / "damaged.jsonl")
    assert run(kafka, Selection((source,)), TopicSink(kafka, target, None), side=side).rows == 50
    originals, copies = ([*replay(name, settings=kafka)] for name in (source, target))
    assert [(one.partition, one.key, one.value, one.headers) for one in originals] == [
        (one.partition, one.key, one.value, one.headers[:-1]) for one in copies
    ]
    assert [dict(one.headers)[REPLAYED_FROM].decode() for one in copies] == [
        f"{source}/{one.partition}/{one.offset}" for one in originals
    ]


def archived(kafka: KafkaSettings, topic: str, archive: Archive) -> int:
    found = resolve(kafka, Selection((topic,)))
    ranges = {
        one.part: to_archive(archive, one.part, found.log_starts[one.part], one.end or 0)
        for one in found.ranges
    }
    wanted = {part: one for part, one in ranges.items() if one is not None}
    return sum(file.rows for _, file in tier(archive, Reader(kafka, list(wanted.values())), wanted))


def delete_all(kafka: KafkaSettings, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.delete_records(
        [TopicPartition(topic, number, -1) for number in range(PARTITIONS)]
    ).values():
        future.result(30)


def test_archive_and_topic_are_one_history_without_gap_or_overlap(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic, bucket = topics(), Bucket()
    fill(kafka, topic, range(80))
    poison(kafka, topic)
    assert archived(kafka, topic, Archive(bucket)) == 81
    assert archived(kafka, topic, Archive(bucket)) == 0
    whole = [(one.partition, one.offset, one.value) for one in replay(topic, settings=kafka)]
    delete_all(kafka, topic)
    fill(kafka, topic, range(80, 120))
    assert len([*replay(topic, settings=kafka)]) == 40
    both = [*replay(topic, settings=kafka, archive=Archive(bucket))]
    assert set(whole) <= {(one.partition, one.offset, one.value) for one in both}
    assert len(both) == 120
    summary = to_parquet(kafka, topic, tmp_path, Archive(bucket))
    assert (summary.rows, summary.damaged, summary.from_archive) == (120, 1, 81)
    assert durations(tmp_path) == list(range(120))
    delete_all(kafka, topic)
    with pytest.raises(HistoryGap):
        list(replay(topic, settings=kafka, archive=Archive(bucket)))
    with pytest.raises(HistoryGap):
        archived(kafka, topic, Archive(bucket))


def test_following_gives_what_comes_until_it_is_interrupted(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(10))

    def tell(step: Step) -> None:
        if step.total is None and step.summary.rows == 30:
            raise KeyboardInterrupt

    late = threading.Timer(0.5, fill, (kafka, topic, range(10, 30)))
    late.start()
    sink = ParquetSink(tmp_path, WORDS, None)
    chosen = select([topic], datetime.now(UTC), follow=True)
    run(kafka, chosen, sink, side=SideFile(tmp_path / "damaged.jsonl"), tell=tell)
    late.join()
    assert durations(tmp_path) == list(range(30))


def test_the_command_writes_lines_and_says_damage_by_its_exit_code(
    services: Stack, kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(5))
    poison(kafka, topic)
    output, side = tmp_path / "looks.jsonl", tmp_path / "damaged.jsonl"
    words = ["replay", topic, "--format", "jsonl", "--output", str(output), "--damaged", str(side)]
    done = CliRunner(env=services.env).invoke(app, words)
    assert done.exit_code == 3, done.output
    assert sorted(
        json.loads(line)["duration_ms"] for line in output.read_text().splitlines()
    ) == list(range(5))
    assert len(side.read_text().splitlines()) == 1
    refused = CliRunner(env=services.env).invoke(
        app, ["replay", topic, "--to-topic", "look.requested"]
    )
    assert refused.exit_code == 1
    assert "live topic" in refused.output


def test_the_command_archives_to_the_bucket_and_repeats_nothing(
    services: Stack, kafka: KafkaSettings, topics: Topics
) -> None:
    topic = topics()
    fill(kafka, topic, range(5))
    words = ["archive", topic, "--before", "0s"]
    first, second = (CliRunner(env=services.env).invoke(app, words) for _ in range(2))
    assert "archived 5 records" in first.output
    assert "nothing is old enough" in second.output
    delete_all(kafka, topic)
    shown = CliRunner(env=services.env).invoke(app, ["replay", topic, "--format", "jsonl"])
    assert shown.output.count('"duration_ms"') == 5, shown.output
    fill(kafka, topic, range(5))  # into the same partitions: their archive ends before these
    delete_all(kafka, topic)  # before they were archived
    gap = CliRunner(env=services.env).invoke(app, ["replay", topic, "--format", "jsonl"])
    assert gap.exit_code == 1, gap.output
    assert "neither in the archive" in gap.output
