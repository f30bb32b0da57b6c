"""The lake's writer, killed again and again while records arrive: rows against committed records.

Records come in transactions to all six topics, and some transactions are aborted, so offsets also
number markers and records that nobody may see. No writer is killed before it has committed, none
after the last record: each kill meets one at work.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from confluent_kafka import Producer

from bench.processes import WITHIN_S, caught_up, our_process
from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.outcomes import Emit
from lake.catalog import connect, table_name
from lake.layout import TOPICS
from lake.stray import unknown_files
from operations.auditing.lake_side import LakeSide
from runtime.kafka import ConsumerRecord, read
from runtime.reading import read_all
from runtime.records import OutRecord, Work, outgoing
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from schemas.events import TYPE_OF
from schemas.ids import new_request_id
from schemas.samples import sample_of
from schemas.topics import Topic

if TYPE_CHECKING:
    from pyiceberg.table import Table

RECORDS: Final = int(os.environ.get("LOOKS_BENCH_KILLS_RECORDS", "100000"))
KILLS: Final = int(os.environ.get("LOOKS_BENCH_KILLS", "10"))
AT_ONCE: Final = 200
ABORTED_OF: Final = 5
"""One transaction in so many."""
PAUSE_S: Final = 0.2
"""Between transactions: a share of the records arrives for about as long as a writer lives."""
GROUP: Final = "looks.lake_writer"
SEED: Final = 11
MOST_S: Final = 3.0
"""After a writer's first commit it is killed within so long."""


def a_record(number: int, topic: Topic) -> OutRecord:
    """A sample of a topic's event, of a request of its own."""
    assert topic.event is not None
    event = sample_of(TYPE_OF[topic.event])
    changed: dict[str, object] = {"request_id": (request_id := new_request_id())}
    if hasattr(event, "request"):
        changed["request"] = event.request.model_copy(update={"request_id": request_id})
    emit = Emit(event.model_copy(update=changed), (topic.name,), number + 1)
    return outgoing(emit, "/bench", datetime.now(UTC))


class Arrivals(threading.Thread):
    """Transactions, until so many `records` are committed; in `shares`, each of them once it is
    `let`.
    """

    def __init__(self, kafka: KafkaSettings, records: int, shares: int) -> None:
        """Nothing is sent yet."""
        super().__init__(daemon=True)
        self._kafka = kafka
        self._records = records
        self._shares = shares
        self._let = threading.Semaphore(0)
        self.committed = 0
        self.aborted = 0

    def let(self) -> None:
        """A share of the records may come."""
        self._let.release()

    def run(self) -> None:
        """Send them all."""
        producer = Producer(
            {
                "bootstrap.servers": self._kafka.bootstrap,
                "transactional.id": f"bench-{new_request_id()}",
                "compression.type": "zstd",
                "partitioner": "murmur2_random",
            }
        )
        producer.init_transactions()
        for share in range(1, self._shares + 1):
            self._let.acquire()
            while self.committed < share * self._records / self._shares:
                self._transaction(producer)
                time.sleep(PAUSE_S)

    def _transaction(self, producer: Producer) -> None:
        producer.begin_transaction()
        count = min(AT_ONCE, self._records - self.committed)
        for number in range(count):
            out = a_record(number, TOPICS[number % len(TOPICS)])
            producer.produce(out.topic, out.value, out.key, headers=list(out.headers))
        if (self.committed + self.aborted) // AT_ONCE % ABORTED_OF == ABORTED_OF - 1:
            producer.flush()  # what is aborted unsent would take no offsets
            producer.abort_transaction()
            self.aborted += count
        else:
            producer.commit_transaction()
            self.committed += count


def _tables(env: Mapping[str, str]) -> "list[Table]":
    """Those that are there."""
    lake, store = settings_of(LakeSettings, env), settings_of(ObjectStoreSettings, env)
    catalog = connect(lake, store, env)
    names = [(lake.schema_here, table_name(topic.name)) for topic in TOPICS]
    return [catalog.load_table(name) for name in names if catalog.table_exists(name)]


def _commits(env: Mapping[str, str]) -> int:
    return sum(len(table.snapshots()) for table in _tables(env))


def _killed(env: Mapping[str, str], arrivals: Arrivals) -> int:
    """How many kills fell while records were still to come."""
    chance, hits = random.Random(SEED), 0
    for _ in range(KILLS):
        before = _commits(env)
        child = subprocess.Popen(
            [sys.executable, "-m", "consumers.lake_writer"], cwd=CHECKOUT, env=env
        )
        arrivals.let()
        give_up_s = time.monotonic() + WITHIN_S
        while _commits(env) == before:
            if child.poll() is not None or time.monotonic() > give_up_s:
                child.kill()
                raise RuntimeError(f"a writer committed nothing (it ended with {child.poll()})")
            time.sleep(0.1)
        time.sleep(chance.uniform(0, MOST_S))
        child.kill()
        hits += child.wait() == -9 and arrivals.committed < RECORDS
    return hits


def _compared(env: Mapping[str, str], kafka: KafkaSettings) -> dict[str, int]:
    """Rows against committed records, offset by offset, as the audit does; and what kills left."""
    os.environ.update({name: told for name, told in env.items() if name.startswith("AWS_")})
    side = LakeSide(settings_of(LakeSettings, env), settings_of(ObjectStoreSettings, env))
    side.look()
    count, ends = 0, dict[tuple[str, int], int]()

    def take(record: ConsumerRecord) -> None:
        nonlocal count
        ends[record.topic, record.partition] = record.offset + 1
        if isinstance(read(record), Work):
            count += 1
            side.saw(record)

    asyncio.run(read_all(kafka, TOPICS, take))
    return {
        "committed_records": count,
        "offsets": sum(ends.values()),
        "rows": side.rows,
        "violations": len(list(side.violations())),
        "commits": _commits(env),
        "files_left_by_kills": sum(1 for table in _tables(env) for _ in unknown_files(table)),
    }


def measure() -> dict[str, object]:
    """Kill, let one catch up, compare."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            kafka = settings_of(KafkaSettings, stack.env)
            env = {**os.environ, **stack.env, "LOOKS_LAKE_COMMIT_EVERY_S": "0.5"}
            env |= {"LOOKS_LOG_LEVEL": "ERROR", "LOOKS_KAFKA_SESSION_TIMEOUT_S": "15"}
            arrivals = Arrivals(kafka, RECORDS, KILLS + 1)
            arrivals.start()
            hits = _killed(env, arrivals)
            arrivals.let()
            arrivals.join(WITHIN_S)
            with our_process("consumers.lake_writer", env):
                caught_up(kafka, GROUP, TOPICS)
            compared = _compared(env, kafka)
        finally:
            stack.stop()
    return {
        "sent_and_committed": arrivals.committed,
        "sent_and_aborted": arrivals.aborted,
        "kills": KILLS,
        "kills_while_records_were_to_come": hits,
        **compared,
    }
