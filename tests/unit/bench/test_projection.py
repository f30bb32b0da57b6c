"""What the projection's benchmark makes of its turns, and that its peer reads as ours does."""

from bench.peers.rows import EVENT, STATUS
from bench.projection import ProjectedTurn, told


def turns(*per_s: float) -> list[ProjectedTurn]:
    return [ProjectedTurn(one, client_us=10.0, postgres_us=2.0) for one in per_s]


def test_ratios_are_of_turns_that_stood_side_by_side() -> None:
    found = told({"copy": turns(1000, 100), "ours": turns(100, 50), "row_by_row": turns(10, 1)})
    assert found["ours_over_copy"] == {"median": 0.3, "least": 0.1, "most": 0.5}
    assert found["ours_over_row_by_row"] == {"median": 30.0, "least": 10.0, "most": 50.0}


def test_the_peer_repeats_no_row_and_moves_no_status_backwards() -> None:
    assert "ON CONFLICT (request_id, seq) DO NOTHING" in EVENT
    assert "NOT IN ('SUCCESS', 'FAILURE')" in STATUS
