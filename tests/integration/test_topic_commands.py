"""`looks topics lag` on real Kafka, and `looks topics apply --registry` against a small server that
answers like a registry.

No schema registry is at hand here: the server keeps the rules of the interface that we rely on
(subjects, numbered ids, the same schema the same id, 409 for what it finds incompatible), not a
registry's own checker.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)
from typer.testing import CliRunner

from cli.lag import _export
from cli.main import app
from devstack.stack import Stack
from runtime import metrics
from runtime.groups import lags
from runtime.kafka import new_producer, partition_of
from runtime.named_clients import named_reader
from runtime.schema_registry import RegistryRefused, register
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.topics import LOOK_QUARANTINE, PARTITIONS, TOPICS, Topic
from tests.integration.test_command_line import looks


@dataclass
class Registry:
    """What was asked of it."""

    url: str = ""
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    schemas: dict[str, list[str]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    refuses: bool = False

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "PUT" and (found := re.fullmatch(r"/config/([\w.-]+)", path)):
            self.settings[found[1]] = body
            return 200, body
        if method == "POST" and (found := re.fullmatch(r"/subjects/([\w.-]+)/versions", path)):
            if self.refuses:
                return 409, {"error_code": 409, "message": "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"}
            assert body["schemaType"] == "JSON"
            versions = self.schemas.setdefault(found[1], [])
            for known in (versions, self.ids):
                if body["schema"] not in known:
                    known.append(body["schema"])
            return 200, {"id": self.ids.index(body["schema"]) + 1}
        return 404, {"error_code": 404, "message": path}


@pytest.fixture
def registry() -> Iterator[Registry]:
    kept = Registry()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            assert self.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = kept.answer(self.command, self.path, body)
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_PUT = do_POST = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def quarantine(kafka: KafkaSettings) -> str:
    """What Kafka calls the quarantine topic."""
    return kafka.names.topic(LOOK_QUARANTINE.name)


def test_every_topics_schemas_are_registered_and_registering_again_changes_nothing(
    services: Stack, kafka: KafkaSettings, registry: Registry
) -> None:
    first = looks(
        services, "topics", "apply", "--registry", registry.url, "--registry-policy", "LENIENT"
    )
    assert first.returncode == 0, first.stderr
    names = kafka.names
    subjects = {f"{names.topic(topic.name)}-value" for topic in TOPICS if topic.event is not None}
    completed_subject = f"{names.topic('look.completed')}-value"
    assert set(registry.schemas) == set(registry.settings) == subjects
    lenient = {"compatibility": "FULL_TRANSITIVE", "compatibilityPolicy": "LENIENT"}
    assert all(setting == lenient for setting in registry.settings.values())
    completed = json.loads(registry.schemas[completed_subject][-1])
    assert completed["$id"] == "urn:looks:schema:look.completed.v1"
    again = looks(services, "topics", "apply", "--registry", registry.url)
    assert again.stdout == first.stdout
    assert registry.settings[completed_subject] == {"compatibility": "FULL_TRANSITIVE"}


def test_a_registry_that_refuses_or_is_away_is_named() -> None:
    with pytest.raises(httpx.ConnectError):
        register("http://127.0.0.1:1", {"x-value": [{}]})


def test_what_the_registry_says_is_told(services: Stack, registry: Registry) -> None:
    registry.refuses = True
    with pytest.raises(RegistryRefused, match=r"409 .*OPEN_CONTENT_MODEL"):
        register(registry.url, {"x-value": [{}]})
    done = looks(services, "topics", "apply", "--registry", registry.url)
    assert done.returncode == 1
    assert "OPEN_CONTENT_MODEL" in done.stderr


def test_applying_topics_sets_what_is_declared_and_leaves_alone_what_is_not(
    services: Stack, quarantine: str
) -> None:
    client = AdminClient({"bootstrap.servers": services.env["LOOKS_KAFKA_BOOTSTRAP"]})
    foreign = {
        "min.insync.replicas": "1",
        "segment.ms": "86400000",
        "unclean.leader.election.enable": "false",
    }
    alter(client, quarantine, {**foreign, "retention.ms": "1000"})
    line = f"{quarantine}: retention.ms 1000 -> {LOOK_QUARANTINE.retention_ms}"
    try:
        assert looks(services, "topics", "apply", "--plan").stdout == f"would set {line}\n"
        assert own(client, quarantine)["retention.ms"] == "1000", "a plan changes nothing"
        assert looks(services, "topics", "apply").stdout == f"set {line}\n"
        assert own(client, quarantine) == {**LOOK_QUARANTINE.config(), **foreign}
        assert looks(services, "topics", "apply").stdout == "up to date\n"
    finally:
        alter(client, quarantine, dict.fromkeys(foreign), AlterConfigOpType.DELETE)


def test_min_insync_replicas_is_not_lowered_and_a_refusal_is_a_line_and_exit_1(
    services: Stack, quarantine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = AdminClient({"bootstrap.servers": services.env["LOOKS_KAFKA_BOOTSTRAP"]})
    alter(client, quarantine, {"min.insync.replicas": "3"})
    wanted = {"min.insync.replicas": "2"}
    monkeypatch.setattr(Topic, "config", lambda topic: wanted if topic.name == quarantine else {})
    try:
        done = CliRunner().invoke(app, ["topics", "apply"], env=services.env)
        assert (done.exit_code, done.stdout) == (1, "up to date\n")
        assert (
            f"{quarantine}: min.insync.replicas is 3 and is not lowered to the declared 2"
            in done.stderr
        )
        wanted["retention.ms"] = "-7"
        refused = CliRunner().invoke(app, ["topics", "apply"], env=services.env)
        assert refused.exit_code == 1
        assert refused.stderr.startswith(f"{quarantine}: ")
        assert "retention.ms" in refused.stderr
        assert own(client, quarantine)["min.insync.replicas"] == "3"
    finally:
        alter(client, quarantine, {"min.insync.replicas": None}, AlterConfigOpType.DELETE)


def alter(
    client: AdminClient,
    topic: str,
    values: Mapping[str, str | None],
    how: AlterConfigOpType = AlterConfigOpType.SET,
) -> None:
    """Change settings of the quarantine topic by hand. A broker answers before it shows them."""
    entries = [
        ConfigEntry(name, value, incremental_operation=how) for name, value in values.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    for done in client.incremental_alter_configs([resource]).values():
        done.result(20)
    wanted = {name: value for name, value in values.items() if how is AlterConfigOpType.SET}
    give_up_s = time.monotonic() + 20
    while not (shown := own(client, topic)).items() >= wanted.items() or (
        not wanted and shown.keys() & values.keys()
    ):
        assert time.monotonic() < give_up_s, f"{shown} is shown, not {dict(values)}"
        time.sleep(0.02)


def own(client: AdminClient, topic: str) -> dict[str, str]:
    """The settings that are the quarantine topic's own."""
    (asked,) = client.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    own_source = ConfigSource.DYNAMIC_TOPIC_CONFIG
    return {
        name: entry.value
        for name, entry in asked.result(20).items()
        if ConfigSource(entry.source) is own_source
    }


