"""ARCHITECTURE.md sends readers to files that are there."""

import re

from devstack.folder import CHECKOUT

TABLE = (CHECKOUT / "ARCHITECTURE.md").read_text().split("## Where is ...?")[1]


def test_every_file_that_the_table_names_is_there() -> None:
    named = [name for name in re.findall(r"`([^`]+)`", TABLE) if "/" in name]
    assert len(named) >= 12
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []
