"""A lake of one test: tables in a schema of their own, written by processes of their own."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.outcomes import Emit
from lake.catalog import connect, table_name
from lake.layout import TOPICS
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.reading import read_all
from runtime.records import OutRecord, Work, outgoing
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from schemas.events import TYPE_OF
from schemas.ids import new_request_id
from schemas.samples import sample_of
from schemas.topics import LOOK_COMPLETED, Topic
from tests.shared_services import in_containers

Place = tuple[int, int]
"""Partition and offset."""
COMMITS_EVERY_S = 0.5


@dataclass(frozen=True)
class Lake:
    """Where it is, and how its writer is started."""

    settings: LakeSettings
    store: ObjectStoreSettings
    kafka: KafkaSettings
    env: dict[str, str]

    @cached_property
    def _catalog(self) -> Catalog:
        return connect(self.settings, self.store, self.env)

    def table(self, topic: Topic = LOOK_COMPLETED) -> Table:
        """As it is now. Raises NoSuchTableError."""
        return self._catalog.load_table((self.settings.schema_here, table_name(topic.name)))

    def places(self, topic: Topic = LOOK_COMPLETED) -> Counter[Place]:
        """Of each row, so that one that is there twice shows."""
        rows = self.table(topic).scan(selected_fields=("partition", "offset")).to_arrow()
        return Counter(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))

    def snapshot(self, topic: Topic = LOOK_COMPLETED) -> int | None:
        """The id of the last commit; None while there is none."""
        try:
            return self.table(topic).metadata.current_snapshot_id
        except NoSuchTableError:
            return None

    async def committed(self, topic: Topic = LOOK_COMPLETED) -> set[Place]:
        """Of each committed record that can be read."""
        found: set[Place] = set()

        def take(record: ConsumerRecord) -> None:
            if isinstance(read(record), Work):
                found.add((record.partition, record.offset))

        await read_all(self.kafka, (topic,), take)
        return found

    async def _caught_up(self, topic: Topic) -> bool:
        """Whether its table has all the records that the topic has."""
        try:
            held = await asyncio.to_thread(self.places, topic)
        except NoSuchTableError:
            return False
        return held.keys() >= await self.committed(topic)

    async def settled(self, within_s: float = 180) -> None:
        """Wait until every table has the records of its topic, to which nothing is written
        meanwhile. What has caught up is not read again: it would take the writer's time.
        """
        behind = [*TOPICS]
        async with asyncio.timeout(within_s):
            while behind := [one for one in behind if not await self._caught_up(one)]:
                await asyncio.sleep(0.2)

    async def exact(self) -> None:
        """Each committed record is there once, and nothing else."""
        for topic in TOPICS:
            held, told = self.places(topic), await self.committed(topic)
            assert set(held) == told, topic.name
            assert [place for place, count in held.items() if count > 1] == [], topic.name


def lake_of(services: Stack, name: str, namespace: str | None = None) -> Lake:
    """Tables in a schema of this name. `namespace`: of the topics; None: the stack's own."""
    if in_containers():
        pytest.skip("no lake: the S3 that runs in a container has no Iceberg catalog beside it")
    env = {
        **os.environ,
        **services.env,
        "LOOKS_LAKE_SCHEMA_NAME": name,
        "LOOKS_LAKE_COMMIT_EVERY_S": str(COMMITS_EVERY_S),
        "LOOKS_KAFKA_SESSION_TIMEOUT_S": "6",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({} if namespace is None else {"LOOKS_NAMESPACE": namespace}),
    }
    return Lake(
        settings_of(LakeSettings, env),
        settings_of(ObjectStoreSettings, env),
        settings_of(KafkaSettings, env),
        env,
    )


@asynccontextmanager
async def writer(
    lake: Lake, faults: Path | None = None, **env: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m consumers.lake_writer`; killed at the end, unless it has ended."""
    told = {**lake.env, **env} | ({"LOOKS_FAULTS_DIR": str(faults)} if faults else {})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "consumers.lake_writer", cwd=CHECKOUT, env=told
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def records(count: int, topics: Sequence[Topic] = TOPICS) -> list[OutRecord]:
    """Samples of these topics, each of a request of its own."""
    made = []
    for number in range(count):
        topic = topics[number % len(topics)]
        assert topic.event is not None
        event = sample_of(TYPE_OF[topic.event])
        request_id = new_request_id()
        changed = {"request_id": request_id}
        if hasattr(event, "request"):
            changed["request"] = event.request.model_copy(update={"request_id": request_id})
        emit = Emit(event.model_copy(update=changed), (topic.name,), number + 1)
        made.append(outgoing(emit, "/test", datetime.now(UTC)))
    return made


async def send(producer: AIOKafkaProducer, outs: Sequence[OutRecord]) -> None:
    """Send and wait for all."""
    for sent in [
        await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers))
        for out in outs
    ]:
        await sent


async def transactions(kafka: KafkaSettings, count: int, of: int = 20) -> None:
    """Transactions of so many records each; every third is aborted. Their markers take offsets."""
    producer = new_producer(kafka, "test-lake", transactional_id=f"test-{new_request_id()}")
    await producer.start()
    try:
        for number in range(count):
            await producer.begin_transaction()
            await send(producer, records(of))
            if number % 3 == 2:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
    finally:
        await producer.stop()
