"""What Kafka says about consumer groups: what they have committed, who is in them, how far behind
they are. Joins no group and commits nothing.

A group is seen by its members and by the offsets that it has committed; one that keeps its offsets
elsewhere is seen by its members alone. Records behind are offsets up to the end that a
`read_committed` reader can reach, transaction markers included; a group that has nothing but
markers before it is not behind.

Every function raises aiokafka's KafkaError when Kafka is out of reach or refuses.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiokafka.errors import KafkaError
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka import TopicPartition as Asked
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription

from domain.growing import Holding
from runtime.asking import LATEST, TIMEOUT_S, Asking, at_or_after
from runtime.kafka import TopicPartition
from runtime.reading import first_records
from runtime.settings import KafkaSettings
from schemas.namespace import OURS, Namespace

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Standing:
    """Some groups, as they stand."""

    committed: Mapping[str, Mapping[TopicPartition, int]]
    holders: Mapping[str, Mapping[TopicPartition, str]]
    ends: Mapping[TopicPartition, int]

    def of(self, group: str) -> list[TopicPartition]:
        """Where it has committed something, or has a member."""
        return sorted({*self.committed[group], *self.holders[group]})


async def committed_by(settings: KafkaSettings, group: str) -> Mapping[TopicPartition, int]:
    """The next offset that a group will read of each partition of ours."""
    return await _asked(lambda: Asking(settings).committed(group))


async def members_of(settings: KafkaSettings, group: str) -> int:
    """How many members a group has at the moment."""

    def count() -> int:
        return len(_described(Asking(settings), group).members)

    return await _asked(count)


async def lags(settings: KafkaSettings, groups: Sequence[str] = ()) -> list[Lag]:
    """Every group that reads a topic of ours, or only these; by group, topic and partition.

    Raises TimeoutError too, when a partition does not come to its end.
    """
    now = await _asked(lambda: _standing(settings, groups))
    first = await _first_written(settings, now)
    now_ms = time.time() * 1000
    found: list[Lag] = []
    for group in sorted(now.committed):
        for tp in now.of(group):
            at = now.committed[group].get(tp)
            records, seconds = _behind(at, now.ends[tp], first.get((tp, at or 0)), now_ms)
            holder = now.holders[group].get(tp)
            found.append(
                Lag(group, tp.topic, tp.partition, now.ends[tp], at, records, seconds, holder)
            )
    return found


def _behind(
    at: int | None, end: int, written_ms: int | None, now_ms: float
) -> tuple[int | None, float | None]:
    if at is None:
        return None, None
    return (0, 0.0) if written_ms is None else (end - at, max(0.0, (now_ms - written_ms) / 1000))


async def _asked(question: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(question)
    except KafkaException as error:
        raise KafkaError(error.args[0].str()) from error


def _described(kafka: Asking, group: str) -> ConsumerGroupDescription:
    name = kafka.names.group(group)
    asked = kafka.admin.describe_consumer_groups([name], request_timeout=TIMEOUT_S)
    found: ConsumerGroupDescription = asked[name].result()
    return found


def _standing(settings: KafkaSettings, groups: Sequence[str]) -> Standing:
    kafka, names = Asking(settings), settings.names
    listed = kafka.admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
    if listed.errors:
        raise listed.errors[0]
    there = [names.declared_group(one.group_id) for one in listed.valid]
    known = [group for group in there if not groups or group in groups]
    committed = {group: kafka.committed(group) for group in known}
    holders = _holders(kafka.admin, names, known)
    places = {tp for group in known for tp in (*committed[group], *holders[group])}
    return Standing(committed, holders, kafka.offsets(places, LATEST))


def _holders(
    admin: AdminClient, names: Namespace, groups: Sequence[str]
) -> dict[str, dict[TopicPartition, str]]:
    if not groups:
        return {}
    asked = {group: names.group(group) for group in groups}
    described = admin.describe_consumer_groups([*asked.values()], request_timeout=TIMEOUT_S)
    return {
        group: {
            TopicPartition(
                names.declared_name(one.topic), one.partition
            ): f"{member.client_id}{member.host}"
            for member in described[name].result().members
            if member.assignment is not None
            for one in member.assignment.topic_partitions
            if names.owns(one.topic)
        }
        for group, name in asked.items()
    }


async def holdings(settings: KafkaSettings) -> dict[str, Holding]:
    """What the members of each group of ours hold of our topics. A group without members is left
    out.
    """
    return await _asked(lambda: _holdings(Asking(settings)))


def _holdings(kafka: Asking) -> dict[str, Holding]:
    admin, names = kafka.admin, kafka.names
    listed = admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
    if listed.errors:
        raise listed.errors[0]
    ours = [
        one.group_id
        for one in listed.valid
        if names.declared_group(one.group_id).startswith(OURS)
        and names.group(names.declared_group(one.group_id)) == one.group_id
    ]
    described = admin.describe_consumer_groups(ours, request_timeout=TIMEOUT_S) if ours else {}
    found = {}
    for group in ours:
        one = described[group].result()
        if not one.members:
            continue
        numbers: dict[str, set[int]] = {}
        for member in one.members:
            for tp in member.assignment.topic_partitions if member.assignment else ():
                if names.owns(tp.topic):
                    numbers.setdefault(names.declared_name(tp.topic), set()).add(tp.partition)
        found[names.declared_group(group)] = Holding(
            one.state is ConsumerGroupState.STABLE,
            {topic: frozenset(held) for topic, held in numbers.items()},
        )
    return found


async def _first_written(
    settings: KafkaSettings, now: Standing
) -> dict[tuple[TopicPartition, int], int]:
    """When the first record at or after each committed offset was written, ms; an offset with no
    record before the end is left out.
    """
    wanted = {
        (tp, at)
        for offsets in now.committed.values()
        for tp, at in offsets.items()
        if at < now.ends[tp]
    }
    found: dict[tuple[TopicPartition, int], int] = {}
    while wanted:
        # One offset a partition at a time: two groups may stand at different places.
        starts = dict(sorted(wanted, reverse=True))
        within = {tp: (at, now.ends[tp]) for tp, at in starts.items()}
        for tp, record in (await first_records(settings, within, patience_s=TIMEOUT_S)).items():
            found[tp, starts[tp]] = record.timestamp
        wanted -= set(starts.items())
    return found


class GroupInUse(Exception):
    """A group has members, who would go on where they are."""


async def set_back(settings: KafkaSettings, group: str, since_ms: int) -> dict[TopicPartition, int]:
    """Have a group without members read again what was written since then; never forwards.

    Returns the offsets that were moved: where to. Raises GroupInUse.
    """
    return await _asked(lambda: _set_back(Asking(settings), group, since_ms))


def _set_back(kafka: Asking, group: str, since_ms: int) -> dict[TopicPartition, int]:
    if members := _described(kafka, group).members:
        raise GroupInUse(f"{group} has {len(members)} members: stop them first")
    committed, name = kafka.committed(group), kafka.names.group(group)
    found = kafka.offsets(committed, at_or_after(since_ms))
    moved = {tp: at for tp, at in found.items() if 0 <= at < committed[tp]}
    if moved:
        places = [
            Asked(kafka.names.topic(tp.topic), tp.partition, at) for tp, at in sorted(moved.items())
        ]
        changed = kafka.admin.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(name, places)], request_timeout=TIMEOUT_S
        )
        for place in changed[name].result().topic_partitions or ():
            if place.error is not None:
                raise KafkaException(place.error)
    return moved
