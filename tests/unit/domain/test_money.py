import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import payable, spent

ACCOUNTS = [("a", "live"), ("a", "test"), ("b", "live")]


def test_fifteen_credits_pay_one_look_of_ten_however_many_ask() -> None:
    costs = [(ACCOUNTS[0], 10)] * 50
    assert payable({ACCOUNTS[0]: 15}, costs) == [True] + [False] * 49


def test_a_refused_cost_leaves_the_balance_to_a_smaller_one() -> None:
    assert payable({ACCOUNTS[0]: 15}, [(ACCOUNTS[0], 20), (ACCOUNTS[0], 15)]) == [False, True]


def test_an_unknown_account_pays_nothing_not_even_nothing() -> None:
    assert payable({}, [(ACCOUNTS[0], 0)]) == [False]


@given(
    st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(0, 100)),
    st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(0, 40)), max_size=30),
)
def test_nobody_ever_spends_more_than_they_have(
    balances: dict[tuple[str, str], int], costs: list[tuple[tuple[str, str], int]]
) -> None:
    verdicts = payable(balances, costs)
    assert len(verdicts) == len(costs)
    for account, total in spent(costs, verdicts).items():
        assert total <= balances[account]


def test_what_is_spent_is_of_the_costs_that_were_judged() -> None:
    with pytest.raises(ValueError, match="zip"):
        spent([(ACCOUNTS[0], 10)], [])
    assert spent([(ACCOUNTS[0], 10), (ACCOUNTS[0], 5)], [True, True]) == {ACCOUNTS[0]: 15}
    assert spent([(ACCOUNTS[0], 10), (ACCOUNTS[1], 5)], [False, True]) == {ACCOUNTS[1]: 5}
