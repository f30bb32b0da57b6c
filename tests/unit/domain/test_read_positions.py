"""Where the projection stands, and whether it has read all."""

from datetime import timedelta

import pytest

from domain.read_positions import (
    PartitionName,
    ReadPosition,
    WrittenTo,
    caught_up,
    of_a_former_topic,
)
from tests.making import NOW

COMPLETED, FAILED = ("look.completed", 3), ("look.failed", 3)
MARGIN = timedelta(seconds=5)


def is_caught_up(
    read: dict[PartitionName, int], written: dict[PartitionName, int], partition: int
) -> bool:
    return caught_up(
        {place: ReadPosition(offset, NOW) for place, offset in read.items()},
        {place: WrittenTo(end, 0, NOW if end else None) for place, end in written.items()},
        partition,
        MARGIN,
    )


def test_the_projection_is_caught_up_when_it_has_read_every_topic_to_its_end() -> None:
    assert is_caught_up({COMPLETED: 7, FAILED: 2}, {COMPLETED: 7, FAILED: 2}, 3)
    assert not is_caught_up({COMPLETED: 6, FAILED: 2}, {COMPLETED: 7, FAILED: 2}, 3)
    assert not is_caught_up({COMPLETED: 7}, {COMPLETED: 7, FAILED: 2}, 3)


def test_a_topic_never_written_is_caught_up_without_having_been_read() -> None:
    assert is_caught_up({}, {COMPLETED: 0, FAILED: 0}, 3)


def test_a_partition_that_was_not_asked_about_is_never_caught_up() -> None:
    assert not is_caught_up({COMPLETED: 7}, {COMPLETED: 7}, 4)


def test_a_partition_of_which_nothing_was_read_is_read_to_its_end_only_when_it_is_empty() -> None:
    here = ("look.requested", 4)
    assert not is_caught_up({}, {here: 1}, 4)
    assert is_caught_up({here: 1}, {here: 1}, 4)
    assert is_caught_up({}, {here: 0}, 4)
    assert not is_caught_up({here: 1}, {here: 1}, 5)


@pytest.mark.parametrize(
    ("offset", "moved_s", "first", "is_former"),
    [
        (1, 0, (0, 10), True),  # all that is there was written since
        (57, 0, (0, 10), True),
        (1, 0, (0, 4), False),  # clocks may differ by so much
        (1, 0, (0, -60), False),  # it was there when this was read
        (57, 0, (57, 10), False),  # retention took what was read, and the rest is new
        (40, 0, (57, 10), False),  # and more than that: reading goes on at the first anyway
        (1, None, (0, 10), False),  # kept by an earlier release
        (1, 0, (0, None), False),  # nothing is there
    ],
)
def test_a_position_is_of_a_former_topic_where_records_before_it_were_written_after_it_was_kept(
    offset: int, moved_s: int | None, first: tuple[int, int | None], is_former: bool
) -> None:
    moved_at = None if moved_s is None else NOW + timedelta(seconds=moved_s)
    first_offset, first_s = first
    first_at = None if first_s is None else NOW + timedelta(seconds=first_s)
    position = ReadPosition(offset, moved_at)
    written = WrittenTo(max(offset, first_offset), first_offset, first_at)
    assert of_a_former_topic(position, written, MARGIN) is is_former
    assert caught_up({COMPLETED: position}, {COMPLETED: written}, 3, MARGIN) is (
        not is_former and offset >= written.end
    )
