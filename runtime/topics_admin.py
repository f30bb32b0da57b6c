"""Creates the declared topics and keeps their settings as declared. Nothing that is not declared is
touched.

Settings are changed one by one (Kafka's IncrementalAlterConfigs): what the older AlterConfigs
request does not name goes back to its default, `min.insync.replicas` too. aiokafka's admin client
knows the older one alone; confluent-kafka's both.
"""

import asyncio
import concurrent.futures
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from domain.topic_settings import Change, TopicStanding, by_topic, changes, declared, lowered
from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.namespace import Namespace
from schemas.topics import Topic

T = TypeVar("T")

TIMEOUT_S = 20.0
APPEAR_WITHIN_S = 30.0


class TopicsDiffer(Exception):
    """A topic exists with another number of partitions: keys would change owners. Nothing is
    altered.
    """


class TopicsRefused(Exception):
    """Kafka did not do as asked, for these topics; a line each. What else was asked for is done."""

    def __init__(self, lines: Iterable[str]) -> None:
        """`lines`: topic and reason."""
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what is not done though it is declared, with the reason."""

    missing: tuple[Topic, ...]
    changes: tuple[Change, ...]
    refused: tuple[str, ...]


async def plan(settings: KafkaSettings) -> Plan:
    """Compare, and change nothing. Raises TopicsDiffer and TopicsRefused."""
    return await asyncio.to_thread(lambda: _plan(_connected(settings), settings.names))


async def apply(settings: KafkaSettings) -> Plan:
    """Create what is missing and make every declared setting; returns what was done. Safe to
    repeat.

    Raises TopicsDiffer when a topic has another number of partitions, TopicsRefused when Kafka
    refuses.
    """
    return await asyncio.to_thread(_apply, settings)


def partition_counts(settings: KafkaSettings, topics: Sequence[str]) -> dict[str, int]:
    """How many partitions these topics have; 0: there is none of that name. Blocks. Raises
    TopicsRefused.
    """
    there = _topics(_connected(settings), settings.names)
    found = {topic: there.get(settings.names.topic(topic)) for topic in topics}
    return {topic: len(one.partitions) if one else 0 for topic, one in found.items()}


def enlarge(settings: KafkaSettings, topics: Sequence[str], count: int) -> None:
    """Give these topics so many partitions, and wait until each has a leader. Blocks. Raises
    TopicsRefused.
    """
    client, names = _connected(settings), settings.names
    new = [NewPartitions(names.topic(topic), count) for topic in topics]
    if failed := _failures(client.create_partitions(new, request_timeout=TIMEOUT_S)):
        raise TopicsRefused(failed)
    until_s = time.monotonic() + APPEAR_WITHIN_S
    while True:
        there = _topics(client, names)
        if all(_led(there.get(names.topic(topic))) == count for topic in topics):
            return
        if time.monotonic() > until_s:
            raise TopicsRefused([f"some partitions have no leader after {APPEAR_WITHIN_S:g} s"])
        time.sleep(0.1)


def create(settings: KafkaSettings, topic: Topic) -> bool:
    """Create a topic that is not declared among ours, named as Kafka is to call it; False: it is
    there. Blocks. Raises TopicsRefused.
    """
    client = _connected(settings)
    if topic.name in client.list_topics(timeout=TIMEOUT_S).topics:
        return False
    if failed := _create(client, [topic], settings.replication_factor):
        raise TopicsRefused(failed)
    return True


def _led(topic: TopicMetadata | None) -> int:
    return sum(one.leader >= 0 for one in topic.partitions.values()) if topic else 0


def _apply(settings: KafkaSettings) -> Plan:
    client = _connected(settings)
    made = _plan(client, settings.names)
    failed = [
        *_create(client, made.missing, settings.replication_factor),
        *_alter(client, made.changes),
    ]
    if failed:
        raise TopicsRefused(failed)
    _until_led(client, settings.names)
    return made


def _plan(client: AdminClient, names: Namespace) -> Plan:
    here = {topic.name: topic for topic in names.topics}
    there = _topics(client, names)
    for name, topic in here.items():
        if name in there and len(there[name].partitions) != topic.partitions:
            raise TopicsDiffer(
                f"{name} has {len(there[name].partitions)} partitions, declared are "
                f"{topic.partitions} (LOOKS_KAFKA_PARTITIONS, LOOKS_KAFKA_TOPIC_PARTITIONS; what "
                "grew: `looks topics grow --status`)"
            )
    standings = _standings(client, there)
    return Plan(
        tuple(topic for name, topic in here.items() if name not in there),
        tuple(
            change
            for name, standing in standings.items()
            for change in changes(here[name], standing)
        ),
        tuple(
            line for name, standing in standings.items() for line in lowered(here[name], standing)
        ),
    )


def _standings(client: AdminClient, there: Mapping[str, TopicMetadata]) -> dict[str, TopicStanding]:
    if not there:
        return {}
    asked = client.describe_configs(
        [ConfigResource(ResourceType.TOPIC, name) for name in there], request_timeout=TIMEOUT_S
    )
    found, failed = {}, []
    for resource, future in asked.items():
        try:
            found[resource.name] = _standing(there[resource.name], _wait(future))
        except KafkaException as error:
            failed.append(f"{resource.name}: {error.args[0].str()}")
    if failed:
        raise TopicsRefused(failed)
    return {name: found[name] for name in there}


def _standing(topic: TopicMetadata, config: Mapping[str, ConfigEntry]) -> TopicStanding:
    own = {
        name
        for name, entry in config.items()
        if ConfigSource(entry.source) is ConfigSource.DYNAMIC_TOPIC_CONFIG
    }
    return TopicStanding(
        partitions=len(topic.partitions),
        replicas=min(
            (len(partition.replicas) for partition in topic.partitions.values()), default=0
        ),
        values={name: entry.value for name, entry in config.items() if entry.value is not None},
        own=frozenset(own),
    )


def _create(client: AdminClient, missing: Iterable[Topic], replication_factor: int) -> list[str]:
    new = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication_factor,
            config=declared(topic, replication_factor),
        )
        for topic in missing
    ]
    if not new:
        return []
    return _failures(
        client.create_topics(new, request_timeout=TIMEOUT_S), unless="TOPIC_ALREADY_EXISTS"
    )


def _alter(client: AdminClient, changed: Iterable[Change]) -> list[str]:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(change.name, change.after, incremental_operation=AlterConfigOpType.SET)
                for change in of_topic
            ],
        )
        for name, of_topic in by_topic(changed).items()
    ]
    if not resources:
        return []
    done = client.incremental_alter_configs(resources, request_timeout=TIMEOUT_S)
    return _failures({resource.name: future for resource, future in done.items()})


def _failures(
    futures: "Mapping[str, concurrent.futures.Future[None]]", unless: str = ""
) -> list[str]:
    """A line for each topic for which Kafka did not do as asked."""
    failed = []
    for name, future in futures.items():
        try:
            _wait(future)
        except KafkaException as error:
            if error.args[0].name() != unless:
                failed.append(f"{name}: {error.args[0].str()}")
    return failed


def _wait(future: "concurrent.futures.Future[T]") -> T:
    return future.result(TIMEOUT_S * 2)


def _connected(settings: KafkaSettings) -> AdminClient:
    return AdminClient(for_confluent(settings))


def _topics(client: AdminClient, names: Namespace) -> dict[str, TopicMetadata]:
    """Of those declared, what there is. Raises TopicsRefused when Kafka can't be asked."""
    try:
        known = client.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise TopicsRefused([error.args[0].str()]) from error
    return {
        topic.name: known[topic.name]
        for topic in names.topics
        if topic.name in known and known[topic.name].error is None
    }


def _until_led(client: AdminClient, names: Namespace) -> None:
    """Wait until every partition of every topic has a leader."""
    until_s = time.monotonic() + APPEAR_WITHIN_S
    while True:
        there = _topics(client, names)
        led = [
            partition.leader >= 0
            for topic in there.values()
            for partition in topic.partitions.values()
        ]
        if len(there) == len(names.topics) and led and all(led):
            return
        if time.monotonic() > until_s:
            raise TopicsRefused([f"some partitions have no leader after {APPEAR_WITHIN_S:g} s"])
        time.sleep(0.1)
