"""Each of the 48 rows of the list of hostile inputs has a test that says so:
`@pytest.mark.hostile(row=41)`.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROWS = range(1, 49)

OTHERWISE = {
    2: "the prefix alone decides, before any look at the store: nobody learns what lies below "
    "another's",
    6: "an object that is gone fails the look; one that was overwritten is still the tenant's own, "
    "and nobody compares",
    7: "records carry no signature: the broker lets one process alone write to each topic, over "
    "TLS",
    8: "fields that are not ours to be told are ignored, as the reference product does; none of "
    "them has an effect",
    9: "a key from before unknown options of `runtime_config` were refused has them ignored and "
    "named in the warnings",
    11: "what parses as no plain JSON is 422 with `detail`; what is no HTTP is 400",
    21: "a bad Idempotency-Key is 422 with its place in `detail`",
    24: "cancels count as writes against the rate limits; a cancelled look is refunded whole",
    28: "a bad cursor is 422 with its place in `detail`",
    36: "25 MiB, not 21",
}
"""Rows whose expected answer another decision of ours changes, and what is decided instead."""


def marked() -> dict[int, set[str]]:
    """Row -> the tests that hold it."""
    found = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for row in rows_of(node):
                    found[row].add(f"{path.relative_to(TESTS)}::{node.name}")
    return dict(found)


def rows_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    """The rows that a test is marked with."""
    calls = [
        one
        for one in function.decorator_list
        if isinstance(one, ast.Call) and ast.unparse(one.func).endswith(".hostile")
    ]
    return [
        ast.literal_eval(keyword.value)
        for call in calls
        for keyword in call.keywords
        if keyword.arg == "row"
    ]


def test_every_row_has_a_test() -> None:
    rows = marked()
    assert [row for row in ROWS if row not in rows] == []


def test_no_mark_names_a_row_that_is_none() -> None:
    assert set(marked()) <= set(ROWS)
    assert set(OTHERWISE) <= set(ROWS)


def test_a_test_that_is_named_after_a_row_is_marked_with_it() -> None:
    rows = marked()
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, row in re.findall(
            r"^(?:async )?def (test_row_(\d+)_\w+)", path.read_text(), re.MULTILINE
        ):
            assert f"{path.relative_to(TESTS)}::{name}" in rows[int(row)]
