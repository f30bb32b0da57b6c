"""Reading topics without a trace: partitions are assigned, never subscribed to; nothing is
committed, so no group comes to be.

Blocking calls of confluent-kafka, for one thread.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from replaying.errors import BadSelection, ReplayFailed
from replaying.records import EPOCH, EVERYBODY, MS, Block, Replayed, Wish
from replaying.selection import AtOffset, Place, Selection
from runtime.asking import EARLIEST, LATEST, Asking, at_or_after
from runtime.connection import for_confluent
from runtime.placing import number_in, partition_of
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.namespace import Namespace
from schemas.topics import BY_NAME, COPARTITIONED

ANSWER_WITHIN_S: Final = 30.0
POLL_S: Final = 0.05
POLL_RECORDS: Final = 2000
SILENT_FOR_S: Final = 60.0
"""A bounded read that gets nothing for so long is given up."""

TopicPart = tuple[str, int]
"""A topic's declared name and a partition number."""


@dataclass(frozen=True, slots=True)
class Range:
    """Of a partition: from `start` up to `end`, which is not read; None: go on as records come."""

    topic: str
    partition: int
    start: int
    end: int | None

    @property
    def part(self) -> TopicPart:
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """Offsets in it, markers of transactions included."""
        return 0 if self.end is None else max(0, self.end - self.start)


@contextmanager
def asking(settings: KafkaSettings) -> Iterator[Asking]:
    """Kafka, to be asked. Raises ReplayFailed."""
    try:
        yield Asking(settings, reach_s=ANSWER_WITHIN_S)
    except KafkaException as error:
        raise ReplayFailed(f"Kafka at {settings.bootstrap}: {error}") from error


def partitions(kafka: Asking, topics: Sequence[str]) -> list[TopicPart]:
    """Every partition of these topics, in order. Raises BadSelection for one that is not there."""
    here = {name: kafka.there.get(kafka.names.topic(name)) for name in topics}
    if missing := [name for name, one in here.items() if one is None or one.error]:
        there = ", ".join(sorted(map(kafka.names.declared_name, kafka.there))) or "none"
        raise BadSelection(f"there is no topic {', '.join(missing)}; there are {there}")
    return [(name, at) for name, one in here.items() if one for at in sorted(one.partitions)]


def resolve(kafka: Asking, selection: Selection) -> tuple[list[Range], Mapping[TopicPart, int]]:
    """Where the selection begins and ends in each partition, and the oldest offset that the topic
    still has there. Ends are the last stable offsets at this moment. Raises BadSelection.
    """
    parts = _with_key(kafka, selection)
    firsts, lasts = kafka.offsets(parts, EARLIEST), kafka.offsets(parts, LATEST)

    def places(place: Place | None, default: Mapping[TopicPart, int]) -> Mapping[TopicPart, int]:
        """By partition. A time with nothing after it is the end; what is left out has none."""
        if place is None:
            return default
        if isinstance(place, AtOffset):
            named = {part: place.of(part[1]) for part in parts}
            return {part: offset for part, offset in named.items() if offset is not None}
        found = kafka.offsets(parts, at_or_after(int(place.at.timestamp() * 1000)))
        return {part: offset if offset >= 0 else lasts[part] for part, offset in found.items()}

    starts, ends = places(selection.start, firsts), places(selection.end, lasts)
    ranges = [
        Range(*part, max(starts[part], firsts[part]), min(ends[part], lasts[part]))
        for part in parts
        if part in starts and part in ends
    ]
    return ranges, firsts


def _with_key(kafka: Asking, selection: Selection) -> list[TopicPart]:
    """All; where a request is asked for, one of each topic that is partitioned as ours are."""
    parts, names = partitions(kafka, selection.topics), kafka.names
    if (key := selection.request_id) is None:
        return parts
    counts = Counter(topic for topic, _ in parts)
    of = {topic: _number(names, topic, count, key) for topic, count in counts.items()}
    return [(topic, number) for topic, number in parts if of[topic] in (None, number)]


