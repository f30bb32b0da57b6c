"""Replaying real topics: every format, no trace on any group, resumed and followed."""

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
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
)
from typer.testing import CliRunner

from cli.main import app
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from replaying.copying import REPLAYED_FROM, TopicSink
from replaying.damage import SideFile
from replaying.events import replay, to_arrow, to_pandas, to_polars
from replaying.kafka import asking, blocks, resolve
from replaying.parquet import ParquetSink
from replaying.records import Replayed
from replaying.run import Summary, run
from replaying.selection import AtTime, Selection, select
from runtime.asking import LATEST
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.topics import LOOK_FAILED
from tests.unit.replaying.making import a_completion, encoded, request_id

WORDS: dict[str, str | None] = {"tenant": None}
PARTITIONS = 12
Topics = Callable[[], str]


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


def to_parquet(kafka: KafkaSettings, topic: str, folder: Path) -> Summary:
    sink = ParquetSink(folder, WORDS)
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


def test_events_come_one_by_one_and_as_tables_by_request_tenant_and_offset(
    kafka: KafkaSettings, topics: Topics
) -> None:
    topic = topics()
    fill(kafka, topic, range(30))
    fill(kafka, topic, range(30, 40), tenant="other")
    damaged: list[Replayed] = []
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
    empty = to_arrow(LOOK_FAILED.name, settings=kafka, start="2100-01-01")
    assert (empty.num_rows, "error" in empty.column_names) == (0, True)


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
        with asking(kafka) as asked:
            ranges, _ = resolve(asked, chosen)
        found = [one.value or b"" for block in blocks(kafka, ranges) for one in block.records]
        assert sorted(found) == sorted(encoded(a_completion(number)).value for number in numbers)


KILLED = """
import sys
from pathlib import Path
from replaying.damage import SideFile
from replaying.parquet import ParquetSink
from replaying.run import run
from replaying.selection import Selection
from runtime.settings import KafkaSettings
folder = Path(sys.argv[3])
sink = ParquetSink(folder, {"tenant": None}, rows_per_commit=20)
tell = lambda now: (print(now.done, flush=True), sys.stdin.readline())  # goes on when it is let
side = SideFile(folder / "damaged.jsonl")
run(KafkaSettings(bootstrap=sys.argv[1]), Selection((sys.argv[2],)), sink, side=side, tell=tell)
"""


def test_each_offset_is_there_once_after_the_process_is_killed(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    for first in range(0, 1200, 100):
        fill(kafka, topic, range(first, first + 100))
    for steps in (1, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, kafka.bootstrap, topic, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(steps):
            writer.stdout.readline()
            print(file=writer.stdin, flush=True)
        writer.kill()
        writer.stdin.close()
        writer.stdout.read()
        writer.stdout.close()
        assert writer.wait(60) != 0
    to_parquet(kafka, topic, tmp_path)
    assert durations(tmp_path) == list(range(1200))


def test_a_copy_keeps_key_headers_order_and_says_where_it_is_from(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    source, target = topics(), topics()
    fill(kafka, source, range(50))
    side = SideFile(tmp_path / "damaged.jsonl")
    assert run(kafka, Selection((source,)), TopicSink(kafka, target), side=side).rows == 50
    originals, copies = ([*replay(name, settings=kafka)] for name in (source, target))
    assert [(one.partition, one.key, one.value, one.headers) for one in originals] == [
        (one.partition, one.key, one.value, one.headers[:-1]) for one in copies
    ]
    assert [dict(one.headers)[REPLAYED_FROM].decode() for one in copies] == [
        f"{source}/{one.partition}/{one.offset}" for one in originals
    ]


def test_following_gives_what_comes_until_it_is_interrupted(
    kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(10))

    def tell(now: Summary) -> None:
        if now.total is None and now.rows == 30:
            raise KeyboardInterrupt

    late = threading.Timer(0.5, fill, (kafka, topic, range(10, 30)))
    late.start()
    sink = ParquetSink(tmp_path, WORDS)
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
