"""Partitions, ranges of offsets in them, and what was read."""

from dataclasses import dataclass
from typing import Final

from replaying.blocks import Block

SILENT_FOR_S: Final = 60.0
"""A bounded read that gets nothing for so long is given up."""

TopicPart = tuple[str, int]
"""A topic's name and a partition number."""


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: from `start` up to `end`, which is not read. None: go on as records
    come.
    """

    topic: str
    partition: int
    start: int
    end: int | None

    @property
    def part(self) -> TopicPart:
        """Where it is."""
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """Offsets in it, markers of transactions included."""
        return 0 if self.end is None else max(0, self.end - self.start)


@dataclass(slots=True)
class Traffic:
    """What was read: records, the bytes of their keys and values, and the bytes of the batches that
    brokers sent.
    """

    records: int = 0
    bytes: int = 0
    sent_bytes: int = 0

    def count(self, block: Block) -> None:
        """Add a block."""
        self.records += len(block)
        self.bytes += sum(
            sum(map(len, filter(None, column))) for column in (block.keys, block.values)
        )
