"""docs/subscribing.md: every block of code in it is a file of examples/, word for word, and every
example is shown there, or explained by a page of its own.
"""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "subscribing.md").read_text()
EXPLAINED = {"remote_engine.py": "remote-engine.md"}
"""Whole programs, too long to be shown; tests/contract/test_dressers.py runs this one."""
BLOCKS = re.findall(r"`examples/([^`]+)`[^\n]*\n\n```[a-z]+\n(.*?)```\n", PAGE, re.DOTALL)


def test_every_block_is_a_file_of_the_examples() -> None:
    assert len(BLOCKS) == PAGE.count("\n```\n") > 0
    for name, text in BLOCKS:
        assert text == (CHECKOUT / "examples" / name).read_text(), name


def test_every_example_is_shown_or_explained() -> None:
    there = {path.name for path in (CHECKOUT / "examples").iterdir() if path.is_file()}
    assert sorted([*(name for name, _ in BLOCKS), *EXPLAINED]) == sorted(there)
    for name, page in EXPLAINED.items():
        assert f"`examples/{name}`" in (CHECKOUT / "docs" / page).read_text()
