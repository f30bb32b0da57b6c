"""A tenant is erased from Postgres, the bucket and the lake: words that it left everywhere are
nowhere, also when the command is killed on its way, and the audit has nothing to say of it.
"""

import asyncio
import re
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pyarrow.parquet as pq
import pytest
from aiokafka import AIOKafkaProducer
from pyarrow import fs

from consumers.status_projection import DECLARATION
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from domain.erasure import words_pattern
from domain.outcomes import Emit
from domain.projection import JobEventRow
from domain.read_positions import caught_up
from domain.rebuilding import RequestRow
from domain.redriving import RecordPosition, Verb
from runtime.faults import OF_COMMANDS
from runtime.reading import read_all, written_to
from runtime.records import OutRecord, outgoing
from runtime.settings import DatabaseSettings, KafkaSettings, ObjectStoreSettings
from schemas.events import TYPE_OF
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from schemas.samples import sample_of
from schemas.topics import (
    IN_THE_LAKE,
    LOOK_COMPLETED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    TOPICS,
)
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.database import connect, open_pool
from storage.erasure import OF_A_REQUEST, TABLES, ErasureStore
from storage.object_store import ObjectMissing, ObjectStore
from storage.operator_actions import Intent
from storage.projection import ProjectionStore
from storage.rebuild import comparing
from storage.redrives import RedriveStore
from storage.shadow import ShadowTables
from storage.submissions import LOOK_ROUTE, Accepted, IdempotencyKey, Submission
from tests.integration.applications import projection
from tests.integration.conftest import running, until
from tests.integration.lakes import Lake, lake_of, records, send, writer
from tests.integration.partitioned import fill, own_database
from tests.integration.test_command_line import looks

KEPT_OF_A_REQUEST = {
    "request_id",
    "environment",
    "job_type",
    "status",
    "credits_cost",
    "created_at",
    "updated_at",
    "deadline_at",
    "error_code",
    "error_item_index",
}


@dataclass(frozen=True)
class Planted:
    """A tenant, a word that it left wherever it could, and two requests."""

    tenant: str
    word: str
    done: str
    failed: str
    key: str

    @property
    def words(self) -> tuple[str, str]:
        return self.tenant, self.word


@pytest.fixture
def lake(services: Stack, monkeypatch: pytest.MonkeyPatch) -> Lake:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    return lake_of(services, f"test_{new_request_id().lower()}")


