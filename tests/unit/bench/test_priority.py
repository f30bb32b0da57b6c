"""How waits are compared: of all POSTs of a kind together."""

from bench.growth import UnitCosts
from bench.growth import told as grown
from bench.priority import Waits, told


def waits(*turns: list[float]) -> Waits:
    made = Waits()
    for taken_ms in turns:
        made.add(taken_ms)
    return made


def test_slow_answers_of_one_turn_do_not_stand_for_all() -> None:
    quiet, slow = [10.0] * 200, [10.0] * 195 + [500.0] * 5
    busy = waits(slow, *[quiet] * 4)
    assert told({"alone": waits(quiet), "busy": busy})["p99_over_alone"] == {"busy": 1.0}
    assert max(busy.p99_ms) == 500.0


def test_growth_is_told_against_the_plain_turns() -> None:
    def costs(*ms: float) -> UnitCosts:
        return UnitCosts(
            [{"api": one, "kafka": one} for one in ms], [{"s3": 1.0} for _ in ms], [9.0]
        )

    found = grown({"plain": costs(1, 2, 3), "backlog": costs(1, 1, 5)})
    assert found["cpu_over_plain"] == {"backlog": 0.5}
    plain = UnitCosts([{"api": 1.0, "kafka": 1.0}, {"api": 2.0, "kafka": 4.0}], [{}] * 2, [9.0])
    assert plain.told()["cpu_ms_a_look"] == {"median": 4.0, "least": 2.0, "most": 6.0}
