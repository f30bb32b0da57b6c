"""Sessions' weights over a made-up /proc."""

import os
from pathlib import Path

import pytest

from devstack.weights import FIRST, Weights


def process(proc: Path, pid: int, *children: int) -> Path:
    """As Linux shows it; returns the file of its session's weight."""
    (proc / f"{pid}/task/{pid}").mkdir(parents=True, exist_ok=True)
    (proc / f"{pid}/task/{pid}/children").write_text(" ".join(map(str, children)))
    group = proc / f"{pid}/autogroup"
    group.write_text("/autogroup-7 nice 0\n")
    return group


def test_a_part_and_what_it_starts_later_get_its_weight(tmp_path: Path) -> None:
    postgres, first = process(tmp_path, 10, 11), process(tmp_path, 11)
    weights = Weights(tmp_path)
    assert weights.weigh({10: FIRST})
    process(tmp_path, 10, 11, 12)
    first.write_text("seen again")
    later = process(tmp_path, 12)
    assert weights.weigh({10: FIRST})
    # What was weighed is not written again: it is a heavy operation for the kernel
    assert (postgres.read_text(), first.read_text(), later.read_text()) == (
        "/autogroup-7 nice 0\n",
        "seen again",
        str(FIRST),
    )


def test_a_process_that_ended_meanwhile_stands_in_nobody_s_way(tmp_path: Path) -> None:
    process(tmp_path, os.getpid())
    other = process(tmp_path, 20)
    assert Weights(tmp_path).weigh({10: FIRST, 20: FIRST})
    assert other.read_text() == str(FIRST)


@pytest.mark.parametrize("permitted", [False, None], ids=["not permitted", "no groups"])
def test_where_it_can_not_be_done_it_is_said(tmp_path: Path, permitted: bool | None) -> None:
    if permitted is False:
        (tmp_path / "10/autogroup").mkdir(parents=True)  # what can't be written
    assert not Weights(tmp_path).weigh({10: FIRST})
