"""Reading topics without a trace: partitions are assigned, never subscribed to; nothing is
committed, so no group comes to be.

Blocking calls of confluent-kafka, for one thread.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

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

from replaying.errors import BadSelection, ReplayFailed
from replaying.places import Range, TopicPart
from replaying.records import Block, TopicRecord
from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id

ANSWER_WITHIN_S: Final = 30.0
POLL_S: Final = 0.05
POLL_RECORDS: Final = 2000
SILENT_FOR_S: Final = 60.0
"""A bounded read that gets nothing for so long is given up."""

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # no annotations there
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # no annotations there


def at_or_after(ms: int) -> OffsetSpec:
    """The first offset that the broker wrote at or after this time."""
    spec: OffsetSpec = OffsetSpec.for_timestamp(ms)
    return spec


def partitions(settings: KafkaSettings, topics: Sequence[str]) -> list[TopicPart]:
    """Every partition of these topics, in order. Raises BadSelection for a topic that is not there,
    ReplayFailed.
    """
    found = _admin_call(lambda admin: admin.list_topics(timeout=ANSWER_WITHIN_S), settings).topics
    names = settings.names
    here = {name: found.get(names.topic(name)) for name in topics}
    missing = [name for name, one in here.items() if one is None or one.error is not None]
    if missing:
        raise BadSelection(
            f"there is no topic {', '.join(missing)}; there are "
            f"{', '.join(sorted(map(names.declared_name, found))) or 'none'}"
        )
    return [
        (name, number)
        for name, one in here.items()
        if one is not None
        for number in sorted(one.partitions)
    ]


def offsets(
    settings: KafkaSettings, wanted: Mapping[TopicPart, OffsetSpec]
) -> dict[TopicPart, int]:
    """Offsets by partition, as a read_committed reader sees them; -1 where a time has no record
    after it.
    """

    names = settings.names

    def ask(admin: AdminClient) -> dict[TopicPart, int]:
        asked = {
            TopicPartition(names.topic(topic), number): spec
            for (topic, number), spec in wanted.items()
        }
        futures = admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER_WITHIN_S
        )
        return {
            (names.declared_name(one.topic), one.partition): future.result(ANSWER_WITHIN_S).offset
            for one, future in futures.items()
        }

    return _admin_call(ask, settings) if wanted else {}


def _admin_call(call: Any, settings: KafkaSettings) -> Any:
    try:
        return call(AdminClient({**for_confluent(settings), "log_level": 0}))
    except (KafkaException, TimeoutError) as error:
        raise ReplayFailed(f"Kafka at {settings.bootstrap}: {error}") from error


def _consumer(settings: KafkaSettings) -> Consumer:
    return Consumer(
        {
            **for_confluent(settings),
            # The client wants one, below the user's own name; it is never joined and never written
            # to.
            "group.id": f"{settings.username or 'looks'}.replay-{new_request_id()}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "fetch.max.bytes": 4 * 1024 * 1024,
            "max.partition.fetch.bytes": 1024 * 1024,
            "queued.max.messages.kbytes": 8 * 1024,
            "log_level": 0,
        }
    )


def passed(settings: KafkaSettings, group: str, parts: Sequence[TopicPart]) -> dict[TopicPart, int]:
    """How far a group has committed in these partitions. Raises ReplayFailed."""
    names = settings.names
    asked = ConsumerGroupTopicPartitions(
        names.group(group), [TopicPartition(names.topic(topic), number) for topic, number in parts]
    )

    def ask(admin: AdminClient) -> dict[TopicPart, int]:
        found = admin.list_consumer_group_offsets([asked], request_timeout=ANSWER_WITHIN_S)
        told = found[asked.group_id].result(ANSWER_WITHIN_S).topic_partitions or []
        return {(names.declared_name(one.topic), one.partition): one.offset for one in told}

    found: dict[TopicPart, int] = _admin_call(ask, settings)
    return found


class Reader:
    """Reads ranges block by block: those with an end one after the other, those without all at once
    and without end.
    """

    def __init__(self, settings: KafkaSettings, ranges: Sequence[Range]) -> None:
        """Connect to nothing yet. All ranges have an end, or none has."""
        self._settings = settings
        self._names = settings.names
        self._ranges = list(ranges)

    def blocks(self) -> Iterator[Block]:
        """Blocks in offset order within each partition; the last of a range with an end goes on
        where that ends. Without end: an empty poll gives an empty block of no partition.

        Raises ReplayFailed.
        """
        wanted = [one for one in self._ranges if one.end is None or one.size]
        if not wanted:
            return
        consumer = _consumer(self._settings)
        try:
            if wanted[0].end is None:
                yield from self._following(consumer, wanted)
            else:
                for one in wanted:
                    yield from self._bounded(consumer, one)
        except KafkaException as error:
            raise ReplayFailed(str(error)) from error
        finally:
            consumer.close()

    def _bounded(self, consumer: Consumer, wanted: Range) -> Iterator[Block]:
        """Until a record at the end or beyond it, or until there is nothing more: then markers of
        transactions are all that is left.
        """
        at, end, heard_s = wanted.start, wanted.end or 0, time.monotonic()
        consumer.assign([TopicPartition(self._names.topic(wanted.topic), wanted.partition, at)])
        while at < end:
            messages = consumer.consume(POLL_RECORDS, POLL_S)
            over = any([_ends(message.error()) for message in messages])
            records = [_record(one) for one in messages if one.error() is None]
            if records or over:
                at, heard_s = end if over else min(records[-1].offset + 1, end), time.monotonic()
                yield Block(*wanted.part, at, [one for one in records if one.offset < end])
            elif time.monotonic() - heard_s > SILENT_FOR_S:
                raise ReplayFailed(
                    f"{wanted.topic}[{wanted.partition}] at {self._settings.bootstrap}: nothing "
                    f"came for {SILENT_FOR_S:g} s"
                )

    def _following(self, consumer: Consumer, wanted: Sequence[Range]) -> Iterator[Block]:
        consumer.assign(
            [
                TopicPartition(self._names.topic(one.topic), one.partition, one.start)
                for one in wanted
            ]
        )
        while True:
            messages = consumer.consume(POLL_RECORDS, POLL_S)
            by_part: dict[TopicPart, Block] = {}
            for message in messages:
                topic, partition = message.topic(), message.partition()
                if not _ends(message.error()) and message.error() is None:
                    part = self._names.declared_name(str(topic)), int(partition or 0)
                    block = by_part.setdefault(part, Block(*part, 0))
                    block.records.append(_record(message))
                    block.next_offset = block.records[-1].offset + 1
            yield from by_part.values()
            if not by_part:
                yield Block("", -1, 0)


def _record(message: Message) -> TopicRecord:
    return TopicRecord(
        message.offset() or 0,
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers(),  # type: ignore[arg-type]  # annotated as a mapping too
    )


def _ends(error: KafkaError | None) -> bool:
    """Whether a partition has nothing more at the moment. Raises ReplayFailed for what does not
    pass by itself.
    """
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise ReplayFailed(
            "records were deleted by their retention while they were read: start again"
        )
    if error.fatal() or not (
        error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
    ):
        raise ReplayFailed(str(error))
    return False
