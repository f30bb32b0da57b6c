"""Reading topics without a group: what stands between two moments or at one place. Memory: one fetch."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime

from aiokafka.admin import AIOKafkaAdminClient

from runtime.kafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition, client_options, new_reader, stop_client
from runtime.settings import KafkaSettings
from schemas.topics import Topic

POLL_MS = 300
POLL_RECORDS = 1000

Spans = Mapping[TopicPartition, tuple[int, int]]
"""Partition -> (first offset, next offset after the last)."""


async def spans(
    settings: KafkaSettings, topics: Sequence[Topic], since: datetime | None = None, until: datetime | None = None
) -> dict[TopicPartition, tuple[int, int]]:
    """What these topics hold that was appended at or after `since` and before `until`; up to their ends as they are now."""
    partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    reader = new_reader(settings)
    await reader.start()
    try:
        ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
        starts: dict[TopicPartition, int] = await reader.beginning_offsets(partitions)
        if since is not None:
            starts |= await _first_after(reader, since, ends)
        if until is not None:
            ends |= await _first_after(reader, until, ends)
    finally:
        await stop_client(reader)
    return {partition: (starts[partition], ends[partition]) for partition in partitions if starts[partition] < ends[partition]}


async def _first_after(
    reader: AIOKafkaConsumer, moment: datetime, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    found = await reader.offsets_for_times({partition: int(moment.timestamp() * 1000) for partition in ends})
    return {tp: found[tp].offset if found.get(tp) is not None else end for tp, end in ends.items()}


async def between(
    settings: KafkaSettings, within: Spans, *, committed_only: bool = True
) -> AsyncGenerator[ConsumerRecord, None]:
    """Every record in these spans, in order per partition. Close it (`contextlib.aclosing`) when leaving early."""
    behind = {tp for tp, (start, end) in within.items() if start < end}
    if not behind:
        return
    reader = new_reader(settings, committed_only=committed_only)
    await reader.start()
    try:
        reader.assign(list(behind))
        for tp in behind:
            reader.seek(tp, within[tp][0])
        while behind:
            for tp, records in (await reader.getmany(*behind, timeout_ms=POLL_MS, max_records=POLL_RECORDS)).items():
                for record in records:
                    if record.offset < within[tp][1]:
                        yield record
            read = {tp for tp in behind if await reader.position(tp) >= within[tp][1]}
            if read:
                reader.pause(*read)
                behind -= read
    finally:
        await stop_client(reader)


async def since_in(
    settings: KafkaSettings, partition: TopicPartition, since: datetime
) -> dict[TopicPartition, tuple[int, int]]:
    """What one partition holds since a moment, open transactions included."""
    reader = new_reader(settings, committed_only=False)
    await reader.start()
    try:
        ends: dict[TopicPartition, int] = await reader.end_offsets([partition])
        starts = await _first_after(reader, since, ends)
    finally:
        await stop_client(reader)
    return {partition: (starts[partition], ends[partition])}


async def committed_by(settings: KafkaSettings, group: str) -> dict[TopicPartition, int]:
    """The next offset that a group will read of each partition, asked of the coordinator: nobody joins the group."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {tp: known.offset for tp, known in offsets.items()}


async def members_of(settings: KafkaSettings, group: str) -> int:
    """How many members a group has at the moment, asked of the coordinator: nobody joins the group."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        answers = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    # A described group is a tuple that grows with the protocol's version; its only list are the members.
    return sum(len(part) for answer in answers for described in answer.groups for part in described if isinstance(part, list))


class Picker:
    """Fetches single records by their place. Quick when the places of a partition are asked for in order."""

    def __init__(self, settings: KafkaSettings, *, patience_s: float = 20.0) -> None:
        """Connect to nothing yet; a record that does not come within `patience_s` counts as gone."""
        self._reader = new_reader(settings)
        self._patience_s = patience_s

    async def __aenter__(self) -> "Picker":
        """Connect."""
        await self._reader.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await stop_client(self._reader)

    async def pick(self, topic: str, partition: int, offset: int) -> ConsumerRecord | None:
        """The record there; None when the topic has forgotten it or never had it."""
        tp = TopicPartition(topic, partition)
        if self._reader.assignment() != {tp}:
            self._reader.assign([tp])
        if not (await self._reader.beginning_offsets([tp]))[tp] <= offset < (await self._reader.end_offsets([tp]))[tp]:
            return None
        self._reader.seek(tp, offset)
        polled = await self._reader.getmany(tp, timeout_ms=int(self._patience_s * 1000), max_records=1)
        found = polled.get(tp, [])
        return found[0] if found and found[0].offset == offset else None
