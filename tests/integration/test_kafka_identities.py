"""How a process proves to Kafka who it is, other than by a password: a certificate, a token. On a
broker with an authorizer, which knows the processes by names of its own.
"""

import asyncio
import base64
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner, Result

from cli.main import app
from consumers.dead_letter import DECLARATION
from devstack.bootstrap import settings_of
from devstack.certificates import Authority, Identity
from devstack.folder import StackFolder, free_ports
from devstack.kafka import COMMON, broker
from runtime.broker import Heard, new_broker, subscribe
from runtime.connection import for_confluent
from runtime.kafka import new_producer
from runtime.settings import KafkaSettings
from schemas.topics import CREDIT_REFUND, LOOK_DEAD_LETTER, LOOK_PROGRESS, Topic
from tests.conftest import stack_folder
from tests.integration.connecting import connects
from tests.integration.parts import supervised

TOKENS_OF_NOBODY = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
"""Kafka's own check for development: a token's signature is not looked at, its times are."""
PRINCIPALS = {"compositor": "CN=looks-compositor", "dead_letter": "svc-dead-letter"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A broker with a listener for certificates and one for tokens."""

    folder: Path
    authority: Authority
    certificates: str
    tokens: str

    def with_certificate(self, name: str) -> dict[str, str]:
        """Settings of who shows the certificate of this name."""
        mine = self.authority.issue(name)
        return {
            "LOOKS_KAFKA_BOOTSTRAP": self.certificates,
            "LOOKS_KAFKA_SECURITY_PROTOCOL": "SSL",
            "LOOKS_KAFKA_CA_FILE": str(self.authority.certificate),
            "LOOKS_KAFKA_CERTIFICATE_FILE": str(mine.certificate),
            "LOOKS_KAFKA_KEY_FILE": str(mine.key),
        }

    def with_token(self, file: Path) -> dict[str, str]:
        """Settings of who shows what this file holds."""
        return {
            "LOOKS_KAFKA_BOOTSTRAP": self.tokens,
            "LOOKS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "LOOKS_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "LOOKS_KAFKA_CA_FILE": str(self.authority.certificate),
            "LOOKS_KAFKA_TOKEN_FILE": str(file),
        }


def properties(
    ports: Sequence[int], folder: StackFolder, own: Identity, ca: Path
) -> dict[str, object]:
    names = ("CERTIFICATES", "TOKENS", "CONTROLLER")
    listeners = [f"{name}://127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)]
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports[2]}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(listeners),
        "advertised.listeners": ",".join(listeners[:2]),
        "listener.security.protocol.map": "CERTIFICATES:SSL,TOKENS:SASL_SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "CERTIFICATES",
        "listener.name.certificates.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.tokens.oauthbearer.sasl.jaas.config": TOKENS_OF_NOBODY,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(own.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:CN=looks-broker;User:CN=looks-admin",
        "log.dirs": folder.data / "kafka",
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        **COMMON,
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """With our topics, and the rights of our processes under the names that it knows them by."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: certificates are made with it")
    with stack_folder() as root:
        folder = StackFolder(root)
        folder.create()
        authority = Authority(folder.data / "certificates")
        ports = free_ports(3)
        told = properties(ports, folder, authority.issue("looks-broker"), authority.certificate)
        part = broker("kafka", folder, told, ports[1], cluster_id="bG9va3MtaWRlbnRpdGllcw")
        with supervised(folder, [part]):
            made = Cluster(folder.root, authority, *(f"127.0.0.1:{port}" for port in ports[:2]))
            env = made.with_certificate("looks-admin")
            assert looks(env, "topics", "apply").exit_code == 0
            yield made


def looks(env: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env=env)


def token(name: str, lives_s: float = 3600) -> str:
    now_s = time.time()
    parts = ({"alg": "none"}, {"sub": name, "iat": now_s - 1, "exp": now_s + lives_s})
    texts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join(text.rstrip("=") for text in texts) + "."


@pytest.fixture(scope="module")
def allowed(cluster: Cluster) -> Cluster:
    """Rights are given, once."""
    env = cluster.with_certificate("looks-admin") | {
        "LOOKS_KAFKA_PRINCIPALS": json.dumps(PRINCIPALS)
    }
    first = looks(env, "topics", "acls")
    assert "created CN=looks-compositor WRITE TOPIC look.completed\n" in first.stdout
    assert "created svc-dead-letter READ GROUP looks.dead_letter\n" in first.stdout
    assert "created looks.credit_ledger READ GROUP looks.credit_ledger\n" in first.stdout
    give_up_s = time.monotonic() + 30  # the broker hears of it from its controller
    while looks(env, "topics", "acls").stdout != "up to date\n":
        assert time.monotonic() < give_up_s
    return cluster


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    keep(file, token("svc-dead-letter"))
    return file


def keep(file: Path, text: str) -> None:
    """As whoever renews tokens does."""
    file.write_text(text)


