"""A secured stack: each process with its own user, role and rights, over TLS; what is not declared
is refused.
"""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from typer.testing import CliRunner, Result

from cli.main import app
from cli.settings import run
from devstack.bootstrap import settings_of
from devstack.processes import MODULES
from devstack.secured import SUBSCRIBING_TEAM, Secured
from devstack.stack import ALL, Stack
from runtime import acls
from runtime.connection import for_confluent
from runtime.kafka import client_options, new_producer
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.access import PROCESSES, Acl, AllowedOperation, Resource, user_of
from schemas.namespace import AS_DECLARED
from schemas.topics import CREDIT_REFUND, LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_PROGRESS, Topic
from storage.database import open_pool
from storage.roles import BY_PROCESS
from storage.seed import TENANTS
from tests.conftest import SETTINGS
from tests.e2e.client import Client
from tests.integration.connecting import connects

REFUSED = (TopicAuthorizationFailedError, KafkaError)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system, secured; in place of the open one in this module."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: a secured stack makes its certificates with it")
    with tempfile.TemporaryDirectory(prefix="looks-test-", ignore_cleanup_errors=True) as folder:
        made = Stack(Path(folder) / "s", ALL, SETTINGS, secured=True)
        try:
            made.start()
            yield made
        finally:
            made.stop()
        late = [
            line for line in made.log("supervisor").splitlines() if "did not stop within" in line
        ]
        assert [
            line for line in late if " s3 did not" not in line
        ] == []  # the object store is killed after 2 s on purpose


@pytest.fixture(scope="module")
def secured(stack: Stack) -> Secured:
    return Secured(stack.folder, ports(stack), AS_DECLARED)


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    made = Client(stack)
    yield made
    made.close()


def ports(stack: Stack) -> dict[str, int]:
    loaded: dict[str, int] = json.loads((stack.folder.data / "ports.json").read_text())
    return loaded


def kafka_of(
    stack: Stack, secured: Secured, name: str, password: str | None = None
) -> KafkaSettings:
    """What one user connects with."""
    known = {
        "LOOKS_KAFKA_USERNAME": user_of(name),
        "LOOKS_KAFKA_PASSWORD": password or secured.password(name),
    }
    return settings_of(KafkaSettings, {**stack.env, **known})


def looks(env: Mapping[str, str], *words: str, typed: str = "") -> Result:
    """`looks` as an operator types it, and what is typed into it."""
    return CliRunner().invoke(app, list(words), input=typed, env=env)


async def write(settings: KafkaSettings, topic: Topic, transactional_id: str | None = None) -> None:
    """Write one record that no reader sees: its transaction is aborted. Raises what Kafka
    answers.
    """
    producer = new_producer(settings, "test", transactional_id=transactional_id)
    try:
        await producer.start()
        if transactional_id is None:
            await producer.send_and_wait(topic.name, b"never read", partition=0)
            return
        await producer.begin_transaction()
        await (await producer.send(topic.name, b"never read", partition=0))
        await producer.abort_transaction()
    finally:
        await producer.stop()


@pytest.mark.hostile(row=7)
async def test_only_dead_letters_credentials_can_write_a_refund(
    stack: Stack, secured: Secured
) -> None:
    refused = []
    for access in PROCESSES:
        settings = kafka_of(stack, secured, access.name)
        transactional_id = f"{user_of(access.name)}.test" if access.transactional else None
        try:
            await write(settings, CREDIT_REFUND, transactional_id)
        except REFUSED:
            refused.append(access.name)
    assert refused == [access.name for access in PROCESSES if access.name != "dead_letter"]


@pytest.mark.hostile(row=7)
async def test_the_compositor_can_write_what_it_must_and_no_refund(
    stack: Stack, secured: Secured
) -> None:
    settings = kafka_of(stack, secured, "compositor")
    await write(settings, LOOK_PROGRESS, "looks.compositor.test")
    with pytest.raises(TopicAuthorizationFailedError):
        await write(settings, CREDIT_REFUND)


