"""Reading topics without a trace: partitions are assigned, never subscribed to; nothing is committed, so no group comes to be.

Blocking calls of confluent-kafka, for one thread.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from replaying.blocks import BLOCK_RECORDS, Block
from replaying.errors import BadSelection, ReplayFailed
from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id

ANSWER_WITHIN_S: Final = 30.0
SILENT_FOR_S: Final = 60.0
"""A bounded read that gets nothing for so long is given up."""
AT_ONCE: Final = 2
"""Partitions read at a time: enough to keep the connection busy, few enough to keep memory flat."""
POLL_S: Final = 0.05
POLL_RECORDS: Final = 1000

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # no annotations there
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # no annotations there

Part = tuple[str, int]
"""A topic's name and a partition number."""


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: from `start` up to `end`, which is not read. None: go on as records come."""

    topic: str
    partition: int
    start: int
    end: int | None

    @property
    def part(self) -> Part:
        """Where it is."""
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """Offsets in it, markers of transactions included."""
        return 0 if self.end is None else max(0, self.end - self.start)


@dataclass(slots=True)
class Traffic:
    """What was read off the wire: records, and the bytes of their keys and values."""

    records: int = 0
    bytes: int = 0


def at_or_after(ms: int) -> OffsetSpec:
    """The first offset that the broker wrote at or after this time."""
    spec: OffsetSpec = OffsetSpec.for_timestamp(ms)
    return spec


def partitions(settings: KafkaSettings, topics: Sequence[str]) -> list[Part]:
    """Every partition of these topics, in order. Raises BadSelection for a topic that is not there, ReplayFailed."""
    found = _admin_call(lambda admin: admin.list_topics(timeout=ANSWER_WITHIN_S), settings).topics
    missing = [name for name in topics if name not in found or found[name].error is not None]
    if missing:
        raise BadSelection(f"there is no topic {', '.join(missing)}; there are {', '.join(sorted(found)) or 'none'}")
    return [(name, number) for name in topics for number in sorted(found[name].partitions)]


def offsets(settings: KafkaSettings, wanted: Mapping[Part, OffsetSpec]) -> dict[Part, int]:
    """Offsets by partition, as a read_committed reader sees them; -1 where a time has no record after it."""

    def ask(admin: AdminClient) -> dict[Part, int]:
        asked = {TopicPartition(topic, number): spec for (topic, number), spec in wanted.items()}
        futures = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER_WITHIN_S)
        return {(one.topic, one.partition): future.result(ANSWER_WITHIN_S).offset for one, future in futures.items()}

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
            # The client wants one, below the user's own name; it is never joined and never written to.
            "group.id": f"{settings.username or 'looks'}.replay-{new_request_id()}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "fetch.max.bytes": 4 * 1024 * 1024,
            "max.partition.fetch.bytes": 1024 * 1024,
            "queued.max.messages.kbytes": 8 * 1024,
            "log_level": 0,
        }
    )


@dataclass(slots=True)
class _Open:
    """A range that is being read."""

    range: Range
    block: Block
    messages: list[Message] = field(default_factory=list)
    done: bool = False


class Reader:
    """Reads ranges block by block, a few partitions at a time; ranges without an end all at once and without end."""

    def __init__(self, settings: KafkaSettings, ranges: Sequence[Range]) -> None:
        """Connect to nothing yet. All ranges have an end, or none has."""
        self.traffic = Traffic()
        self._settings = settings
        self._waiting = [one for one in ranges if one.end is None or one.size]
        self._at_once = AT_ONCE if all(one.end is not None for one in ranges) else len(ranges)
        self._open: dict[Part, _Open] = {}

    def blocks(self) -> Iterator[Block]:
        """Blocks in offset order within each partition. Without end: an empty poll gives an empty block of no partition.

        Raises ReplayFailed.
        """
        consumer = _consumer(self._settings)
        try:
            self._begin(consumer)
            heard_s = time.monotonic()
            while self._open:
                messages = consumer.consume(POLL_RECORDS, POLL_S)
                self._take(messages)
                if messages:
                    heard_s = time.monotonic()
                yield from self._full(consumer, idle=not messages)
                if time.monotonic() - heard_s > SILENT_FOR_S and not self._endless:
                    raise ReplayFailed(f"nothing came from {self._settings.bootstrap} for {SILENT_FOR_S:g} s")
        except KafkaException as error:
            raise ReplayFailed(str(error)) from error
        finally:
            consumer.close()

    @property
    def _endless(self) -> bool:
        return any(one.range.end is None for one in self._open.values())

    def _begin(self, consumer: Consumer) -> None:
        while self._waiting and len(self._open) < self._at_once:
            one = self._waiting.pop(0)
            self._open[one.part] = _Open(one, Block(one.topic, one.partition, one.start))
            consumer.incremental_assign([TopicPartition(one.topic, one.partition, one.start)])

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            error = message.error()
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            open_ = self._open.get((topic, partition)) if topic is not None and partition is not None else None
            if error is not None:
                self._note(error, open_)
            elif open_ is not None and not open_.done and offset is not None:
                if open_.range.end is not None and offset >= open_.range.end:
                    open_.done = True
                else:
                    open_.messages.append(message)

    def _note(self, error: KafkaError, open_: _Open | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            if open_ is not None and open_.range.end is not None:
                open_.done = True
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise ReplayFailed("records were deleted by their retention while they were read: start again")
        elif error.fatal() or not (error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)):
            raise ReplayFailed(str(error))

    def _full(self, consumer: Consumer, *, idle: bool) -> Iterator[Block]:
        finished = []
        for part, open_ in self._open.items():
            open_.done = open_.done or self._at_end(open_)
            if open_.done:
                finished.append(part)
            if open_.done or len(open_.messages) >= BLOCK_RECORDS or (open_.messages and open_.range.end is None):
                yield self._cut(open_)
        if idle and self._endless:
            yield Block("", -1, 0)
        for part in finished:
            consumer.incremental_unassign([TopicPartition(*part)])
            del self._open[part]
        if finished:
            self._begin(consumer)

    def _at_end(self, open_: _Open) -> bool:
        last = open_.messages[-1].offset() if open_.messages else None
        return open_.range.end is not None and last is not None and last + 1 >= open_.range.end

    def _cut(self, open_: _Open) -> Block:
        """The records gathered so far, as a block; a finished range ends at its end, whatever its last offsets hold."""
        messages, open_.messages = open_.messages, []
        block = Block(*open_.range.part, open_.block.next_offset)
        block.offsets = [message.offset() for message in messages]  # type: ignore[misc]  # None only on errors
        block.timestamps_ms = [message.timestamp()[1] for message in messages]
        block.keys = [message.key() for message in messages]
        block.values = [message.value() for message in messages]
        block.headers = [message.headers() for message in messages]  # type: ignore[misc]  # annotated as a mapping too
        if open_.done and open_.range.end is not None:
            block.next_offset = open_.range.end
        elif block.offsets:
            block.next_offset = block.offsets[-1] + 1
        open_.block = Block(*open_.range.part, block.next_offset)
        self.traffic.records += len(messages)
        self.traffic.bytes += sum(len(raw) for column in (block.keys, block.values) for raw in column if raw is not None)
        return block
