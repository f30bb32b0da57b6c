"""What operators do about failed requests and quarantined records, on real Kafka and Postgres, as
they type it.

Nothing is charged, refunded, published or sent twice, whatever is repeated or interrupted; the
audit stays clean.
"""

import asyncio
import hashlib
import json
import os
import pty
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from typer.testing import CliRunner, Result

from cli.main import app
from consumers.compositor.results import NotRendered, Rendered
from devstack.demo import object_store
from devstack.stack import Stack
from domain.outcomes import Emit
from domain.redriving import RecordPosition, Verb
from runtime import metrics
from runtime.kafka import partition_of, quarantined
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from schemas.events import LookDeadLettered, LookRequested
from schemas.failures import FailureCode, FailureReason
from schemas.ids import new_request_id
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_DEAD_LETTER,
    LOOK_FAILED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    PARTITIONS,
    Topic,
)
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.claims import ClaimStore
from storage.operator_actions import Intent
from storage.redrives import RedriveStore
from tests.integration.accepting import accept, submission
from tests.integration.applications import dead_letters, ledger, projection
from tests.integration.conftest import Begin, running, until
from tests.integration.reading import records_of, requested
from tests.integration.test_command_line import looks
from tests.integration.test_processes import (
    IMAGE,
    Renderer,
    compositor,
    now,
    publish,
    refunds_of,
    relay,
)

OURS = FailureReason(code=FailureCode.INTERNAL, message="our fault")
THEIRS = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)
PICTURE = b"a picture"


@pytest.fixture
async def acceptance(pool: asyncpg.Pool) -> Acceptance:
    return Acceptance(pool, batch_max=8, queue_max=8)