async def test_nobody_can_take_anothers_transactional_id(stack: Stack, secured: Secured) -> None:
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await write(kafka_of(stack, secured, "compositor"), LOOK_PROGRESS, "looks.dead_letter.0")


async def test_nobody_can_join_anothers_group(stack: Stack, secured: Secured) -> None:
    options = client_options(kafka_of(stack, secured, "compositor"))
    consumer = AIOKafkaConsumer(LOOK_DEAD_LETTER.name, group_id="looks.dead_letter", **options)
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.start()
    finally:
        await consumer.stop()


@pytest.mark.parametrize(
    ("topic", "group", "error"),
    [
        (LOOK_COMPLETED, f"{user_of(SUBSCRIBING_TEAM)}.reports", None),
        (LOOK_PROGRESS, f"{user_of(SUBSCRIBING_TEAM)}.reports", "TOPIC_AUTHORIZATION_FAILED"),
        (LOOK_COMPLETED, "looks.status_projection", "GROUP_AUTHORIZATION_FAILED"),
    ],
)
def test_a_subscriber_reads_public_topics_in_its_own_groups(
    stack: Stack, secured: Secured, topic: Topic, group: str, error: str | None
) -> None:
    settings = kafka_of(stack, secured, SUBSCRIBING_TEAM)
    consumer = Consumer(
        {**for_confluent(settings), "group.id": group, "enable.partition.eof": True}
    )
    try:
        consumer.assign([TopicPartition(topic.name, 0)])
        answer = consumer.poll(30)
        found = None if answer is None else answer.error()
        assert found is not None  # the end of an empty or a read partition is told as an error, too
        assert found.name() == (error or "_PARTITION_EOF")
    finally:
        consumer.close()


@pytest.mark.hostile(row=7)
@pytest.mark.parametrize(
    "how", ["plaintext", "anonymous", "wrong password", "wrong authority", "no certificate"]
)
def test_who_does_not_prove_who_it_is_gets_no_connection(
    stack: Stack, secured: Secured, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = client_options(kafka_of(stack, secured, "compositor"))
    wrong = {
        "plaintext": {**good, "security_protocol": "SASL_PLAINTEXT"},
        "anonymous": {**good, "security_protocol": "SSL"},
        "wrong password": {**good, "sasl_plain_password": "wrong"},
        "wrong authority": {
            **good,
            "ssl_context": client_options(_trusting_others(stack, secured))["ssl_context"],
        },
        "no certificate": {
            **good,
            "security_protocol": "SSL",
            "bootstrap_servers": _internal(stack),
        },
    }
    assert connects(partial(AIOKafkaProducer, **good))
    caplog.clear()
    assert not connects(partial(AIOKafkaProducer, **wrong[how]))
    if how == "wrong password":
        assert "invalid credentials" in caplog.text


def _internal(stack: Stack) -> str:
    return f"127.0.0.1:{ports(stack)['kafka_internal']}"


def _trusting_others(stack: Stack, secured: Secured) -> KafkaSettings:
    return kafka_of(stack, secured, "compositor").model_copy(update={"ca_file": None})


def test_postgres_takes_nobody_without_tls_or_with_a_wrong_password(
    stack: Stack, secured: Secured
) -> None:
    run(partial(_refused, stack, secured))


async def _refused(stack: Stack, secured: Secured) -> None:
    place = f"127.0.0.1:{ports(stack)['postgres']}/postgres"
    tls = f"sslmode=verify-full&sslrootcert={secured.ca}"
    right, wrong = (
        f"postgresql://login_api:{password}@{place}"
        for password in (secured.password("api"), "wrong")
    )
    connection = await asyncpg.connect(f"{right}?{tls}")
    assert await connection.fetchval("SELECT current_user") == "login_api"
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{wrong}?{tls}")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="without TLS"):
        await asyncpg.connect(f"{right}?sslmode=disable")
    with pytest.raises(OSError, match="certificate verify failed"):
        await asyncpg.connect(
            f"{right}?sslmode=verify-full&sslrootcert={_another_authority(secured)}"
        )


def _another_authority(secured: Secured) -> Path:
    """A certificate that did not sign Postgres': the broker's own."""
    return secured.broker.certificate


def test_looks_succeed_and_fail_and_the_audit_is_clean_with_each_process_as_itself(
    stack: Stack, secured: Secured, client: Client
) -> None:
    before, keys = client.balance(), client.wardrobe(["tee"])
    made, failed = (
        client.accepted((keys["tee"], "top")),
        client.accepted(("users/abc/absent.jpg", "top")),
    )
    jobs = client.finish([made, failed])
    assert (jobs[made]["status"], jobs[failed]["status"]) == ("SUCCESS", "FAILURE")
    assert client.balance() == before - 10
    assert run(partial(connected, stack)) == {
        f"login_{name}" for name in MODULES if name in BY_PROCESS
    }
    audited = looks(secured.env_of("auditor", stack.env), "audit", "--settle-s", "5")
    assert audited.exit_code == 0, audited.output
    assert audited.stdout.startswith("clean: ")


async def connected(stack: Stack) -> set[str]:
    """Who has a connection to Postgres that our pool made."""
    dsn = settings_of(DatabaseSettings, stack.env).dsn
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'looks'"
        )
    finally:
        await connection.close()
    return {row["usename"] for row in rows}


def test_the_brokers_acls_are_the_declared_ones_and_a_stranger_is_named_and_left(
    stack: Stack,
) -> None:
    assert looks(stack.env, "topics", "acls").stdout == "up to date\n"
    stranger = Acl(user_of("api"), Resource.TOPIC, CREDIT_REFUND.name, AllowedOperation.WRITE)
    acls.apply(settings_of(KafkaSettings, stack.env), {stranger.user: [stranger]})
    for _ in range(2):
        named = looks(stack.env, "topics", "acls")
        assert named.exit_code == 1
        assert named.stderr == "not declared: User:looks.api ALLOW WRITE TOPIC credit.refund\n"
    remove(settings_of(KafkaSettings, stack.env), stranger)


def remove(settings: KafkaSettings, acl: Acl) -> None:
    """As an operator removes an ACL by hand."""
    one = AclBindingFilter(
        ResourceType[acl.resource],
        acl.name,
        ResourcePatternType.LITERAL,
        f"User:{acl.user}",
        "*",
        AclOperation[acl.operation],
        AclPermissionType.ALLOW,
    )
    client = AdminClient(for_confluent(settings))  # kept: its answers die with it
    for done in client.delete_acls([one]).values():
        assert len(done.result(20)) == 1


def test_a_rotated_kafka_password_works_and_the_older_one_ends(
    stack: Stack, secured: Secured
) -> None:
    user, fresh = user_of(SUBSCRIBING_TEAM), "a-new-password-of-the-team"
    assert (
        looks(stack.env, "topics", "password", user, typed=f"{fresh}\n").stdout
        == f"{user} has a new password\n"
    )
    second = kafka_of(stack, secured, SUBSCRIBING_TEAM, fresh)
    first = kafka_of(stack, secured, SUBSCRIBING_TEAM)
    assert connects(partial(AIOKafkaProducer, **client_options(second)))
    assert not connects(partial(AIOKafkaProducer, **client_options(first)))


def test_a_second_login_of_a_role_works_beside_the_first(stack: Stack, secured: Secured) -> None:
    said = looks(
        stack.env, "db", "login", "auditor", "login_auditor_next", typed="the-next-password\n"
    )
    assert said.stdout == "login_auditor_next may log in as auditor\n"
    for user, password in (
        ("login_auditor_next", "the-next-password"),
        ("login_auditor", secured.password("auditor")),
    ):
        place = f"postgresql://{user}:{password}@127.0.0.1:{ports(stack)['postgres']}/postgres"
        dsn = f"{place}?sslmode=verify-full&sslrootcert={secured.ca}"
        assert run(partial(grants_seen, dsn)) == len(TENANTS)


