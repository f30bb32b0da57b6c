import tracemalloc
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from runtime.offsets import OffsetTracker


def test_a_slow_record_holds_back_the_offset_but_not_the_others() -> None:
    tracker = OffsetTracker()
    for offset in (5, 6, 7):
        assert tracker.begin(offset)
    tracker.finish(6)
    tracker.finish(7)
    assert tracker.to_commit() == 5
    tracker.committed(5)
    assert tracker.to_commit() is None
    tracker.finish(5)
    assert tracker.to_commit() == 8


def test_what_is_finished_behind_an_open_record_is_not_covered() -> None:
    tracker = OffsetTracker()
    for offset in (5, 6, 7, 8):
        assert tracker.begin(offset)
    assert tracker.covered({6, 7, 8}) == []
    assert tracker.covered({8, 5, 6}) == [5, 6]
    assert tracker.covered({5, 6, 7, 8}) == [5, 6, 7, 8]


def test_a_record_taken_before_is_refused() -> None:
    tracker = OffsetTracker()
    assert tracker.begin(3)
    assert not tracker.begin(3)
    assert not tracker.begin(2)


@given(st.lists(st.integers(0, 1000), unique=True, min_size=1).map(sorted), st.data())
def test_nothing_unfinished_is_ever_committed(offsets: list[int], data: st.DataObject) -> None:
    tracker = OffsetTracker()
    for offset in offsets:
        assert tracker.begin(offset)
    unfinished = set(offsets)
    for offset in data.draw(st.permutations(offsets)):
        tracker.finish(offset)
        unfinished.discard(offset)
        position = tracker.to_commit()
        if position is not None:
            assert all(position <= open_offset for open_offset in unfinished)
            tracker.committed(position)
    assert tracker.to_commit() in (None, offsets[-1] + 1)
    assert len(tracker) == 0


def kept_bytes(tracker: OffsetTracker, change: Callable[[OffsetTracker], None]) -> int:
    """What the tracker holds when `change` is done, in bytes."""
    tracemalloc.start()
    try:
        change(tracker)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_open_offset_costs_about_a_byte() -> None:
    tracker = OffsetTracker()

    def begin(tracker: OffsetTracker) -> None:
        for offset in range(50_000):
            tracker.begin(offset)

    assert kept_bytes(tracker, begin) < 75_000
    assert len(tracker) == 50_000


def test_what_is_finished_is_given_back() -> None:
    tracker = OffsetTracker()

    def begin_and_finish(tracker: OffsetTracker) -> None:
        for offset in range(0, 200_000, 2):  # every other offset is a transaction's marker
            tracker.begin(offset)
        for offset in range(0, 199_998, 2):
            tracker.finish(offset)

    assert kept_bytes(tracker, begin_and_finish) < 100_000
    assert tracker.to_commit() == 199_998
    assert not tracker.begin(199_998)
