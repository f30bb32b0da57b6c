"""The register of advisory locks."""

import re

import pytest

from storage.advisory import Lock, LockClass, number
from tests.architecture.test_budgets import CHECKOUT, FILES

TAKEN = re.compile(r"pg_(try_)?advisory_\w*lock\w*\(")


@pytest.mark.parametrize("kind", [Lock, LockClass])
def test_no_two_locks_have_one_number(kind: type[Lock] | type[LockClass]) -> None:
    numbers = [number(one) for one in kind.__members__.values()]
    assert len(numbers) == len(set(numbers)) >= 3


def test_numbers_fit_what_postgres_takes() -> None:
    assert all(-(2**63) <= number(lock) < 2**63 for lock in Lock)
    assert all(-(2**31) <= number(lock_class) < 2**31 for lock_class in LockClass)


def test_locks_are_taken_by_the_register_or_inside_of_a_statement_that_takes_its_number() -> None:
    takers = {str(path.relative_to(CHECKOUT)) for path in FILES if TAKEN.search(path.read_text())}
    assert takers == {f"storage/{name}.py" for name in ("advisory", "acceptance_rows")}
    numbered = re.compile(r"pg_(try_)?advisory_\w*lock\w*\(\s*(\d|0x|\{)")
    assert [str(path) for path in FILES if numbered.search(path.read_text())] == []