@pytest.fixture
def bucket(services: Stack, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    return ObjectStore(settings_of(ObjectStoreSettings, services.env))


@pytest.fixture
async def planted(pool: asyncpg.Pool, bucket: ObjectStore, producer: AIOKafkaProducer) -> Planted:
    unique = new_request_id().lower()
    tenant, word = f"t{unique}", f"w{unique[::-1]}"
    accounts = AccountStore(pool)
    await accounts.create_tenant(tenant, [f"planted/{tenant}/"])
    _, key = await accounts.create_key(tenant, "live", ["looks:write"])
    await accounts.grant(tenant, "live", 100, word)
    done, failed = [await _accepted(pool, tenant, word) for _ in range(2)]
    made = Planted(tenant, word, done, failed, key)
    await _judged(pool, made)
    await _said(pool, made)
    for key_ in _objects(bucket, made):
        bucket.put(key_, word.encode(), "text/plain")
    await send(producer, told(made))
    return made


def _objects(bucket: ObjectStore, of: Planted) -> list[str]:
    return [
        bucket.names.key(f"results/{of.tenant}/{of.done}.png"),
        bucket.names.key(f"cutouts/{of.tenant}/0.6/{of.word}.png"),
        f"planted/{of.tenant}/{of.word}.jpg",
        f"test/planted/{of.tenant}/{of.word}.jpg",
    ]


async def _accepted(pool: asyncpg.Pool, tenant: str, word: str) -> str:
    request_id = new_request_id()
    one = Submission(
        request_id=request_id,
        tenant_id=tenant,
        environment="live",
        user_category=None,
        items=(
            TrialItemInput(trial_image=f"planted/{tenant}/{word}.jpg", trial_item_category="top"),
        ),
        runtime_config={"note": word},
        reference=word,
        metadata={word: word},
        credits_cost=10,
        deadline_s=600,
        answer=f'{{"said": "{word}"}}'.encode(),
        idempotency=IdempotencyKey(LOOK_ROUTE, f"{word}-{request_id}", b"f"),
    )
    assert isinstance(await Acceptance(pool, batch_max=8, queue_max=8).accept(one), Accepted)
    await pool.execute("DELETE FROM outbox WHERE key = $1", request_id)
    return request_id


async def _judged(pool: asyncpg.Pool, of: Planted) -> None:
    """How the two requests ended."""
    await pool.execute(
        """UPDATE request_logs SET status = 'SUCCESS', result = jsonb_build_object('tenant_id',
             tenant_id, 'image', jsonb_build_object('key', $2::text)) WHERE request_id = $1""",
        of.done,
        of.word,
    )
    await pool.execute(
        """UPDATE request_logs SET status = 'FAILURE', error_code = 'internal', error_message = $2
           WHERE request_id = $1""",
        of.failed,
        of.word,
    )
    await pool.execute(
        """WITH entry AS (INSERT INTO ledger_entries (tenant_id, environment, kind, amount,
             request_id) VALUES ($1, 'live', 'refund', 10, $2))
           UPDATE credit_accounts SET balance = balance + 10
           WHERE (tenant_id, environment) = ($1, 'live')""",
        of.tenant,
        of.failed,
    )
    for request_id, end in ((of.done, "succeeded"), (of.failed, "failed")):
        for seq, kind in enumerate(("queued", end), 1):
            await pool.execute(
                """INSERT INTO job_events (request_id, seq, event_id, event_type, message, extra,
                     created_at) VALUES ($1, $2, $3, $4, $5, jsonb_build_object('x', $5::text),
                     now())""",
                request_id,
                seq,
                f"{request_id}-{seq}",
                kind,
                of.word,
            )


async def _said(pool: asyncpg.Pool, of: Planted) -> None:
    """What else there is of the tenant."""
    await pool.execute(
        """INSERT INTO webhooks (webhook_id, tenant_id, environment, url, event_types, description)
           VALUES ($1, $2, 'live', $3, '{look.completed}', $4)""",
        of.tenant,
        of.tenant,
        f"https://{of.word}.example",
        of.word,
    )
    await pool.execute(
        "INSERT INTO webhook_secrets (webhook_id, secret) VALUES ($1, $2)",
        of.tenant,
        f"whsec_{of.word}",
    )
    await pool.execute(
        """INSERT INTO webhook_deliveries (delivery_id, webhook_id, event_id, event_type, payload,
             status, last_answer) VALUES ($1, $1, $1, 'look.completed', $2, 'delivered', $3)""",
        of.tenant,
        of.word.encode(),
        of.word,
    )
    await pool.execute(
        """INSERT INTO console_sessions (session_id, key_id, token_hash, agent, expires_at)
           SELECT key_id, key_id, $2::text::bytea, $2::text, now() + interval '1 day' FROM api_keys
           WHERE tenant_id = $1""",
        of.tenant,
        of.word,
    )
    await pool.execute(
        """WITH refused AS (INSERT INTO refused_requests (exchange_id, tenant_id, environment,
             key_id, method, path, status, code, message, created_at)
             VALUES ($2, $1, 'live', '', 'GET', $2, 404, '', $2, now())),
           draft AS (INSERT INTO console_drafts (key_id, draft)
             SELECT key_id, $2 FROM api_keys WHERE tenant_id = $1)
           INSERT INTO uploads (upload_id, tenant_id, environment, object_key, content_type, bytes)
           VALUES ($2, $1, 'live', $2, 'image/png', 1)""",
        of.tenant,
        of.word,
    )
    await pool.execute(
        """INSERT INTO operator_actions (action_id, step, verb, topic, partition, "offset",
             request_id, operator, reason)
           VALUES ($1, 'intended', 'discard', $1, 0, 0, $2, 'ann', $3),
                  ($4, 'intended', 'discard', $4, 0, 0, NULL, 'ann', $5)""",
        new_request_id(),
        of.failed,
        of.word,
        new_request_id(),
        f"told {of.tenant}",
    )


def told(of: Planted) -> list[OutRecord]:
    """What topics say of the two requests."""
    made = []
    for number, topic in enumerate((LOOK_REQUESTED, *IN_THE_LAKE)):
        assert topic.event is not None
        event = sample_of(TYPE_OF[topic.event])
        about = of.done if number == 0 or topic is LOOK_COMPLETED else of.failed
        changed: dict[str, object] = {"request_id": about, "tenant_id": of.tenant}
        if hasattr(event, "request"):
            changed["request"] = event.request.model_copy(update=changed)
        if hasattr(event, "message"):
            changed["message"] = of.word
        emit = Emit(event.model_copy(update=changed), (of.word, str(number)), number + 10)
        made.append(outgoing(emit, "/test", datetime.now(UTC)))
    return made


def erase(services: Stack, lake: Lake, tenant: str, *words: str, **env: str) -> tuple[int, str]:
    told = {name: text for name, text in lake.env.items() if name.startswith("LOOKS_LAKE")}
    done = looks(services, "tenants", "erase", tenant, "--young-s", "0", *words, **told, **env)
    return done.returncode, done.stdout + done.stderr


async def rows_with(pool: asyncpg.Pool, word: str) -> dict[str, int]:
    """Tables with rows in whose text, or in whose bytes, the word is."""
    tables = await pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = {
        row["relname"]: await pool.fetchval(
            f'SELECT count(*) FROM "{row["relname"]}" t WHERE t::text LIKE ANY($1::text[])',
            [f"%{word}%", f"%{word.encode().hex()}%"],
        )
        for row in tables
    }
    return {table: count for table, count in found.items() if count}


def files_with(lake: Lake, words: tuple[str, ...]) -> list[str]:
    """Every file of the lake in which a word is: whole rows of each file, referred to or not, and
    the bytes of what is no rows, unpacked.
    """
    found = []
    for topic in IN_THE_LAKE:
        table = lake.table(topic)
        place = table.location().partition("://")[2]
        io = table.io.fs_by_scheme("s3", place.partition("/")[0])  # type: ignore[attr-defined]  # PyArrow's
        for info in io.get_file_info(fs.FileSelector(place, recursive=True)):
            if info.type != fs.FileType.File:
                continue
            text = (
                str(pq.read_table(info.path, filesystem=io).to_pylist())
                if info.extension == "parquet"
                else _unpacked(io.open_input_stream(info.path, compression=None).read())
            )
            found += [info.path for word in words if word in text]
    return found


def _unpacked(data: bytes) -> str:
    """Avro's blocks are deflated, each behind two numbers; between them stands what the file ends
    with. What is no Avro is as it is.
    """
    texts = [data.decode(errors="replace")]
    for block in data.split(data[-16:]) if data.startswith(b"Obj") else ():
        for at in range(min(20, len(block))):
            unpacking = zlib.decompressobj(-15)
            try:
                plain = unpacking.decompress(block[at:])
            except zlib.error:
                continue
            if unpacking.eof:
                texts.append(plain.decode(errors="replace"))
    return "\n".join(texts)


async def nowhere(pool: asyncpg.Pool, bucket: ObjectStore, lake: Lake, of: Planted) -> None:
    for word in of.words:
        assert await rows_with(pool, word) == {}
        keys = [key for page in bucket.below("") for key in page if word in key]
        assert keys == []
    assert await asyncio.to_thread(files_with, lake, of.words) == []


@pytest.mark.timeout(600)
async def test_words_planted_everywhere_are_nowhere_though_it_is_killed_at_each_point(
    services: Stack,
    pool: asyncpg.Pool,
    bucket: ObjectStore,
    lake: Lake,
    producer: AIOKafkaProducer,
    planted: Planted,
    tmp_path: Path,
) -> None:
    others = records(60)
    await send(producer, others)
    async with writer(lake):
        await lake.settled()
    for word in planted.words:
        assert len(await rows_with(pool, word)) >= 7
    assert len(files_with(lake, planted.words)) >= len(IN_THE_LAKE)

    for point in OF_COMMANDS["erasure"]:
        (tmp_path / f"erasure.{point}").write_text("kill")
        code, said = erase(
            services, lake, planted.tenant, "--revoke", LOOKS_FAULTS_DIR=str(tmp_path)
        )
        assert code == -9, (point, said)
    verified = ("--verify", "--text", planted.word)
    code, said = erase(services, lake, planted.tenant, "--text", planted.word)
    assert (code, "erased" in said) == (0, True), said
    assert all(topic.name in said for topic in TOPICS)

    await nowhere(pool, bucket, lake, planted)
    assert erase(services, lake, planted.tenant, *verified)[0] == 0
    assert erase(services, lake, planted.tenant)[0] == 0  # nothing is left to do
    assert await lake.committed() - set(lake.places())  # the tenant's alone: see the audit
    await _amounts_stay(pool, planted)


async def _amounts_stay(pool: asyncpg.Pool, of: Planted) -> None:
    name = await pool.fetchval("SELECT tenant_id FROM request_logs WHERE request_id = $1", of.done)
    assert re.fullmatch(r"erased-[0-9a-z]{26}", name)
    entries = await pool.fetch(
        "SELECT kind, amount FROM ledger_entries WHERE tenant_id = $1 ORDER BY id", name
    )
    assert [tuple(row) for row in entries] == [
        ("grant", 100),
        ("charge", -10),
        ("charge", -10),
        ("refund", 10),
    ]
    assert await AccountStore(pool).balance(name, "live") == 90
    steps = await pool.fetch(
        "SELECT step FROM operator_actions WHERE verb = 'erase' AND topic = $1 ORDER BY id", name
    )
    assert [row["step"] for row in steps] == ["intended", "done"]
    assert not await AccountStore(pool).credential(of.key)


async def test_records_of_an_erased_tenant_are_skipped_and_the_audit_says_nothing(
    services: Stack,
    pool: asyncpg.Pool,
    kafka: KafkaSettings,
    bucket: ObjectStore,
    lake: Lake,
    producer: AIOKafkaProducer,
    planted: Planted,
) -> None:
    async with writer(lake):
        await lake.settled()
        code, said = erase(services, lake, planted.tenant, "--revoke")
        assert code == 0, said
    async with running("projection", projection(kafka, pool)):

        async def all_read() -> bool:
            partitions = [
                (topic.name, number)
                for topic in DECLARATION.topics
                for number in range(kafka.names.count(topic.name))
            ]
            at = await ProjectionStore(pool).positions(partitions)
            there = await written_to(kafka, partitions)
            return all(caught_up(at, there, number, timedelta()) for _, number in partitions)

        await until(all_read)
    assert await rows_with(pool, planted.word) == {}
    kept: list[bytes] = []
    await read_all(kafka, (LOOK_QUARANTINE,), lambda record: kept.append(record.value or b""))
    assert [value for value in kept if planted.tenant.encode() in value] == []
    told_lake = {name: text for name, text in lake.env.items() if name.startswith("LOOKS_LAKE")}
    done = looks(services, "audit", "--settle-s", "0", **told_lake)
    assert done.returncode in {0, 1}, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("VIOLATION")]
    assert [line for line in lines if planted.done in line or planted.failed in line] == []
    assert [line for line in lines if " 11 " in line and "not in the lake" in line] == []
    assert [line for line in lines if "erased-" in line] == []