def _number(names: Namespace, topic: str, there: int, request_id: str) -> int | None:
    """Where all of a request stands in a topic; None: anywhere, as far as we know."""
    if there != (names.count(topic) if topic in BY_NAME else names.numbers):
        return None
    if topic in COPARTITIONED:
        return number_in(names.layout(), request_id)
    return None if names.until else partition_of(request_id, there)


def blocks(
    settings: KafkaSettings, ranges: Sequence[Range], wish: Wish = EVERYBODY
) -> Iterator[Block]:
    """Read ranges block by block, in offset order within each partition: those with an end one
    after the other, and the last block of each goes on where that ends; those without all at once
    and without end, and an empty poll gives an empty block of no partition. All have an end, or
    none has. Raises ReplayFailed.
    """
    wanted = [one for one in ranges if one.end is None or one.size]
    if not wanted:
        return
    reader = _BlockReader(settings, wish)
    try:
        if wanted[0].end is None:
            yield from reader.following(wanted)
        else:
            for one in wanted:
                yield from reader.bounded(one)
    except KafkaException as error:
        raise ReplayFailed(str(error)) from error
    finally:
        reader.consumer.close()


class _BlockReader:
    def __init__(self, settings: KafkaSettings, wish: Wish) -> None:
        self._bootstrap, self._names, self._wish = settings.bootstrap, settings.names, wish
        self.consumer = Consumer(
            {
                **for_confluent(settings),
                # The client wants one, below the user's own name; it is never joined and never
                # written to.
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

    def bounded(self, wanted: Range) -> Iterator[Block]:
        """Until a record at the end or beyond it, or until only transactions' markers are left."""
        at, end, heard_s = wanted.start, wanted.end or 0, time.monotonic()
        self._assign([wanted])
        while at < end:
            messages, over = self._heard()
            records = list(map(self._record, messages))
            if records or over:
                at, heard_s = end if over else min(records[-1].offset + 1, end), time.monotonic()
                within = [one for one in records if one.offset < end]
                yield Block(*wanted.part, at, within, self._wish)
            elif time.monotonic() - heard_s > SILENT_FOR_S:
                raise ReplayFailed(
                    f"{wanted.topic}[{wanted.partition}] at {self._bootstrap}: nothing "
                    f"came for {SILENT_FOR_S:g} s"
                )

    def following(self, wanted: Sequence[Range]) -> Iterator[Block]:
        self._assign(wanted)
        while True:
            by_part: dict[TopicPart, Block] = {}
            for one in map(self._record, self._heard()[0]):
                part = one.topic, one.partition
                found = by_part.setdefault(part, Block(*part, 0, wish=self._wish))
                found.records.append(one)
                found.next_offset = one.offset + 1
            yield from by_part.values() or [Block("", -1, 0)]

    def _assign(self, ranges: Sequence[Range]) -> None:
        name = self._names.topic
        asked = [TopicPartition(name(one.topic), one.partition, one.start) for one in ranges]
        self.consumer.assign(asked)

    def _heard(self) -> tuple[list[Message], bool]:
        """Records, and whether a partition has nothing more now. Raises ReplayFailed."""
        messages = self.consumer.consume(POLL_RECORDS, POLL_S)
        ends = [_is_end(error) for one in messages if (error := one.error()) is not None]
        return [one for one in messages if one.error() is None], any(ends)

    def _record(self, message: Message) -> Replayed:
        headers: Any = message.headers() or ()  # annotated as a mapping too
        return Replayed(
            self._names.declared_name(message.topic() or ""),
            message.partition() or 0,
            message.offset() or 0,
            EPOCH + message.timestamp()[1] * MS,
            message.key(),
            message.value(),
            tuple((name, value or b"") for name, value in headers),
        )


def _is_end(error: KafkaError) -> bool:
    """Raises ReplayFailed for what does not pass by itself."""
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise ReplayFailed("records were deleted while they were read: start again")
    passes = (KafkaError._PARTITION_EOF, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
    if error.fatal() or not (error.retriable() or error.code() in passes):
        raise ReplayFailed(str(error))
    return error.code() == KafkaError._PARTITION_EOF