def test_a_password_in_a_file_may_change_while_a_process_works(
    stack: Stack, secured: Secured, tmp_path: Path
) -> None:
    file, login = tmp_path / "password", "login_auditor_changing"
    place = f"postgresql://{login}:a-stale-password@127.0.0.1:{ports(stack)['postgres']}/postgres"
    settings = DatabaseSettings.model_validate(
        {"url": place, "ca_file": str(secured.ca), "password_file": str(file), "pool_max": 1}
    )

    def change(password: str) -> None:
        said = looks(stack.env, "db", "login", "auditor", login, typed=f"{password}\n")
        assert said.exit_code == 0, said.stderr

    async def works() -> None:
        async with open_pool(settings) as pool:
            seen = "SELECT count(*) FROM ledger_entries WHERE kind = 'grant'"
            assert await pool.fetchval(seen) == len(TENANTS)
            await asyncio.to_thread(change, "the-second-password")
            assert await pool.fetchval(seen) == len(TENANTS), "a connection outlives its password"
            await pool.expire_connections()
            with pytest.raises(asyncpg.InvalidPasswordError):
                await pool.fetchval(seen)
            await asyncio.to_thread(file.write_text, "the-second-password\n")
            assert await pool.fetchval(seen) == len(TENANTS)
        assert await grants_seen(settings.dsn) == len(TENANTS)

    change("the-first-password")
    file.write_text("the-first-password\n")
    run(works)


async def grants_seen(dsn: str) -> int:
    """How many grants whoever connects so can read."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(
            await connection.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'grant'")
        )
    finally:
        await connection.close()


def test_a_refused_command_does_not_show_its_password(stack: Stack, secured: Secured) -> None:
    url = stack.env["LOOKS_DATABASE_URL"].replace(secured.password("admin"), "a-wrong-password")
    database = looks({**stack.env, "LOOKS_DATABASE_URL": url}, "db", "migrate")
    assert database.exit_code == 2
    assert "password authentication failed" in database.stderr
    kafka = looks({**stack.env, "LOOKS_KAFKA_PASSWORD": "a-wrong-password"}, "topics", "apply")
    assert kafka.exit_code == 1
    assert leaks({"database": database.stderr, "kafka": kafka.stderr}, ["a-wrong-password"]) == []


def leaks(texts: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """Where a secret stands."""
    return [where for where, text in texts.items() if any(secret in text for secret in secrets)]


def test_no_secret_is_in_a_log_a_metric_an_argument_or_a_process_environment(
    stack: Stack, secured: Secured, client: Client
) -> None:
    client.finish([client.accepted(("users/abc/absent.jpg", "top"))])
    secrets = [
        *secured.secret_texts(),
        stack.env["AWS_SECRET_ACCESS_KEY"],
        stack.env["LOOKS_API_KEY"],
    ]
    planted = f"said {secrets[0]}"
    logs = {path.name: path.read_text(errors="replace") for path in stack.folder.log.iterdir()}
    assert all(logs[f"{name}.log"] for name in (*MODULES, "kafka", "postgres"))
    metrics = {
        name: httpx.get(f"http://127.0.0.1:{ports(stack)[f'health_{name}']}/metrics").text
        for name in MODULES
    }
    arguments = {
        str(one.pid): " ".join(one.info["cmdline"] or ())
        for one in psutil.process_iter(["cmdline"])
    }
    assert any("consumers.compositor" in line for line in arguments.values())
    assert leaks({**logs, **metrics, **arguments, "planted": planted}, secrets) == ["planted"]
    kept = {name: str(psutil.Process(stack.pid(name)).environ()) for name in MODULES}
    assert all(user_of(name) in text for name, text in kept.items())
    assert leaks(kept, secured.secret_texts()) == []


def test_its_secrets_are_readable_by_their_owner_alone(stack: Stack) -> None:
    assert stack.folder.secured.stat().st_mode & 0o077 == 0
    private = [
        path
        for path in stack.folder.secured.rglob("*")
        if re.search(r"LOOKS_|\.(key|both|json)$", path.name)
    ]
    assert len(private) > len(PROCESSES)
    assert [path for path in private if path.stat().st_mode & 0o077] == []
