"""Topics of requests grow to twice their partitions while looks are made, refused, retried,
cancelled and published twice: each request keeps its number for life, and the audit is clean.
"""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from consumers.compositor.handler import Compositor
from consumers.compositor.results import NotRendered, Rendered
from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.growing import Margins, when
from operations import growing
from operations.growing import Growing, grow, standing
from producers.deadline_sweeper import DeadlineSweeper
from producers.outbox_relay import OutboxRelay
from runtime import broker, copartitions
from runtime import kafka as kafka_clients
from runtime.fairness.slots import Slots
from runtime.kafka import ConsumerRecord
from runtime.lane_session import LaneSession
from runtime.placing import number_in, partition_of
from runtime.process import Process
from runtime.reading import read_all
from runtime.records import OutRecord
from runtime.sessions import Session, run_sessions
from runtime.settings import KafkaSettings, LookSettings, ObjectStoreSettings, ProcessSettings
from schemas.events import LookRequested, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.ids import made_ms
from schemas.layout import PartitionGrowth
from schemas.topics import COPARTITIONED, LOOK_CANCEL, LOOK_REQUESTED, RETRY_TOPICS, TOPICS
from storage import outbox
from storage.acceptance import Acceptance
from storage.cancellations import CancellationStore
from storage.claims import ClaimStore
from storage.object_store import ObjectStore
from storage.outbox import OutboxStore
from storage.overdue import OverdueStore
from storage.projection import ProjectionStore
from tests import shared_services
from tests.conftest import SETTINGS, running_stack
from tests.e2e.auditing import audit
from tests.integration.accepting import ENVIRONMENT, TENANT, accept
from tests.integration.applications import (
    compositor_session,
    dead_letters,
    ledger,
    projection,
)
from tests.integration.conftest import until

BEFORE, AFTER = 4, 8
EVERY_S = 0.15
ON_NEW_NUMBERS = 20
PATIENT = SETTINGS | {
    "LOOKS_KAFKA_TRANSACTION_TIMEOUT_S": "30",
    "LOOKS_KAFKA_SESSION_TIMEOUT_S": "30",
}
"""No process dies here. On a busy machine a broker with this many rebalances took over 5 s for a
transaction; lanes that begin anew for that ask more of it.
"""
PICTURE = b"a picture"
KEY = "results/demo/grown.png"
MARGINS = Margins(timedelta(seconds=12), timedelta(seconds=2), timedelta(seconds=10))
"""One clock makes ids and records the moment."""
HEALS = FailureReason(code=FailureCode.INTERNAL, message="another try may do")
REFUSED = FailureReason(code=FailureCode.NO_GARMENT_FOUND, message="no garment", item_index=0)


@pytest.fixture(scope="module")
def services() -> Iterator[Stack]:
    """A namespace of its own: topics that grew stay so."""
    few = {"LOOKS_KAFKA_PARTITIONS": str(BEFORE)}
    yield from running_stack((), lambda: shared_services.place() | few)


