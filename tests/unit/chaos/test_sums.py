"""The sum of all campaigns, as the page says it."""

import pytest

from chaos.sums import BEGIN, END, PAGE, kept, told, with_sums


def report(seed: int, violations: list[str], *, settled: bool = True) -> dict[str, object]:
    return {
        "campaign": {"seed": seed},
        "struck": {"kill": 3, "hang": seed},
        "accepted": 50,
        "settled": settled,
        "verdict": {"outcomes": {"SUCCESS": 30, "FAILURE expired": 20}, "violations": violations},
    }


def test_what_was_broken_and_what_did_not_settle_counts() -> None:
    lines = told([report(1, []), report(2, ["4: refunded 2 times"], settled=False)]).splitlines()
    assert lines[2] == "| 1 | 4 | 50 | 30 SUCCESS, 20 expired | 0 |"
    assert lines[3] == "| 2 | 5 | 50 | 30 SUCCESS, 20 expired | 2 |"
    assert lines[4] == "| all 2 | 9 | 100 | | 2 |"
    assert lines[6::2] == ["| kill | hang |", "| 6 | 3 |"]


def test_without_a_report_there_is_no_table() -> None:
    assert told([]) == "None is on record yet."


def test_they_replace_the_sums_of_before_and_nothing_else() -> None:
    page = f"a\n{BEGIN}\nold\n{END}\nb\n"
    assert with_sums(page, "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    with pytest.raises(ValueError, match="no place for the sums"):
        with_sums("a\n", "new")


def test_the_page_has_the_sums_of_all_that_is_on_record() -> None:
    page = PAGE.read_text()
    assert with_sums(page, told(kept())) == page
