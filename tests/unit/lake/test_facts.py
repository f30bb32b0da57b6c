"""Rows against records, offset by offset."""

import pyarrow as pa
import pytest

from domain.audit import InLake, in_lake
from lake.facts import Held


def compared(rows: list[int], records: list[int], *, end: int = 100) -> InLake:
    held = Held({3: end}, {3: pa.chunked_array([pa.array(rows, pa.int64())])})
    for offset in records:
        held.saw(3, offset)
    (facts,) = held.compared("look.completed")
    return facts


def test_each_record_once_is_as_it_should_be() -> None:
    facts = compared([5, 6, 9], [5, 6, 9])
    assert (facts.rows, facts.missing, facts.repeated, facts.strangers) == (3, (), (), ())
    assert list(in_lake(facts, set())) == []


def test_what_is_missing_twice_or_nobodys_is_named() -> None:
    facts = compared([5, 6, 6, 8], [5, 6, 7])
    assert (facts.missing, facts.repeated, facts.strangers) == ((7,), (6,), (8,))
    assert [str(one) for one in in_lake(facts, set())] == [
        f"VIOLATION 11 (each record in the lake exactly once) look.completed[3]@{offset}: {what}"
        for offset, what in (
            (7, "is committed and not in the lake"),
            (6, "is in the lake more than once"),
            (8, "is in the lake and no committed record"),
        )
    ]


def test_what_the_topic_has_forgotten_is_nobodys_loss() -> None:
    assert compared([1, 2, 5, 6], [5, 6]).strangers == ()
    assert compared([1, 2], []).strangers == ()


def test_what_comes_after_the_tables_end_does_not_count_yet() -> None:
    assert compared([5], [5, 10, 11], end=6).missing == ()


def test_what_fits_no_column_is_in_quarantine_instead() -> None:
    assert list(in_lake(compared([5], [5, 6]), {6})) == []


@pytest.mark.parametrize("count", [5, 6])
def test_many_are_counted_and_a_few_are_named(count: int) -> None:
    found = list(in_lake(compared([], list(range(count))), set()))
    assert len(found) == (5 if count == 5 else 6)
    assert found[-1].seen.startswith("6 in all") == (count == 6)