async def dlq(stack: Stack, *words: str) -> Result:
    """`looks dlq ...` inside this process, without a terminal."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["dlq", *words], env=stack.env))


def dead(kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    return dead_letters(kafka, ClaimStore(pool))


def letter(event: LookRequested, reason: FailureReason = OURS) -> Emit:
    dead_lettered = LookDeadLettered(
        request_id=event.request_id, tenant_id=event.tenant_id, reason=reason, request=event,
        attempts=4, decided_by="test",
        dead_lettered_at=now(),
    )  # fmt: skip
    return Emit(dead_lettered, ("look.dead-letter", "test"), 2)


async def event_of(pool: asyncpg.Pool, acceptance: Acceptance) -> LookRequested:
    (request_id,) = await accept(acceptance, deadline_s=3600)
    return await requested(pool, request_id)


async def counts(pool: asyncpg.Pool) -> list[int]:
    tables = ("operator_actions", "redrives", "request_logs", "outbox", "ledger_entries")
    return [await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


async def failed_and_refunded(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer, emits: Iterable[Emit]
) -> None:
    """Let these dead letters have all their consequences."""
    letters = list(emits)
    async with running("dead", dead(kafka, pool)), running("ledger", ledger(kafka, pool)):
        async with running("projection", projection(kafka, pool)):
            for emit in letters:
                await publish(producer, emit)
            for emit in letters:

                async def settled(request_id: str = emit.event.request_id) -> bool:
                    standing = (await RedriveStore(pool).standings([request_id]))[request_id]
                    return standing.refunded and standing.status == "FAILURE"

                await until(settled)


async def keep(
    producer: AIOKafkaProducer,
    topic: Topic,
    key: str,
    value: bytes,
    offset: int,
    *,
    consumer: str = "test",
    **extra: str,
) -> str:
    """Put a record into quarantine as a consumer does; returns its place. It comes from the key's
    `offset`-th made-up place.
    """
    more = [(name.replace("_", "-"), text.encode()) for name, text in extra.items()]
    headers = [("ce_id", b"poison"), ("raw", b"\xff"), *more]
    number = partition_of(key, PARTITIONS)
    came_from = int.from_bytes(hashlib.sha256(key.encode()).digest()[:6]) + offset
    record = ConsumerRecord(
        topic.name, number, came_from, 0, 0, key.encode(), value, None, 0, 0, headers
    )
    out = quarantined(record, "not JSON of the expected shape", consumer)
    kept = await producer.send_and_wait(
        out.topic, out.value, key=out.key, headers=list(out.headers)
    )
    return f"{kept.partition}@{kept.offset}"


async def sent_again(kafka: KafkaSettings, topic: Topic, key: str) -> list[Any]:
    return [
        record
        for record in await records_of(kafka, topic, key)
        if "looks-redrives" in dict(record.headers)
    ]


async def test_a_look_that_failed_by_our_fault_is_made_good_once_at_no_cost(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    acceptance: Acceptance,
) -> None:
    ours = await event_of(pool, acceptance)
    published = metrics.DEAD_LETTERS.labels("internal")._value.get()
    async with running("relay", relay(kafka, pool)):
        await failed_and_refunded(kafka, pool, producer, [letter(ours)])
    assert metrics.DEAD_LETTERS.labels("internal")._value.get() == published + 1
    before, balance = await counts(pool), await AccountStore(pool).balance("demo", "live")

    said = await dlq(services, "redrive", "--request", ours.request_id, "--dry-run")
    assert said.exit_code == 0, said.output
    assert f"{ours.request_id} a new request with the same items, at no cost" in said.output
    assert await counts(pool) == before
    said = await dlq(services, "redrive", "--request", ours.request_id)
    assert (said.exit_code, await counts(pool)) == (1, before)  # nobody to ask, and no --yes
    said = await dlq(services, "redrive", "--request", ours.request_id, "--yes")
    assert (said.exit_code, said.stderr) == (0, "1 rerun\n"), said.output
    standing = (await RedriveStore(pool).standings([ours.request_id]))[ours.request_id]
    fresh = standing.redriven_as
    assert fresh is not None
    said = await dlq(services, "redrive", "--request", ours.request_id, "--yes")
    assert said.exit_code == 0
    assert f"redriven as {fresh}" in said.output
    assert (
        await pool.fetchval("SELECT count(*) FROM redrives WHERE request_id = $1", ours.request_id)
        == 1
    )
    charged = await pool.fetch(
        "SELECT kind, amount FROM ledger_entries WHERE request_id = $1", fresh
    )
    assert [tuple(row) for row in charged] == [("charge", 0)]
    assert await AccountStore(pool).balance("demo", "live") == balance
    row = await pool.fetchrow("SELECT * FROM request_logs WHERE request_id = $1", fresh)
    old = await pool.fetchrow("SELECT * FROM request_logs WHERE request_id = $1", ours.request_id)
    assert row is not None
    assert old is not None
    assert all(
        row[name] == old[name]
        for name in ("tenant_id", "environment", "items", "runtime_config", "user_category")
    )

    image = IMAGE.model_copy(
        update={
            "key": f"results/demo/{fresh}",
            "bytes": len(PICTURE),
            "sha256": hashlib.sha256(PICTURE).hexdigest(),
        }
    )
    object_store(services.env).put_object(
        Bucket=services.env["LOOKS_S3_BUCKET"], Key=image.key, Body=PICTURE
    )
    renderer = Renderer(Rendered(image, (), "test", ()))
    async with (
        running("relay", relay(kafka, pool)),
        running("compositor", compositor(kafka, renderer)),
    ):
        async with running("projection", projection(kafka, pool)):

            async def told_whole() -> bool:
                """Topics are read side by side: the outcome may be there before what led to it."""
                seqs = await pool.fetch(
                    "SELECT seq FROM job_events WHERE request_id = $1 ORDER BY seq", fresh
                )
                status = await pool.fetchval(
                    "SELECT status FROM request_logs WHERE request_id = $1", fresh
                )
                return (status, [row["seq"] for row in seqs]) == ("SUCCESS", [1, 2, 3])

            await until(told_whole)
    assert ours.request_id not in renderer.made
    shown = json.loads((await dlq(services, "show", ours.request_id, "--json")).stdout)
    assert (shown["redriven_as"], shown["status"], shown["refunded"]) == (fresh, "FAILURE", True)
    assert [event["type"] for event in shown["timeline"]] == ["queued", "failed"]
    assert [action["verb"] for action in shown["actions"]] == ["rerun"]
    audited = await asyncio.to_thread(looks, services, "audit", "--settle-s", "0")
    for request_id in (ours.request_id, fresh):
        assert request_id not in audited.stdout, audited.stdout


async def test_a_look_that_failed_for_its_tenants_photos_is_not_made_anew_but_put_aside(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    acceptance: Acceptance,
) -> None:
    theirs = await event_of(pool, acceptance)
    await failed_and_refunded(kafka, pool, producer, [letter(theirs, THEIRS)])
    before = await counts(pool)
    said = await dlq(services, "redrive", "--request", theirs.request_id, "--yes")
    assert (said.exit_code, await counts(pool)) == (1, before)
    assert "not our fault" in said.output
    listed = ("list", "--request", theirs.request_id, "--open")
    assert (
        "object_not_found items[0] after 4 by test: gone" in (await dlq(services, *listed)).stdout
    )
    said = await dlq(
        services, "discard", "--request", theirs.request_id, "--why", "told them", "--yes"
    )
    assert (said.exit_code, said.stderr) == (0, "1 discarded\n"), said.output
    assert (await dlq(services, *listed)).stdout == "no dead letters\n"


async def test_a_rerun_that_fails_too_gives_nothing_back_and_may_be_made_good_itself(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    acceptance: Acceptance,
) -> None:
    first = await event_of(pool, acceptance)
    await failed_and_refunded(kafka, pool, producer, [letter(first)])
    assert (await dlq(services, "redrive", "--request", first.request_id, "--yes")).exit_code == 0
    second = (await RedriveStore(pool).standings([first.request_id]))[first.request_id].redriven_as
    assert second is not None
    await failed_and_refunded(kafka, pool, producer, [letter(await requested(pool, second))])
    assert await refunds_of(pool, second) == [0]
    rows = await pool.fetchval("SELECT count(*) FROM request_logs")
    both = await asyncio.gather(
        *(RedriveStore(pool).rerun(second, intent(number), 60) for number in range(2))
    )
    assert sorted(made is None for made in both) == [False, True]
    assert await pool.fetchval("SELECT count(*) FROM request_logs") == rows + 1
    assert (await RedriveStore(pool).standings([second]))[second].redriven_as in both


def intent(number: int) -> Intent:
    """One operator of two who redrive different letters of one request at the same moment."""
    return Intent(
        new_request_id(),
        Verb.RERUN,
        RecordPosition(LOOK_DEAD_LETTER.name, 0, 10**12 + number),
        f"operator {number}",
        "",
    )


async def test_a_letter_that_nobody_could_handle_is_sent_again_and_fails_its_request_once(
    services: Stack,
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    acceptance: Acceptance,
) -> None:
    lost = new_request_id()
    restored = submission(lost, deadline_s=3600)
    event = LookRequested(
        request_id=lost,
        tenant_id="demo",
        items=restored.items,
        credits_cost=10,
        requested_at=now(),
        deadline_at=now(),
    )
    async with running("dead", dead(kafka, pool)):
        # Its row is not there: a database from before the request, say
        await publish(producer, letter(event))

        async def kept() -> bool:
            return len(await records_of(kafka, LOOK_QUARANTINE, lost)) == 1

        await until(kept)
    assert (
        "there is no such request"
        in (await dlq(services, "redrive", "--request", lost, "--yes")).output
    )
    await acceptance.accept(restored)
    unread = await event_of(pool, acceptance)
    await publish(producer, letter(unread))
    said = await dlq(services, "redrive", "--request", unread.request_id, "--yes")
    assert "dead_letter has not read it yet" in said.output
    assert (
        "its tenant has no outcome yet"
        in (await dlq(services, "discard", "--request", lost, "--why", "x", "--yes")).output
    )

    said = await dlq(services, "redrive", "--request", lost, "--yes", "--why", "row restored")
    assert (said.exit_code, said.stderr) == (0, "1 sent\n"), said.output
    assert (
        "has not read it yet" in (await dlq(services, "redrive", "--request", lost, "--yes")).output
    )
    said = await dlq(services, "quarantine", "redrive", "--request", lost, "--yes")
    assert (said.exit_code, said.stderr) == (0, "1 skipped\n"), said.output
    assert len(await records_of(kafka, LOOK_DEAD_LETTER, lost)) == 2  # as it came and sent again
    await failed_and_refunded(kafka, pool, producer, [letter(await requested(pool, lost))])
    assert len(await records_of(kafka, LOOK_FAILED, lost)) == 1
    assert await refunds_of(pool, lost) == [10]


async def test_quarantined_records_go_back_whole_in_order_and_once(
    services: Stack, kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    key = new_request_id()
    values = [b"\xff%d" % number for number in range(3)]
    for number in (2, 0, 1):
        await keep(producer, CREDIT_REFUND, key, values[number], number)
    await keep(producer, CREDIT_REFUND, key, values[0], 0, consumer="another")
    spent = await keep(producer, CREDIT_REFUND, key, b"spent", 9, looks_redrives="3")
    before = await counts(pool)
    dry = await dlq(services, "quarantine", "redrive", "--request", key, "--dry-run")
    assert dry.stdout.count("would send") == 3
    assert (await counts(pool), await sent_again(kafka, CREDIT_REFUND, key)) == (before, [])

    said = await dlq(
        services,
        "quarantine",
        "redrive",
        "--request",
        key,
        "--yes",
        "--operator",
        "ann",
        "--why",
        "mended",
    )
    assert said.exit_code == 1  # one was refused
    assert "3 sent" in said.stderr
    assert "redriven 3 times" in said.stdout
    again = await dlq(services, "quarantine", "redrive", "--request", key, "--yes")
    assert "4 skipped" in again.stderr
    sent = await sent_again(kafka, CREDIT_REFUND, key)
    assert [record.value for record in sent] == values
    for record in sent:
        assert record.headers[:2] == (("ce_id", b"poison"), ("raw", b"\xff"))
        assert [name for name, _ in record.headers[2:]] == ["looks-redrives", "looks-redrive-id"]
        assert dict(record.headers)["looks-redrives"] == b"1"
        assert record.partition == partition_of(key, PARTITIONS)

    said = await dlq(
        services, "quarantine", "discard", "--record", spent, "--why", "beyond repair", "--yes"
    )
    assert "1 discarded" in said.stderr
    listed = await dlq(services, "quarantine", "list", "--request", key, "--json")
    states = [json.loads(line)["state"] for line in listed.stdout.splitlines()]
    assert sorted(states) == ["discarded", "open", "redriven", "redriven", "redriven"]
    assert "beyond repair" in (await dlq(services, "actions")).output
    shown = await dlq(services, "quarantine", "show", spent)
    assert "looks-quarantine-consumer: test" in shown.stdout
    assert "state: discarded by" in shown.stdout


async def test_selection_by_topic_consumer_reason_and_time(
    services: Stack, producer: AIOKafkaProducer
) -> None:
    key = new_request_id()
    body = json.dumps({"tenant_id": key}).encode()
    await keep(producer, LOOK_REQUESTED, key, body, 0, consumer=key)

    async def found(*words: str) -> int:
        listed = await dlq(services, "quarantine", "list", "--request", key, "--json", *words)
        assert listed.exit_code == 0, listed.output
        return len(listed.stdout.splitlines())

    meant = (
        "--topic",
        "look.requested",
        "--consumer",
        key,
        "--reason",
        "not JSON",
        "--tenant",
        key,
        "--since",
        "5m",
    )
    assert await found(*meant, "--open") == 1
    for other in (
        ("--topic", "look.cancel"),
        ("--consumer", "x"),
        ("--reason", "CSV"),
        ("--tenant", "x"),
        ("--until", "5m"),
    ):
        assert await found(*other) == 0
    assert (
        await dlq(services, "quarantine", "redrive", "--yes")
    ).exit_code == 2  # all of them must be said


async def test_a_terminal_is_asked_and_no_is_no(
    services: Stack, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    place = await keep(producer, CREDIT_REFUND, new_request_id(), b"\xff", 0)
    before = await counts(pool)
    terminal, side = pty.openpty()
    os.write(terminal, b"n\n")
    words = ("dlq", "quarantine", "redrive", "--record", place)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from cli.main import app; app()", *words, stdin=side, stdout=-1,
        stderr=-1,
        env={**os.environ, **services.env},
    )  # fmt: skip
    said, complained = await asyncio.wait_for(process.communicate(), 60)
    os.close(terminal)
    os.close(side)
    assert b"would send" in said
    assert b"Aborted" in complained
    assert (process.returncode, await counts(pool)) == (1, before)


async def test_a_public_record_does_not_go_back_to_be_read_twice(
    services: Stack, kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    key = new_request_id()
    await keep(producer, LOOK_COMPLETED, key, b"{}", 0)
    said = await dlq(services, "quarantine", "redrive", "--request", key, "--yes")
    assert (said.exit_code, await records_of(kafka, LOOK_COMPLETED, key)) == (1, [])
    assert "subscribers would read it twice" in said.stdout


@pytest.mark.parametrize("point", ["before-publish", "after-publish"])
async def test_a_redrive_killed_halfway_is_finished_by_repeating_it(
    point: str, services: Stack, kafka: KafkaSettings, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    key = new_request_id()
    place = await keep(producer, CREDIT_REFUND, key, b"\xffonce", 0)
    (tmp_path / f"operator.{point}").write_text("kill")
    words = ("dlq", "quarantine", "redrive", "--record", place, "--yes")
    killed = await asyncio.to_thread(looks, services, *words, LOOKS_FAULTS_DIR=str(tmp_path))
    assert killed.returncode == -signal.SIGKILL
    assert len(await sent_again(kafka, CREDIT_REFUND, key)) == (point == "after-publish")
    listed = await dlq(services, "quarantine", "list", "--request", key, "--json")
    assert json.loads(listed.stdout)["state"] == "unfinished"
    discarded = await dlq(
        services, "quarantine", "discard", "--record", place, "--why", "x", "--yes"
    )
    assert "interrupted" in discarded.stdout
    for word in ("1 sent", "1 skipped"):
        assert word in (await dlq(services, *words[1:])).stderr
    assert len(await sent_again(kafka, CREDIT_REFUND, key)) == 1


@pytest.mark.parametrize("table", ["operator_actions", "redrives"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET action_id = 'x'", "TRUNCATE {} CASCADE"]
)
async def test_what_operators_did_is_never_rewritten(
    table: str, statement: str, pool: asyncpg.Pool, acceptance: Acceptance
) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "INSERT INTO redrives VALUES ($1, $2, 'a')", *await accept(acceptance, 2)
        )
        await connection.execute(
            """INSERT INTO operator_actions (action_id, step, verb, topic, partition, "offset",
            operator)
               VALUES ('a', 'intended', 'discard', 'x', 0, 0, 'ann')"""
        )
        with pytest.raises(asyncpg.RaiseError, match="are never changed"):
            await connection.execute(statement.format(table))
        await transaction.rollback()


async def test_a_compositor_whose_every_look_fails_by_its_fault_stops_deciding_and_recovers(
    kafka: KafkaSettings, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    ids = await accept(Acceptance(pool, batch_max=64, queue_max=64), 30, deadline_s=3600)
    renderer = Renderer(NotRendered(OURS))
    trips = metrics.BREAKER_TRIPS.labels("breaking")

    before = trips._value.get()
    async with running("breaking", compositor(kafka, renderer), breaker_pause_s=3):
        for request_id in ids:
            await publish(
                producer, Emit(await requested(pool, request_id), (LOOK_REQUESTED.name,), 1)
            )

        async def tripped() -> bool:
            return bool(trips._value.get() > before)

        await until(tripped)
        failed = await about(kafka, LOOK_DEAD_LETTER, ids)
        renderer.result = Rendered(IMAGE, (), "test", ())  # mended while it pauses
        assert len(failed) < 10  # `BreakerLimit.min_faults`: the one that trips it commits nothing

        async def finished() -> bool:
            return len(await about(kafka, LOOK_COMPLETED, ids)) == len(ids) - len(failed)

        await until(finished)
        assert await about(kafka, LOOK_DEAD_LETTER, ids) == failed
        assert not failed & await about(kafka, LOOK_COMPLETED, ids)
    assert trips._value.get() == before + 1


async def about(kafka: KafkaSettings, topic: Topic, ids: list[str]) -> set[str]:
    """Which of these requests a topic has a committed record of."""
    keys: set[str] = set()
    await read_all(kafka, (topic,), lambda record: keys.add((record.key or b"").decode()))
    return keys & set(ids)
