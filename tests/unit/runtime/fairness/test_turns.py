from hypothesis import given
from hypothesis import strategies as st

from runtime.fairness.turns import Turns


def test_a_burst_of_one_tenant_does_not_hold_up_another() -> None:
    turns: Turns[str] = Turns()
    for number in range(10_000):
        turns.join("big", f"big-{number}")
    turns.join("small", "small-0")
    assert [turns.next() for _ in range(3)] == ["big-0", "small-0", "big-1"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers())))
def test_everybody_gets_a_turn_once_in_the_order_of_their_line(
    joins: list[tuple[str, int]],
) -> None:
    turns: Turns[tuple[str, int]] = Turns()
    for tenant, number in joins:
        turns.join(tenant, (tenant, number))
    served = []
    while (one := turns.next()) is not None:
        served.append(one)
    assert len(served) == len(joins)
    for tenant in "abc":
        assert [one for one in served if one[0] == tenant] == [
            one for one in joins if one[0] == tenant
        ]


def test_who_is_passed_over_keeps_its_turn() -> None:
    turns: Turns[str] = Turns()
    for tenant in ("a", "a", "b", "c"):
        turns.join(tenant, tenant)
    assert turns.next(without={"a"}) == "b"
    assert turns.next(without={"a", "c"}) is None
    assert [turns.next() for _ in range(3)] == ["a", "c", "a"]