async def test_nothing_brings_back_what_was_erased(services: Stack) -> None:
    async with own_database(services) as url:
        settings = DatabaseSettings.model_validate({"url": url})
        own = await connect(settings, "test")
        done, _, _, _, failed = await fill(own, datetime.now(UTC), 5, timedelta(seconds=1))
        await own.execute("UPDATE job_events SET message = 'words'")
        erasing = ErasureStore(own)
        erasure = await erasing.begin("demo", "ann", "")
        assert [count async for count in erasing.forget(erasure, words_pattern("demo", []))]
        await erasing.finish(erasure, "")
        # What topics say of them, as a rebuild would put it back
        shadow = ShadowTables(own)
        await shadow.create()
        await shadow.add_requests([RequestRow(done, True, None, False)])
        event = JobEventRow(done, 1, "x", "queued", None, "words", {}, datetime.now(UTC))
        await shadow.add_events([(event, 0)])
        await shadow.index()
        async with comparing(own, to_swap=False) as comparison:
            compared = await comparison.compare(None)
        assert (compared.events, compared.requests) == (0, 0)
        async with open_pool(settings) as pool:
            place = RecordPosition("look.dead-letter", 0, 0)
            intent = Intent(new_request_id(), Verb.RERUN, place, "ann", "")
            assert await RedriveStore(pool).rerun(failed, intent, 60) is None
        await own.close()


