"""Who reads our topics and how far behind they are. Joins no group and commits nothing.

A group is seen by its members and by the offsets that it has committed; one that keeps its offsets
elsewhere is seen by its members alone. Records behind are offsets up to the end that a
`read_committed` reader can reach, transaction markers included; a group that has nothing but
markers before it is not behind.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.topics import BY_NAME

REACH_S = 5.0
TIMEOUT_S = 20.0
TopicAndPartition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Lag:
    """One group on one partition. `committed` is None, and with it all else, where the group has
    committed nothing there.
    """

    group: str
    topic: str
    partition: int
    end: int
    committed: int | None
    records: int | None
    # Since the first record that it has not done was written; 0 when it has done all
    seconds: float | None
    member: str | None  # client id and host of who holds the partition now


def lags(settings: KafkaSettings, groups: Sequence[str] = ()) -> list[Lag]:
    """Every group that reads a topic of ours, or only these; by group, topic and partition.

    Blocks. Raises confluent-kafka's KafkaException when Kafka is out of reach or refuses.
    """
    admin = AdminClient({**for_confluent(settings), "socket.timeout.ms": int(TIMEOUT_S * 1000)})
    admin.list_topics(timeout=REACH_S)  # raises when nobody answers, sooner than what follows
    listed = admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
    if listed.errors:
        raise listed.errors[0]
    known = sorted(one.group_id for one in listed.valid)
    chosen = [name for name in known if not groups or name in groups]
    committed = {name: _committed(admin, name) for name in chosen}
    members = _members(admin, chosen)
    places = {place for name in chosen for place in (*committed[name], *members[name])}
    ends = _ends(admin, places)
    first = _first_written(
        settings, ((*place, at) for name in chosen for place, at in committed[name].items()), ends
    )
    now_ms = time.time() * 1000
    found: list[Lag] = []
    for name in chosen:
        for place in sorted({*committed[name], *members[name]}):
            at = committed[name].get(place)
            records, seconds = _behind(at, ends[place], first.get((*place, at or 0)), now_ms)
            found.append(
                Lag(name, *place, ends[place], at, records, seconds, members[name].get(place))
            )
    return found


def _behind(
    at: int | None, end: int, written_ms: int | None, now_ms: float
) -> tuple[int | None, float | None]:
    if at is None:
        return None, None
    return (0, 0.0) if written_ms is None else (end - at, max(0.0, (now_ms - written_ms) / 1000))


def _committed(admin: AdminClient, group: str) -> dict[TopicAndPartition, int]:
    asked = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_S
    )
    partitions = asked[group].result().topic_partitions or ()
    return {
        (one.topic, one.partition): one.offset
        for one in partitions
        if one.topic in BY_NAME and one.offset >= 0
    }


def _members(admin: AdminClient, groups: Sequence[str]) -> dict[str, dict[TopicAndPartition, str]]:
    if not groups:
        return {}
    described = admin.describe_consumer_groups(list(groups), request_timeout=TIMEOUT_S)
    return {
        group: {
            (one.topic, one.partition): f"{member.client_id}{member.host}"
            for member in described[group].result().members
            if member.assignment is not None
            for one in member.assignment.topic_partitions
            if one.topic in BY_NAME
        }
        for group in groups
    }


def _ends(admin: AdminClient, places: Iterable[TopicAndPartition]) -> dict[TopicAndPartition, int]:
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # it has no annotations
    wanted = {TopicPartition(*place): latest for place in places}
    if not wanted:
        return {}
    asked = admin.list_offsets(
        wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
    )
    return {(one.topic, one.partition): answer.result().offset for one, answer in asked.items()}


def _first_written(
    settings: KafkaSettings,
    positions: Iterable[tuple[str, int, int]],
    ends: dict[TopicAndPartition, int],
) -> dict[tuple[str, int, int], int]:
    """When the first record at or after each position was written, ms; a position with none before
    the end is left out.
    """
    wanted = {one for one in positions if one[2] < ends[one[0], one[1]]}
    found: dict[tuple[str, int, int], int] = {}
    if not wanted:
        return found
    consumer = Consumer(
        {
            **for_confluent(settings),
            "group.id": "looks.lag",  # the client wants a name; assigned partitions join no group
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "queued.max.messages.kbytes": 4096,
        }
    )
    try:
        while wanted:
            # One position a partition at a time: two groups may stand at different places.
            round_of = {
                (topic, partition): at for topic, partition, at in sorted(wanted, reverse=True)
            }
            found |= _round(consumer, round_of)
            wanted -= {(*place, at) for place, at in round_of.items()}
    finally:
        consumer.close()
    return found


def _round(
    consumer: Consumer, positions: dict[TopicAndPartition, int]
) -> dict[tuple[str, int, int], int]:
    found: dict[tuple[str, int, int], int] = {}
    consumer.assign([TopicPartition(*place, at) for place, at in positions.items()])
    waiting = set(positions)
    give_up_s = time.monotonic() + TIMEOUT_S
    while waiting and time.monotonic() < give_up_s:
        message = consumer.poll(0.2)
        place = None if message is None else _place(message)
        if message is None or place not in waiting:
            continue
        waiting.discard(place)
        consumer.pause([TopicPartition(*place)])
        if message.error() is None:
            found[(*place, positions[place])] = message.timestamp()[1]
    if waiting:
        raise KafkaException(
            KafkaError(
                KafkaError._TIMED_OUT,
                f"no record and no end within {TIMEOUT_S:g} s: {sorted(waiting)}",
            )
        )
    return found


def _place(message: Message) -> TopicAndPartition:
    """Where a message or the end of a partition is. Raises KafkaException for any other error."""
    error = message.error()
    topic, partition = message.topic(), message.partition()
    if (
        (error is not None and error.code() != KafkaError._PARTITION_EOF)
        or topic is None
        or partition is None
    ):
        raise KafkaException(error)
    return topic, partition
