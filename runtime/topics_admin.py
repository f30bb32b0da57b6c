"""Creates the declared topics and keeps their settings as declared."""

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from runtime.kafka import client_options
from runtime.settings import KafkaSettings
from schemas.topics import TOPICS, Topic

APPEAR_WITHIN_S = 30.0
_TOPIC_EXISTS = 36


class TopicsDiffer(Exception):
    """A topic exists with another number of partitions: keys would change owners. Nothing is altered."""


async def apply(settings: KafkaSettings) -> list[str]:
    """Create what is missing and set every declared setting; returns what was created.

    Raises TopicsDiffer when a topic has another number of partitions, aiokafka's KafkaError when Kafka refuses.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        existing = {topic["topic"]: len(topic["partitions"]) for topic in await _describe(admin)}
        for topic in TOPICS:
            if existing.get(topic.name, topic.partitions) != topic.partitions:
                raise TopicsDiffer(f"{topic.name} has {existing[topic.name]} partitions, declared are {topic.partitions}")
        missing = [topic for topic in TOPICS if topic.name not in existing]
        if missing:
            answer = await admin.create_topics([_new(topic, settings.replication_factor) for topic in missing])
            for name, code, *_ in answer.topic_errors:
                if code not in (0, _TOPIC_EXISTS):
                    raise for_code(code)(name)
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=topic.config()) for topic in TOPICS]
        )
        await _until_led(admin)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


def _new(topic: Topic, replication_factor: int) -> NewTopic:
    config = topic.config()
    if replication_factor > 2:
        config["min.insync.replicas"] = "2"
    return NewTopic(topic.name, topic.partitions, replication_factor, topic_configs=config)


async def _describe(admin: AIOKafkaAdminClient) -> list[dict[str, Any]]:
    names = set(await admin.list_topics()) & {topic.name for topic in TOPICS}
    return list(await admin.describe_topics(sorted(names))) if names else []


async def _until_led(admin: AIOKafkaAdminClient) -> None:
    """Wait until every partition of every topic has a leader."""
    async with asyncio.timeout(APPEAR_WITHIN_S):
        while True:
            described = await _describe(admin)
            led = [all(part["leader"] >= 0 for part in topic["partitions"]) for topic in described]
            if len(led) == len(TOPICS) and all(led):
                return
            await asyncio.sleep(0.1)
