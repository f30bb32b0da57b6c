"""Reading topics without a trace: partitions are assigned, never subscribed to; nothing is
committed, so no group comes to be.

Blocking calls of confluent-kafka, for one thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from replaying.blocks import Block
from replaying.errors import BadSelection, ReplayFailed
from replaying.fetching import Fetched
from replaying.places import Range, TopicPart, Traffic
from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id

ANSWER_WITHIN_S: Final = 30.0
POLL_S: Final = 0.05
POLL_RECORDS: Final = 1000

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
            "fetch.wait.max.ms": 50,
            "fetch.max.bytes": 4 * 1024 * 1024,
            "max.partition.fetch.bytes": 1024 * 1024,
            "queued.max.messages.kbytes": 8 * 1024,
            "log_level": 0,
        }
    )


class Reader:
    """Reads ranges block by block: those with an end one after the other, those without all at once
    and without end.
    """

    def __init__(self, settings: KafkaSettings, ranges: Sequence[Range]) -> None:
        """Connect to nothing yet. All ranges have an end, or none has."""
        self.traffic = Traffic()
        self._settings = settings
        self._names = settings.names
        self._ranges = list(ranges)

    def blocks(self) -> Iterator[Block]:
        """Blocks in offset order within each partition. Without end: an empty poll gives an empty
        block of no partition.

        Raises ReplayFailed.
        """
        if all(one.end is not None for one in self._ranges):
            return Fetched(self._settings, self._ranges, self.traffic).blocks()
        return self._following()

    def _following(self) -> Iterator[Block]:
        consumer = _consumer(self._settings)
        positions = {one.part: one.start for one in self._ranges}
        try:
            consumer.assign(
                [
                    TopicPartition(self._names.topic(topic), number, start)
                    for (topic, number), start in positions.items()
                ]
            )
            while True:
                messages = consumer.consume(POLL_RECORDS, POLL_S)
                for message in messages:
                    _note(message.error())
                yield from self._cut(messages, positions)
                if not messages:
                    yield Block("", -1, 0)
        except KafkaException as error:
            raise ReplayFailed(str(error)) from error
        finally:
            consumer.close()

    def _cut(self, messages: Sequence[Message], positions: dict[TopicPart, int]) -> Iterator[Block]:
        """A block for each partition that something came of."""
        by_part: dict[TopicPart, list[Message]] = {}
        for message in messages:
            topic, partition = message.topic(), message.partition()
            if message.error() is None and topic is not None and partition is not None:
                by_part.setdefault((self._names.declared_name(topic), partition), []).append(
                    message
                )
        for part, some in by_part.items():
            block = Block(*part, positions[part])
            block.offsets = [message.offset() for message in some]  # type: ignore[misc]  # None only on errors
            block.timestamps_ms = [message.timestamp()[1] for message in some]
            block.keys = [message.key() for message in some]
            block.values = [message.value() for message in some]
            block.headers = [message.headers() for message in some]  # type: ignore[misc]  # annotated as a mapping too
            block.next_offset = positions[part] = block.offsets[-1] + 1
            self.traffic.count(block)
            yield block


def _note(error: KafkaError | None) -> None:
    if error is None:
        return
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise ReplayFailed(
            "records were deleted by their retention while they were read: start again"
        )
    if error.fatal() or not (
        error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
    ):
        raise ReplayFailed(str(error))