async def test_lag_is_counted_in_records_and_seconds_and_markers_are_no_lag(
    services: Stack, kafka: KafkaSettings
) -> None:
    key, group = new_request_id(), f"lag-{new_request_id()}"
    topic, partition = LOOK_QUARANTINE.name, partition_of(key, PARTITIONS)
    place = TopicPartition(topic, partition)
    producer = new_producer(kafka, group, transactional_id=group)
    await producer.start()
    consumer = named_reader(
        AIOKafkaConsumer(
            bootstrap_servers=kafka.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            isolation_level="read_committed",
        ),
        kafka.names,
    )
    await consumer.start()
    try:
        async with producer.transaction():
            sent = [
                await producer.send_and_wait(topic, b"x", key=key.encode(), partition=partition)
                for _ in range(3)
            ]
        consumer.assign([place])
        await consumer.commit({place: sent[1].offset})
        (behind,) = await lags(kafka, [group])
        assert (behind.topic, behind.partition, behind.committed) == (
            topic,
            partition,
            sent[1].offset,
        )
        # Two records and the marker of their transaction
        assert behind.records == behind.end - sent[1].offset == 3
        assert behind.seconds is not None
        later = (await lags(kafka, [group]))[0]
        assert later.seconds is not None
        assert later.seconds > behind.seconds > 0
        _export([behind])
        assert metrics.GROUP_LAG_RECORDS.labels(group, topic)._value.get() == 3
        told = looks(services, "topics", "lag", "--group", group)
        assert f"{group:<32} {topic}" in told.stdout
        assert "3 records" in told.stdout
        assert (
            json.loads(looks(services, "topics", "lag", "--group", group, "--json").stdout)[
                "records"
            ]
            == 3
        )
        await consumer.commit({place: sent[2].offset + 1})
        (done,) = await lags(kafka, [group])
        assert (done.records, done.seconds) == (0, 0.0)  # only the marker is before it
    finally:
        await consumer.stop()
        await producer.stop()


def test_a_kafka_out_of_reach_is_one_line_and_exit_2(services: Stack) -> None:
    done = looks(services, "topics", "lag", LOOKS_KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if line.startswith("KafkaError")]) == 1