async def write(settings: KafkaSettings, topic: Topic, transactional_id: str) -> None:
    """A record that no reader sees. Raises what Kafka answers."""
    producer = new_producer(settings, "test", transactional_id=transactional_id)
    try:
        await producer.start()
        await producer.begin_transaction()
        await (await producer.send(topic.name, b"never read", partition=0))
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def reaches(settings: KafkaSettings) -> bool:
    """Whether a producer with these settings gets a connection."""
    return await asyncio.to_thread(connects, partial(new_producer, settings, "test"))


async def test_a_certificate_is_a_process_and_may_do_what_it_may(allowed: Cluster) -> None:
    settings = settings_of(KafkaSettings, allowed.with_certificate("looks-compositor"))
    await write(settings, LOOK_PROGRESS, "looks.compositor.test")
    with pytest.raises(TopicAuthorizationFailedError):
        await write(settings, CREDIT_REFUND, "looks.compositor.test")


async def test_without_a_certificate_or_with_a_strangers_nobody_connects(
    allowed: Cluster, tmp_path: Path
) -> None:
    good = allowed.with_certificate("looks-compositor")
    stranger = Authority(tmp_path / "stranger").issue("looks-compositor")
    shown = {
        "LOOKS_KAFKA_CERTIFICATE_FILE": str(stranger.certificate),
        "LOOKS_KAFKA_KEY_FILE": str(stranger.key),
    }
    none = {name: value for name, value in good.items() if name not in shown}
    assert await reaches(settings_of(KafkaSettings, good))
    assert not await reaches(settings_of(KafkaSettings, none))
    assert not await reaches(settings_of(KafkaSettings, good | shown))


async def test_a_token_is_a_process_and_a_fresh_one_is_taken_when_the_old_one_ended(
    allowed: Cluster, token_file: Path
) -> None:
    keep(token_file, token("svc-dead-letter", lives_s=-60))
    settings = settings_of(KafkaSettings, allowed.with_token(token_file))
    assert not await reaches(settings)
    keep(token_file, token("svc-dead-letter"))
    await write(settings, CREDIT_REFUND, "looks.dead_letter.test")
    with pytest.raises(TopicAuthorizationFailedError):
        await write(settings, LOOK_PROGRESS, "looks.dead_letter.test")


async def test_a_command_and_a_user_without_rights_are_told_apart(
    allowed: Cluster, tmp_path: Path
) -> None:
    env = allowed.with_token(tmp_path)
    del env["LOOKS_KAFKA_TOKEN_FILE"]
    known = env | {"LOOKS_KAFKA_TOKEN_COMMAND": f"echo {token('nobody-we-know')}"}
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await write(settings_of(KafkaSettings, known), CREDIT_REFUND, "nobody.test")
    broken = env | {"LOOKS_KAFKA_TOKEN_COMMAND": "false"}
    assert not await reaches(settings_of(KafkaSettings, broken))


async def test_a_token_that_the_broker_refuses_is_an_error_and_no_wait(
    allowed: Cluster, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(token_file, "no-jwt-at-all")
    assert not await reaches(settings_of(KafkaSettings, allowed.with_token(token_file)))
    assert "invalid_token" in caplog.text or "SaslAuthenticationFailed" in caplog.text


def test_commands_work_with_tokens(allowed: Cluster, token_file: Path) -> None:
    settings = settings_of(KafkaSettings, allowed.with_token(token_file))
    client = AdminClient(for_confluent(settings))
    assert CREDIT_REFUND.name in client.list_topics(timeout=20).topics
    refused = looks(allowed.with_token(token_file), "topics", "acls")
    assert refused.exit_code == 1
    assert "AUTHORIZATION_FAILED" in refused.stderr
    keep(token_file, token("svc-dead-letter", lives_s=-60))
    elsewhere = token_file.rename(token_file.with_name("ended"))
    ended = settings_of(KafkaSettings, allowed.with_token(elsewhere))
    with pytest.raises(KafkaException):
        AdminClient(for_confluent(ended)).list_topics(timeout=5)


class Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Says when there is something to read."""

    def __init__(self) -> None:
        self.partitions: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """As aiokafka asks."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """As aiokafka asks."""
        self.partitions |= assigned


async def test_a_consumers_broker_joins_its_group_with_a_token(
    allowed: Cluster, token_file: Path
) -> None:
    settings = settings_of(KafkaSettings, allowed.with_token(token_file))
    failed: list[BaseException] = []
    told = Assigned()
    made = new_broker(settings, [], Heard(failed.append))
    subscribe(made, settings, DECLARATION, told)(lambda works: None)
    async with made:
        await made.start()
        async with asyncio.timeout(60):
            while not told.partitions:
                await asyncio.sleep(0.05)
    assert {one.topic for one in told.partitions} == {LOOK_DEAD_LETTER.name}
    assert failed == []
