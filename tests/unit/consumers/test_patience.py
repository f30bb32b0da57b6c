"""A worker that waits is given up in time, and one that works or is done is not."""

import threading

import pytest

from consumers.compositor.patience import GIVEN_UP_AT, WAITED, WORKING_SHARE, given_up_while_waiting

LIMIT_S = 0.1
WORK_S = LIMIT_S * GIVEN_UP_AT * WORKING_SHARE
"""So much work in that time is work."""


@pytest.mark.parametrize(("worked_s", "left"), [(0.0, [WAITED]), (WORK_S * 0.99, [WAITED])])
def test_who_waits_leaves(worked_s: float, left: list[int]) -> None:
    told, codes = iter([5.0, 5.0 + worked_s]), list[int]()
    gone = threading.Event()

    def leave(code: int) -> None:
        codes.append(code)
        gone.set()

    with given_up_while_waiting(LIMIT_S, worked_s=lambda: next(told), leave=leave):
        assert gone.wait(60)
    assert codes == left


def test_who_works_stays() -> None:
    asked, codes = threading.Event(), list[int]()
    told = iter([5.0, 5.0 + WORK_S * 1.01])

    def worked_s() -> float:
        now_s = next(told)
        if now_s > 5.0:
            asked.set()
        return now_s

    with given_up_while_waiting(LIMIT_S, worked_s=worked_s, leave=codes.append):
        assert asked.wait(60)
    assert codes == []


def test_who_is_done_is_not_looked_at() -> None:
    before = threading.active_count()
    with given_up_while_waiting(3600, leave=list[int]().append):
        assert threading.active_count() == before + 1
    for one in threading.enumerate():
        if isinstance(one, threading.Timer):
            one.join(60)
    assert threading.active_count() == before
