"""Partitions and ranges of offsets in them."""

from dataclasses import dataclass

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
