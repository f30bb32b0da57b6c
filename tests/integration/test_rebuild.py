"""The projection rebuilt from real topics: equal row for row, corruption named and mended, a kill
and live traffic harmless.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from cli.main import app
from cli.rebuild.history import TOPICS
from cli.rebuild.run import Rebuilt, rebuild
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.outcomes import Emit
from domain.read_positions import ReadPosition
from runtime import metrics
from runtime.kafka import AIOKafkaProducer
from runtime.process import Process
from runtime.reading import partitions_of, spans
from runtime.records import outgoing
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.events import (
    LookCompleted,
    LookFailed,
    LookProgress,
    LookRequested,
    RequestEvent,
    Stage,
    StoredImage,
)
from schemas.failures import FailureCode, FailureReason
from schemas.ids import new_request_id
from schemas.topics import BY_NAME, LOOK_COMPLETED, LOOK_PROGRESS, LOOK_REQUESTED, PARTITIONS
from storage.acceptance import Acceptance
from storage.projection import ProjectionStore
from tests.conftest import fresh_services
from tests.integration.accepting import TENANT, accept
from tests.integration.applications import projection
from tests.integration.conftest import running, until
from tests.integration.reading import requested
from tests.integration.test_command_line import looks

services = fresh_services
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
GONE = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)
CANCELLED = FailureReason(code=FailureCode.CANCELLED, message="cancelled")
Said = tuple[RequestEvent, int]
"""An event and its number."""

_DUMP = """
SELECT 'r' AS tab, request_id, 0 AS seq, to_jsonb(r)::text AS row FROM request_logs r
UNION ALL SELECT 'e', request_id, seq, to_jsonb(e)::text FROM job_events e
UNION ALL SELECT 'o', topic, partition, next_offset::text FROM projection_offsets
  ORDER BY 1, 2, 3"""


@pytest.fixture
def database(services: Stack) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"url": services.env["LOOKS_DATABASE_URL"]})


async def publish(producer: AIOKafkaProducer, said: Sequence[Said]) -> None:
    for event, number in said:
        out = outgoing(
            Emit(event, (type(event).__name__, str(number)), number), "/test", datetime.now(UTC)
        )
        await producer.send_and_wait(out.topic, out.value, key=out.key, headers=list(out.headers))


def at(request: LookRequested, number: int) -> datetime:
    """In the order of their numbers, whenever they are made: `updated_at` goes by it."""
    return request.requested_at + timedelta(milliseconds=number)


def progress(request: LookRequested, number: int, stage: Stage = Stage.COMPOSING) -> Said:
    return LookProgress(
        request_id=request.request_id,
        tenant_id=TENANT,
        stage=stage,
        attempt=1,
        at=at(request, number),
    ), number


def completed(request: LookRequested, number: int) -> Said:
    event = LookCompleted(
        request_id=request.request_id,
        tenant_id=TENANT,
        image=IMAGE,
        items=(),
        engine_version="1",
        stage_ms={"cut": 1.5},
        duration_ms=5,
        completed_at=at(request, number),
    )
    return event, number


def failed(request: LookRequested, number: int, why: FailureReason = GONE) -> Said:
    return LookFailed(
        request_id=request.request_id, tenant_id=TENANT, error=why, failed_at=at(request, number)
    ), number


async def accepted(pool: asyncpg.Pool, count: int) -> list[LookRequested]:
    ids = await accept(Acceptance(pool, batch_max=64, queue_max=64), count)
    return [await requested(pool, request_id) for request_id in ids]


async def history(pool: asyncpg.Pool, producer: AIOKafkaProducer) -> list[LookRequested]:
    """Requests in every state, told in no good order and some of it twice, beside what no
    projection can apply.
    """
    requests = await accepted(pool, 7)
    plain, retried, broken, stopped, begun, fresh, _never_sent = requests
    late: list[Said] = [
        completed(plain, 3),
        completed(retried, 5),
        failed(broken, 3),
        failed(stopped, 2, CANCELLED),
        progress(retried, 4),
        progress(plain, 2),
    ]
    early: list[Said] = [(one, 1) for one in (plain, retried, broken, stopped, begun, fresh)]
    early += [
        progress(retried, 2),
        progress(retried, 3, Stage.RETRYING),
        progress(broken, 2),
        progress(begun, 2),
    ]
    await publish(producer, late + early + late[:3] + early[:8])
    stranger = plain.model_copy(update={"tenant_id": "other"})
    unknown = plain.model_copy(update={"request_id": new_request_id()})
    await publish(producer, [(stranger, 7), (unknown, 1)])
    await producer.send_and_wait(LOOK_PROGRESS.name, b"\xff", key=b"poison")
    return requests


@asynccontextmanager
async def projecting(kafka: KafkaSettings, pool: asyncpg.Pool) -> AsyncIterator[None]:
    async with running("projection", projection(kafka, pool)) as process:
        assert isinstance(process, Process)
        yield


async def has_read_all(kafka: KafkaSettings, pool: asyncpg.Pool) -> bool:
    ends = {
        (tp.topic, tp.partition): end
        for tp, (_, end) in (
            await spans(kafka, await partitions_of(kafka, [BY_NAME[t] for t in TOPICS]))
        ).items()
    }
    reached = await ProjectionStore(pool).positions(sorted(ends))
    none = ReadPosition(0)
    return all(reached.get(part, none).next_offset >= end for part, end in ends.items())


async def projected_history(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> list[LookRequested]:
    requests = await history(pool, producer)
    async with projecting(kafka, pool):
        await until(lambda: has_read_all(kafka, pool))
    return requests


async def dump(pool: asyncpg.Pool) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await pool.fetch(_DUMP)]


async def corrupt(pool: asyncpg.Pool, requests: Sequence[LookRequested]) -> None:
    """One request for each kind of damage."""
    plain, retried, broken, stopped, begun, fresh, never_sent = (one.request_id for one in requests)
    await pool.execute(
        "UPDATE request_logs SET status = 'IN_PROGRESS', result = NULL WHERE request_id = $1", plain
    )
    await pool.execute(
        "UPDATE request_logs SET result = jsonb_set(result, '{seed}', '7') WHERE request_id = $1",
        retried,
    )
    await pool.execute(
        "UPDATE request_logs SET error_code = 'internal' WHERE request_id = $1", broken
    )
    await pool.execute("DELETE FROM job_events WHERE request_id = $1 AND seq = 2", stopped)
    await pool.execute(
        "UPDATE job_events SET message = 'x' WHERE request_id = $1 AND seq = 2", begun
    )
    await pool.execute(
        "UPDATE request_logs SET updated_at = updated_at + interval '1 hour' WHERE request_id = $1",
        fresh,
    )
    await pool.execute(
        "INSERT INTO job_events VALUES ($1, 1, 'e', 'queued', NULL, '', '{}', now())", never_sent
    )


def named(done: Rebuilt) -> set[tuple[str, str, int | None, str, tuple[str, ...]]]:
    return {
        (
            one.table,
            one.request_id,
            one.seq,
            one.what,
            tuple(one.live or ()) if one.what == "differs" else (),
        )
        for one in done.compared.sample
    }


async def test_the_rebuilt_rows_are_the_live_ones_and_corruption_is_named_and_mended(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, database: DatabaseSettings
) -> None:
    requests = await projected_history(kafka, pool, producer)
    before = await dump(pool)
    same = await rebuild(kafka, database, None, dry_run=True)
    assert (same.compared.counts, same.compared.sample, same.behind, same.compared.kept) == (
        {},
        [],
        0,
        0,
    )
    assert (same.count.damaged, same.count.refused) == (1, 2)
    await corrupt(pool, requests)
    damaged = await dump(pool)
    found = await rebuild(kafka, database, None, dry_run=True)
    plain, retried, broken, stopped, begun, fresh, never_sent = (one.request_id for one in requests)
    assert named(found) == {
        ("request_logs", plain, None, "differs", ("status", "result")),
        ("request_logs", retried, None, "differs", ("result",)),
        ("request_logs", broken, None, "differs", ("error_code",)),
        ("request_logs", fresh, None, "differs", ("updated_at",)),
        ("job_events", stopped, 2, "missing", ()),
        ("job_events", begun, 2, "differs", ("message",)),
        ("job_events", never_sent, 1, "extra", ()),
    }
    assert await dump(pool) == damaged
    assert (await rebuild(kafka, database, None)).swapped
    assert await dump(pool) == before
    assert not (await rebuild(kafka, database, None)).swapped


async def told(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, *said: Said
) -> None:
    """Published, and projected before anything else is."""
    await publish(producer, said)
    async with projecting(kafka, pool):
        await until(lambda: has_read_all(kafka, pool))


async def test_two_events_with_one_number_are_both_kept_outcome_last_and_hidden_ones_come_back(
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    database: DatabaseSettings,
    services: Stack,
) -> None:
    in_order, late, plain = await accepted(pool, 3)
    alarms = metrics.EVENT_COLLISIONS._value.get()
    first: list[Said] = [
        (in_order, 1),
        progress(in_order, 2),
        (late, 1),
        failed(late, 2, CANCELLED),
        (plain, 1),
    ]
    second: list[Said] = [failed(in_order, 2, CANCELLED), progress(late, 2)]
    await told(kafka, pool, producer, *first)
    await told(kafka, pool, producer, *second)
    await told(kafka, pool, producer, *first, *second)  # what is told again is no alarm
    assert metrics.EVENT_COLLISIONS._value.get() == alarms + 2
    before = await dump(pool)
    for one in (in_order, late):
        rows = await pool.fetch(
            "SELECT seq, event_type FROM job_events WHERE request_id = $1 ORDER BY seq",
            one.request_id,
        )
        assert [tuple(row) for row in rows] == [(1, "queued"), (2, "stage"), (3, "failed")]
    assert (await rebuild(kafka, database, None, dry_run=True)).compared.counts == {}
    audited = looks(services, "audit", "--settle-s", "0").stdout
    for one in (in_order, late):
        assert f"{one.request_id}: topics have two events with the number 2" in audited
    assert f"{plain.request_id}: topics" not in audited

    # As an older projection left them: the event that came second was dropped.
    await pool.execute(
        "DELETE FROM job_events WHERE request_id = $1 AND seq = 3", in_order.request_id
    )
    await pool.execute("DELETE FROM job_events WHERE request_id = $1 AND seq = 2", late.request_id)
    await pool.execute(
        "UPDATE job_events SET seq = 2 WHERE request_id = $1 AND seq = 3", late.request_id
    )
    assert (await rebuild(kafka, database, None)).swapped
    assert await dump(pool) == before


async def test_an_empty_projection_is_rebuilt_whole(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, database: DatabaseSettings
) -> None:
    await projected_history(kafka, pool, producer)
    before = await dump(pool)
    await pool.execute("TRUNCATE job_events")
    await pool.execute(
        """UPDATE request_logs SET status = 'NOT_STARTED', updated_at = created_at, error_code =
        NULL, error_message = NULL,
           error_item_index = NULL, result = NULL"""
    )
    assert (await rebuild(kafka, database, None)).swapped
    assert await dump(pool) == before


async def test_a_rebuild_killed_while_it_swaps_leaves_the_live_tables_as_they_were(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    database: DatabaseSettings,
) -> None:
    requests = await projected_history(kafka, pool, producer)
    before = await dump(pool)
    await corrupt(pool, requests)
    damaged = await dump(pool)
    async with pool.acquire() as held, held.transaction():
        await held.execute(
            "SELECT FROM request_logs WHERE request_id = $1 FOR UPDATE", requests[0].request_id
        )
        words = ["-c", "from cli.main import app; app()", "db", "rebuild-projection"]
        env = {**os.environ, **services.env, "PYTHONPATH": str(CHECKOUT)}
        process = await asyncio.create_subprocess_exec(sys.executable, *words, env=env)

        async def swapping() -> bool:
            assert process.returncode is None
            return bool(
                await pool.fetchval(
                    """SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'looks-rebuild' AND datname = current_database()
                       AND wait_event_type = 'Lock' AND query LIKE '%UPDATE request_logs%'"""
                )
            )

        await until(swapping)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert await dump(pool) == damaged
    assert await pool.fetchval("SELECT count(*) FROM shadow_requests") > 0

    async def gone() -> bool:
        query = (
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'looks-rebuild' "
            "AND datname = current_database()"
        )
        return bool(await pool.fetchval(query))

    await until(gone)
    await rebuild(kafka, database, None)
    assert await dump(pool) == before
    assert await pool.fetchval("SELECT to_regclass('shadow_requests') IS NULL")


async def test_a_projection_that_goes_on_meanwhile_loses_nothing(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, database: DatabaseSettings
) -> None:
    old = await projected_history(kafka, pool, producer)
    stop, looks = asyncio.Event(), list[LookRequested]()

    async def traffic() -> None:
        while not stop.is_set():
            (one,) = await accepted(pool, 1)
            await publish(producer, [(one, 1), progress(one, 2), completed(one, 3)])
            looks.append(one)

    async with projecting(kafka, pool):
        going = asyncio.create_task(traffic())
        for _ in range(2):
            seen = len(looks)
            await corrupt(pool, old)
            assert (await rebuild(kafka, database, None)).compared.requests >= 4
            assert len(looks) > seen
        stop.set()
        await going
        await until(lambda: has_read_all(kafka, pool))
    same = await rebuild(kafka, database, None, dry_run=True)
    assert (same.compared.counts, same.behind) == ({}, 0)
    ids = [one.request_id for one in looks]
    query = "SELECT count(*) FROM request_logs WHERE status = 'SUCCESS' AND request_id = ANY($1)"
    assert await pool.fetchval(query, ids) == len(ids)
    assert await pool.fetchval(
        "SELECT count(*) FROM job_events WHERE request_id = ANY($1)", ids
    ) == 3 * len(ids)


def rewind_words(offset: int, partition: int, *more: str) -> list[str]:
    words = [
        "db",
        "rewind-projection",
        "--topic",
        LOOK_COMPLETED.name,
        "--partition",
        str(partition),
        "--offset",
        str(offset),
    ]
    return [*words, "--operator", "ann", "--why", "reads it again", *more]


async def test_a_rewind_is_recorded_and_refused_forwards_and_while_the_projection_runs(
    services: Stack, kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    await projected_history(kafka, pool, producer)
    before = await dump(pool)
    (row,) = await pool.fetch(
        "SELECT * FROM projection_offsets WHERE topic = $1 AND next_offset > 0 LIMIT 1",
        LOOK_COMPLETED.name,
    )
    runner, part, end = CliRunner(env=services.env), row["partition"], row["next_offset"]

    async def looks(words: list[str]) -> tuple[int, str]:
        done = await asyncio.to_thread(runner.invoke, app, words)
        return done.exit_code, done.output

    async with projecting(kafka, pool):
        code, told = await looks(rewind_words(0, part, "--yes"))
        assert (code, "stop it first" in told) == (1, True), told
    assert await looks(rewind_words(0, part)) == (
        1,
        "nothing was done: say --yes, or --dry-run to see what would be\n",
    )
    code, told = await looks(rewind_words(end, part, "--yes"))
    assert (code, "would not be back" in told) == (1, True), told
    code, told = await looks(rewind_words(0, part, "--dry-run"))
    assert (code, told.startswith("would go")) == (0, True), told
    assert await dump(pool) == before
    for _ in range(2):
        code, told = await looks(rewind_words(0, part, "--yes"))
        assert (code, told.startswith("went")) == (0, True), told
        async with projecting(kafka, pool):
            await until(lambda: has_read_all(kafka, pool))
        assert await dump(pool) == before
    code, told = await looks(["dlq", "actions"])
    assert told.count(f"rewound    {LOOK_COMPLETED.name}[{part}]@0") == 2, told


async def test_requests_older_than_the_topics_keep_what_they_have(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, database: DatabaseSettings
) -> None:
    requests = await projected_history(kafka, pool, producer)
    before = await dump(pool)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    short = [
        TopicPartition(kafka.names.topic(topic.name), n, -1)
        for topic in (LOOK_REQUESTED, LOOK_PROGRESS)
        for n in range(PARTITIONS)
    ]
    for future in admin.delete_records(short).values():
        future.result(30)
    found = await rebuild(kafka, database, None)
    assert (found.compared.counts, found.swapped) == ({}, False)
    assert found.compared.kept > 0
    plain, begun = requests[0].request_id, requests[4].request_id
    await pool.execute(
        "UPDATE request_logs SET status = 'IN_PROGRESS', result = NULL WHERE request_id = $1", plain
    )
    await pool.execute("DELETE FROM job_events WHERE request_id = $1", begun)
    lost = [row for row in before if row[:2] != ("e", begun)]
    assert (await rebuild(kafka, database, None)).compared.requests == 1
    assert await dump(pool) == lost
