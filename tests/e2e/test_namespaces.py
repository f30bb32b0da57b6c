"""Two installations on one Kafka, one Postgres and one bucket, told apart by LOOKS_NAMESPACE."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from devstack.bootstrap import settings_of
from devstack.stack import Stack
from runtime.groups import lags
from runtime.kafka import ConsumerRecord
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from runtime.topics_admin import TopicsDiffer, plan
from schemas.topics import LOOK_COMPLETED, LOOK_PROGRESS, LOOK_REQUESTED
from tests.conftest import SETTINGS, stack_folder
from tests.e2e.auditing import audit
from tests.e2e.client import Client
from tests.shared_services import run_apart

PROCESSES = ("status_projection", "compositor", "outbox_relay", "api")
"""What a look needs that succeeds."""
SHARED = (
    "LOOKS_KAFKA_BOOTSTRAP",
    "LOOKS_S3_ENDPOINT_URL",
    "LOOKS_S3_BUCKET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


async def database_beside(url: str, name: str) -> str:
    """A new database on the same server; returns its URL."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="module")
def neighbour(stack: Stack) -> Iterator[Stack]:
    """Another installation on the services of the first, with other partitions too."""
    name = "neighbour"
    url = run_apart(database_beside(stack.env["LOOKS_DATABASE_URL"], name))
    own = {
        "LOOKS_NAMESPACE": name,
        "LOOKS_KAFKA_PARTITIONS": "3",
        "LOOKS_KAFKA_TOPIC_PARTITIONS": '{"look.quarantine": 2}',
        "LOOKS_DATABASE_URL": url,
    }
    with stack_folder() as folder:
        made = Stack(folder, PROCESSES, {**SETTINGS, **{k: stack.env[k] for k in SHARED}, **own})
        try:
            made.start()
            yield made
        finally:
            made.stop()


async def requests_in(env: dict[str, str]) -> dict[str, set[str]]:
    """By topic, the requests that an installation's records are about."""
    found: dict[str, set[str]] = {}

    def take(record: ConsumerRecord) -> None:
        found.setdefault(record.topic, set()).add(record.key.decode())

    topics = (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED)
    await read_all(settings_of(KafkaSettings, env), topics, take)
    return found


def test_both_complete_a_look_and_neither_sees_anything_of_the_other(
    stack: Stack, neighbour: Stack
) -> None:
    made: dict[str, str] = {}
    pictures: dict[str, str] = {}
    for one in (stack, neighbour):
        client = Client(one)
        tee = client.wardrobe({"tee"})["tee"]
        made[one.env["LOOKS_DATABASE_URL"]] = request_id = client.accepted((tee, "top"))
        job = client.finish([request_id])[request_id]
        assert job["status"] == "SUCCESS"
        pictures[request_id] = job["artifacts"][0]["image_url"]
        client.close()
    ours, theirs = (made[one.env["LOOKS_DATABASE_URL"]] for one in (stack, neighbour))
    assert f"/neighbour/results/demo/{theirs}" in pictures[theirs]
    assert f"/neighbour/results/demo/{ours}" not in pictures[ours]

    in_ours, in_theirs = (run_apart(requests_in(one.env)) for one in (stack, neighbour))
    assert in_theirs == {
        topic.name: {theirs} for topic in (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED)
    }
    for found in in_ours.values():
        assert ours in found
        assert theirs not in found

    groups = {lag.group for lag in run_apart(lags(settings_of(KafkaSettings, neighbour.env)))}
    assert groups == {"looks.compositor", "looks.status_projection"}

    for one in (stack, neighbour):
        code, said = audit(one, "--settle-s", "2")
        assert code == 0, said


def test_a_topic_with_other_partitions_than_the_setting_says_is_not_touched(
    neighbour: Stack,
) -> None:
    other = settings_of(KafkaSettings, {**neighbour.env, "LOOKS_KAFKA_PARTITIONS": "4"})
    with pytest.raises(TopicsDiffer, match=r"neighbour\.look\.requested has 3 partitions.* 4 "):
        run_apart(plan(other))
    same = run_apart(plan(settings_of(KafkaSettings, neighbour.env)))
    assert (same.missing, same.changes) == ((), ())
