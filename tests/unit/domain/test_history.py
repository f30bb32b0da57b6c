import tracemalloc
from datetime import timedelta

from domain.history import FORGET_EVERY, PartitionHistory
from schemas.ids import new_request_id
from tests.making import NOW


def test_a_decided_request_costs_less_than_300_bytes() -> None:
    history = PartitionHistory()
    tracemalloc.start()
    try:
        for number in range(2_000):
            request_id = new_request_id()
            until = NOW + timedelta(seconds=60, microseconds=number)
            history.note_started(request_id, 1, 2, until)
            history.note_decided(request_id, 3, until)
        grown_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(history) == 2_000
    assert grown_bytes < 300 * 2_000


def test_what_is_old_is_forgotten_the_next_time_it_looks() -> None:
    history = PartitionHistory()
    history.note_decided("old", 3, NOW)
    assert history.forget(NOW) == 0
    assert history.forget(NOW + FORGET_EVERY / 2) == 0
    assert history.forget(NOW + FORGET_EVERY) == 1
    assert len(history) == 0