@pytest.fixture(autouse=True)
def _soon(services: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients see new partitions within a second."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    for module in (kafka_clients, broker):
        monkeypatch.setattr(module, "METADATA_MAX_AGE_MS", 500)
    monkeypatch.setattr(copartitions, "EVERY_S", 0.5)
    monkeypatch.setattr(growing, "LOOK_EVERY_S", 0.2)


class Various:
    """Of ten looks one is refused, and one succeeds at its second try. Which, its id says."""

    def __init__(self, bucket: str) -> None:
        image = StoredImage(
            bucket=bucket,
            key=KEY,
            content_type="image/png",
            width=1,
            height=1,
            bytes=len(PICTURE),
            sha256=hashlib.sha256(PICTURE).hexdigest(),
        )
        self._made = Rendered(image, (), "test", ())
        self.tries: dict[str, int] = defaultdict(int)

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        one = request.request_id
        self.tries[one] += 1
        await asyncio.sleep(0.05)
        if partition_of(one, 10) == 0:
            return NotRendered(REFUSED)
        if partition_of(one, 10) == 1 and self.tries[one] == 1:
            return NotRendered(HEALS, can_heal=True)
        return self._made


@asynccontextmanager
async def pipeline(
    kafka: KafkaSettings, pool: asyncpg.Pool, renderer: Various
) -> AsyncIterator[None]:
    """Every process that a look meets: two relays, two compositors, one of each of the others."""

    def compositor(process: Process) -> LaneSession:
        handler = Compositor(renderer, Slots(8), lambda: datetime.now(UTC), history_window_s=300)
        return compositor_session(process, kafka, handler)

    def relay(process: Process) -> OutboxRelay:
        return OutboxRelay(process, kafka, OutboxStore(pool), look_again_s=0.05)

    def sweeper(process: Process) -> DeadlineSweeper:
        look = LookSettings(clock_margin_s=1)
        return DeadlineSweeper(process, kafka, look, OverdueStore(pool), ProjectionStore(pool))

    parts: dict[str, Callable[[Process], Session]] = {
        "status_projection": projection(kafka, pool),
        "credit_ledger": ledger(kafka, pool),
        "dead_letter": dead_letters(kafka, ClaimStore(pool)),
        "compositor": compositor,
        "compositor-2": compositor,
        "outbox_relay": relay,
        "outbox_relay-2": relay,
        "deadline_sweeper": sweeper,
    }
    processes = {name: Process(name, ProcessSettings(instance=name)) for name in parts}
    tasks = [
        asyncio.create_task(run_sessions(one, name, partial(parts[name], one)))
        for name, one in processes.items()
    ]

    async def ready() -> bool:
        return all(one.ready for one in processes.values())

    try:
        await until(ready, within_s=120)
        yield
    finally:
        for one in processes.values():
            one.stopping.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


class Load:
    """Requests that come all the time; each seventh is cancelled at once."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.ids: list[str] = []
        self.cancelled: list[str] = []
        self._enough = asyncio.Event()
        self._acceptance = Acceptance(pool, batch_max=8, queue_max=8)
        self._cancellations = CancellationStore(pool)

    async def run(self) -> None:
        while not self._enough.is_set():
            self.ids += await accept(self._acceptance, deadline_s=240)
            last = self.ids[-1]
            if len(self.ids) % 7 == 0 and await self._cancellations.cancel(
                TENANT, ENVIRONMENT, last
            ):
                self.cancelled.append(last)
            await asyncio.sleep(EVERY_S)

    async def stop(self, loading: asyncio.Task[None]) -> None:
        """Once it knows of all that was accepted."""
        self._enough.set()
        await loading

    async def came(self, count: int, since_ms: int = 0) -> list[str]:
        """So many of them made since then, once they are there."""

        async def there() -> bool:
            return sum(made_ms(one) >= since_ms for one in self.ids) >= count

        await until(there, within_s=120)
        return [one for one in self.ids if made_ms(one) >= since_ms][:count]


async def records_by_request(kafka: KafkaSettings) -> dict[str, list[ConsumerRecord]]:
    """Everything that topics of requests say."""
    found: dict[str, list[ConsumerRecord]] = defaultdict(list)

    def take(record: ConsumerRecord) -> None:
        found[(record.key or b"").decode()].append(record)

    await read_all(kafka, [one for one in TOPICS if one.name in COPARTITIONED], take)
    return found


async def published_again(kafka: KafkaSettings, pool: asyncpg.Pool, ids: list[str]) -> None:
    """As by a relay that died between publishing and removing rows."""
    there = await records_by_request(kafka)
    copies = [
        record
        for one in ids
        for record in there[one]
        if record.topic in (LOOK_REQUESTED.name, LOOK_CANCEL.name)
    ]
    async with pool.acquire() as connection, connection.transaction():
        for one in copies:
            out = OutRecord(one.topic, one.key, one.value, tuple(one.headers))
            await outbox.add(connection, out)


def command(services: Stack, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "topics", "grow", *words],
        cwd=CHECKOUT,
        env={**os.environ, **services.env, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def killed_halfway(services: Stack, folder: Path) -> list[str]:
    """The command, killed when all topics but one have grown; what it says then of how things
    stand.
    """
    words = (LOOK_REQUESTED.name, str(AFTER))
    (folder / "grow.after-apply").write_text("kill")
    killed = command(services, *words, LOOKS_FAULTS_DIR=str(folder))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    plan = command(services, *words, "--plan")
    assert f"would give {LOOK_REQUESTED.name} {AFTER} partitions" in plan.stdout, plan.stderr
    return command(services, "--status").stdout.splitlines()


async def unsettled(pool: asyncpg.Pool) -> list[str]:
    """What is open, owed or on its way."""
    rows = await pool.fetch(
        """SELECT 'outbox: ' || topic FROM outbox UNION ALL
           SELECT format('%s is %s, made %s, from %s', request_id, status, created_at, updated_at)
           FROM request_logs r WHERE status NOT IN ('SUCCESS', 'FAILURE')
           OR status = 'FAILURE' AND NOT EXISTS (SELECT FROM ledger_entries l
             WHERE l.request_id = r.request_id AND l.kind = 'refund')"""
    )
    return [str(row[0]) for row in rows]


async def until_settled(pool: asyncpg.Pool) -> None:
    """Raises AssertionError: what is not, and the time."""
    with suppress(TimeoutError):
        return await until(lambda: _nothing(pool), within_s=120)
    raise AssertionError((datetime.now(UTC), await unsettled(pool)))


async def _nothing(pool: asyncpg.Pool) -> bool:
    return not await unsettled(pool)


async def test_topics_grow_under_load_and_no_request_is_decided_twice(
    services: Stack, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    kafka = settings_of(KafkaSettings, {**services.env, **PATIENT})
    bucket = services.env["LOOKS_S3_BUCKET"]
    ObjectStore(settings_of(ObjectStoreSettings, services.env)).put(KEY, PICTURE, "image/png")
    renderer, load = Various(bucket), Load(pool)
    connection = await asyncpg.connect(services.env["LOOKS_DATABASE_URL"])
    at = Growing(kafka, connection, print, MARGINS, within_s=60)
    async with pipeline(kafka, pool, renderer):
        loading = asyncio.create_task(load.run())
        early = await load.came(10)

        told = await asyncio.to_thread(killed_halfway, services, tmp_path)
        assert "being prepared" in told[0]
        assert f"{LOOK_REQUESTED.name} has {BEFORE} partitions" in told
        assert f"{LOOK_CANCEL.name} has {AFTER} partitions" in told
        late = await load.came(10, since_ms=made_ms(load.ids[-1]))

        # The same again goes on from there
        growth = await grow(at, AFTER)
        assert isinstance(growth, PartitionGrowth)
        assert (growth.before, growth.count) == (BEFORE, AFTER)
        since_ms = growth.since_ms or 0
        assert made_ms(load.ids[-1]) < since_ms
        assert await grow(at, AFTER) == growth, "nothing is left to do"

        # What came before is published again after, when a key of its hash would be placed anew
        new = await load.came(ON_NEW_NUMBERS, since_ms)
        await published_again(kafka, pool, [*early, *late, *new[:10]])
        layout = kafka.names.layout([growth])

        async def enough() -> bool:
            new = {one for one in load.ids if number_in(layout, one) >= BEFORE}
            cancelled = new.intersection(load.cancelled)
            healed = {one for one in new - cancelled if partition_of(one, 10) == 1}
            return min(len(cancelled), len(healed)) >= 2 and len(new) >= ON_NEW_NUMBERS

        await until(enough, within_s=120)
        await load.stop(loading)
        await until_settled(pool)
        assert f"from {when(since_ms)} on" in "\n".join(await standing(at))
    await connection.close()

    found = await records_by_request(kafka)
    numbers = {one: {record.partition for record in found[one]} for one in load.ids}
    assert numbers == {one: {number_in(layout, one)} for one in load.ids}
    on_new = {one for one in load.ids if numbers[one] & {*range(BEFORE, AFTER)}}
    assert len(on_new) >= ON_NEW_NUMBERS
    assert all(made_ms(one) >= since_ms for one in on_new)
    said = {topic: {one for one in load.ids if _in(found[one], topic)} for topic in COPARTITIONED}
    assert said[LOOK_CANCEL.name] & on_new
    assert said[RETRY_TOPICS[0].name] & on_new
    assert len(_of(found[early[0]], LOOK_REQUESTED.name)) == 2, "it was there again"

    code, words = await asyncio.to_thread(audit, services, "--settle-s", "2")
    assert code == 0, words
    assert str(len(load.ids)) in words


def _of(records: list[ConsumerRecord], topic: str) -> list[ConsumerRecord]:
    return [one for one in records if one.topic == topic]


def _in(records: list[ConsumerRecord], topic: str) -> bool:
    return bool(_of(records, topic))