async def test_the_ledger_takes_no_other_change_while_a_tenant_is_erased(
    pool: asyncpg.Pool, planted: Planted
) -> None:
    name = f"erased-{new_request_id().lower()}"
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO tenants VALUES ($1, '{}')", name)
        await connection.execute(
            "INSERT INTO credit_accounts (tenant_id, environment) VALUES ($1, 'live')", name
        )
        await connection.execute(
            "INSERT INTO erasures (pseudonym, tenant_id, key_prefixes) VALUES ($1, $2, '{}')",
            name,
            planted.tenant,
        )
        for change in ("amount = amount + 1", f"tenant_id = '{name}', amount = 0"):
            with pytest.raises(asyncpg.RaiseError, match="never changed"):
                async with connection.transaction():
                    await connection.execute(
                        f"UPDATE ledger_entries SET {change} WHERE tenant_id = $1", planted.tenant
                    )
        await transaction.rollback()


async def test_a_tenant_with_a_look_in_work_is_refused_and_a_shared_prefix_is_named(
    services: Stack, pool: asyncpg.Pool, lake: Lake, planted: Planted
) -> None:
    await pool.execute(
        "UPDATE request_logs SET status = 'IN_PROGRESS', result = NULL WHERE request_id = $1",
        planted.done,
    )
    code, said = erase(services, lake, planted.tenant)
    assert (code, "keys that still work: 1" in said) == (1, True), said
    assert "looks in progress: 1" in said
    assert await AccountStore(pool).credential(planted.key) is not None
    await _judged_again(pool, planted)
    neighbour = replace(planted, tenant=f"{planted.tenant}b")
    await AccountStore(pool).create_tenant(neighbour.tenant, [f"planted/{planted.tenant}/shared/"])
    code, said = erase(services, lake, planted.tenant, "--revoke")
    assert (code, f"also of tenant {neighbour.tenant}" in said) == (1, True), said
    assert (await AccountStore(pool).balance(planted.tenant, "live")) == 90


async def _judged_again(pool: asyncpg.Pool, of: Planted) -> None:
    await pool.execute(
        "UPDATE request_logs SET status = 'SUCCESS', result = '{}' WHERE request_id = $1", of.done
    )


async def test_every_table_and_every_column_of_a_request_is_spoken_of(pool: asyncpg.Pool) -> None:
    tables = await pool.fetch(
        """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
           AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 't0%'"""
    )
    assert {row["relname"] for row in tables} - TABLES.keys() == set()
    columns = await pool.fetch(
        """SELECT attname FROM pg_attribute WHERE attrelid = 'request_logs'::regclass
           AND attnum > 0 AND NOT attisdropped"""
    )
    assert {row["attname"] for row in columns} == KEPT_OF_A_REQUEST | OF_A_REQUEST.keys()


async def test_what_is_missing_in_the_bucket_is_no_error(bucket: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        bucket.get("users/nobody/x.jpg", 1)
    bucket.delete_all(["users/nobody/x.jpg"])
    assert list(bucket.below("users/nobody/")) == []
