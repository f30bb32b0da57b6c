"""How many rows a statement touched."""

import pytest

from storage.rows import affected


@pytest.mark.parametrize(
    ("status", "rows"),
    [("UPDATE 0", 0), ("UPDATE 1", 1), ("DELETE 11", 11), ("INSERT 0 1", 1), ("INSERT 0 21", 21)],
)
def test_the_last_number_of_a_status_counts_rows(status: str, rows: int) -> None:
    assert affected(status) == rows


def test_a_status_without_a_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="TABLE"):
        affected("CREATE TABLE")
