"""How far the projection has read, as its tables say, against what Kafka has now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

PartitionName = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """`moved_at`: when it was last kept, by the database's clock; None where that is not known."""

    next_offset: int
    moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WrittenTo:
    """What a partition has: the next offset to be written, and its oldest record, if any."""

    end: int
    first_offset: int = 0
    first_at: datetime | None = None


def of_a_former_topic(position: ReadPosition, written: WrittenTo, margin: timedelta) -> bool:
    """Whether a topic was made anew since the position was kept: it counts its offsets from 0
    again, so that a record before the position was written after the position was kept. `margin`:
    clocks differ by no more.
    """
    return (
        position.moved_at is not None
        and written.first_at is not None
        and written.first_offset < position.next_offset
        and written.first_at > position.moved_at + margin
    )


def caught_up(
    read: Mapping[PartitionName, ReadPosition],
    written: Mapping[PartitionName, WrittenTo],
    partition: int,
    margin: timedelta,
) -> bool:
    """Whether the projection has read all that was written to `partition` of every topic in
    `written`.
    """
    ends = {key: found for key, found in written.items() if key[1] == partition}
    return bool(ends) and all(
        _read_to(read.get(key, ReadPosition(0)), found, margin) for key, found in ends.items()
    )


def _read_to(position: ReadPosition, written: WrittenTo, margin: timedelta) -> bool:
    return position.next_offset >= written.end and not of_a_former_topic(position, written, margin)
