"""Records in blocks, column by column: what sources give and sinks take."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from replaying.packed import PackedHeaders
from schemas.envelope import Decoded, Undecodable, decode
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.topics import BY_NAME

BLOCK_RECORDS: Final = 3_000
COLLECT_EVERY: Final = 50
"""Blocks; in between, garbage is left alone: a block makes many objects and no cycles."""
RawHeaders = Sequence[tuple[str, bytes | None]] | None


@dataclass(slots=True)
class Block:
    """Records of one partition in offset order. `next_offset`: where to read on; markers of
    transactions have offsets too.
    """

    topic: str
    partition: int
    next_offset: int
    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    headers: Sequence[RawHeaders] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the records."""
        return len(self.offsets)

    def with_key(self, key: bytes | None) -> "Block":
        """The records with a key; all of them for None."""
        return self if key is None else self.where(lambda index: self.keys[index] == key)

    def between(self, first: int, end: int) -> "Block":
        """The records at offsets from `first` up to `end`, which is not included."""
        return self.where(lambda index: first <= self.offsets[index] < end)

    def where(self, keep: Callable[[int], bool]) -> "Block":
        """The records at the indices that are kept, and the same place to read on."""
        chosen = [index for index in range(len(self)) if keep(index)]
        if len(chosen) == len(self):
            return self
        return Block(
            self.topic,
            self.partition,
            self.next_offset,
            [self.offsets[index] for index in chosen],
            [self.timestamps_ms[index] for index in chosen],
            [self.keys[index] for index in chosen],
            [self.values[index] for index in chosen],
            self.headers.at(chosen)
            if isinstance(self.headers, PackedHeaders)
            else [self.headers[index] for index in chosen],
        )


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that could not be read: where it stands, why, and its bytes."""

    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None

    def line(self) -> str:
        """One JSON object; bytes in base64."""
        return json.dumps(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "reason": self.reason,
                "key_base64": _base64(self.key),
                "value_base64": _base64(self.value),
            }
        )


def damaged(block: Block, index: int, reason: str) -> Damaged:
    """One record of a block, set aside."""
    return Damaged(
        block.topic,
        block.partition,
        block.offsets[index],
        reason,
        block.keys[index],
        block.values[index],
    )


def family(event_type: str) -> str:
    """An event type without its version: `look.completed.v2` is of the family `look.completed`."""
    return event_type.rsplit(".v", 1)[0]


def is_raw(topic: str) -> bool:
    """Whether a topic keeps bytes as they came, with no event to be read."""
    declared = BY_NAME.get(topic)
    return declared is not None and declared.event is None


def expected_family(topic: str) -> str | None:
    """The only family of events that a declared topic carries; None: any."""
    declared = BY_NAME.get(topic)
    return None if declared is None or declared.event is None else family(TYPE_OF[declared.event])


def newest_type(topic: str) -> str | None:
    """The event type that a declared topic carries today, empty where it keeps bytes as they came;
    None: a topic that is not declared.
    """
    declared = BY_NAME.get(topic)
    if declared is None:
        return None
    return "" if declared.event is None else TYPE_OF[declared.event]


def read(topic: str, value: bytes | None, headers: RawHeaders) -> Decoded | Undecodable:
    """The event in a record, in whichever released version it was written, or why there is none."""
    pairs = [(name, raw or b"") for name, raw in headers or ()]
    said = next(
        (raw.decode("utf-8", "replace") for name, raw in reversed(pairs) if name == "ce_type"), ""
    )
    if not said:
        return Undecodable("missing header ce_type")
    model = EVENT_TYPES.get(said)
    if model is None:
        return Undecodable(f"ce_type {said[:80]!r} is unknown here")
    wanted = expected_family(topic)
    if wanted is not None and family(said) != wanted:
        return Undecodable(f"ce_type {said[:80]!r} is known elsewhere, {topic} carries {wanted}")
    return decode(value, pairs, model)


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
