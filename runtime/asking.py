"""Kafka asked about partitions, offsets and what groups have committed: by the declared names of
topics, blocking, joining nothing. Everything here raises KafkaException.
"""

from collections.abc import Iterable
from typing import Final

from aiokafka import TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel
from confluent_kafka import TopicPartition as Asked
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.connection import for_confluent
from runtime.named_clients import as_declared
from runtime.settings import KafkaSettings

REACH_S: Final = 5.0
TIMEOUT_S: Final = 20.0

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # no annotations there
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # no annotations there


def at_or_after(ms: int) -> OffsetSpec:
    """The first offset that the broker wrote at or after this time."""
    spec: OffsetSpec = OffsetSpec.for_timestamp(ms)
    return spec


class Asking:
    """A connection; keep it while its answers are awaited."""

    def __init__(self, settings: KafkaSettings, *, reach_s: float = REACH_S) -> None:
        """Raises sooner than what follows would when nobody answers."""
        options = {"socket.timeout.ms": int(TIMEOUT_S * 1000), "log_level": 0}
        self.admin = AdminClient({**for_confluent(settings), **options})
        self.names = settings.names
        self.there = self.admin.list_topics(timeout=reach_s).topics

    def offsets(
        self, places: Iterable[tuple[str, int]], wanted: OffsetSpec
    ) -> dict[TopicPartition, int]:
        """As a `read_committed` reader sees them; -1 where a time has no record after it."""
        asked = {Asked(self.names.topic(topic), number): wanted for topic, number in places}
        if not asked:
            return {}
        answers = self.admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
        )
        return {
            as_declared(self.names, one): answer.result().offset for one, answer in answers.items()
        }

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """The next offset that a group will read of each partition of ours."""
        name = self.names.group(group)
        answers = self.admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(name)], request_timeout=TIMEOUT_S
        )
        return {
            as_declared(self.names, one): one.offset
            for one in answers[name].result().topic_partitions or ()
            if self.names.owns(one.topic) and one.offset >= 0
        }
