"""One word for one thing: a search for a type's name leads to one place."""

from bench.house import PRODUCT, WORKSHOP, counted, counted_in, defined_twice
from tests.architecture.test_budgets import CHECKOUT

ROOMS = (*PRODUCT, *WORKSHOP)

SOURCE = '''"""What it is for."""

Row = dict[str, int]
LIMIT = 3
"""Told of."""


class Sum:
    """Of two."""

    def add(self, a: int) -> int:  # plainly
        return a + LIMIT


x = {wide}
'''


def test_a_type_name_is_defined_once_and_no_line_is_wide() -> None:
    files = [one for room in ROOMS for one in counted_in(CHECKOUT / room)]
    assert sum(len(one.types) for _, one in files) > 500, "the rooms were not found"
    assert defined_twice(files) == {}
    assert [f"{path}:{number}" for path, one in files for number in one.wide] == []


def test_tokens_lines_and_types_are_counted_without_comments_and_docstrings() -> None:
    found = counted(SOURCE.format(wide="1"))
    assert found.types == ("Row", "Sum")
    assert found.lines == 6
    # Row = dict[str, int]; LIMIT = 3; class Sum: ; def add(...) -> int: ; return a + LIMIT; x = 1
    assert found.tokens == 8 + 3 + 3 + 12 + 4 + 3
    assert found.wide == ()


def test_a_wide_line_is_found_and_a_name_that_is_there_twice() -> None:
    wide = counted(SOURCE.format(wide="1" * 100))
    assert wide.wide == (15,)
    assert defined_twice([("a.py", wide), ("b.py", wide)]) == {
        "Row": ["a.py", "b.py"],
        "Sum": ["a.py", "b.py"],
    }
