"""docs/security.md shows the rights as they are declared: a right that changes changes its row
there. Each test that it names is there, and each threat names one.
"""

import ast
import re
from pathlib import Path

from schemas.access import PROCESSES, ROLES, Access
from storage.roles import BY_PROCESS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"


def kafka_row(access: Access) -> str:
    """One row of the page's table of Kafka rights."""
    cells = (
        ", ".join(f"`{topic.name}`" for topic in topics)
        for topics in (access.reads, access.describes, access.writes)
    )
    reads, describes, writes = (cell or "-" for cell in cells)
    identity = (
        "group" * access.in_group
        + ", transactions" * access.transactional
        + "sees groups" * access.sees_groups
    )
    return f"| `{access.name}` | {reads} | {describes} | {writes} | {identity or '-'} |"


def postgres_row(process: str) -> str:
    """One row of the page's table of grants."""
    role = BY_PROCESS[process]
    grants = "; ".join(f"`{table}`: {privileges}" for table, privileges in role.tables.items())
    entries = f"`{role.entries}`" if role.entries else "-"
    return f"| `{role.name}` | {grants} | {entries} |"


def test_the_tables_are_the_declared_rights() -> None:
    tables = (
        PAGE.read_text()
        .partition("## Kafka: who may do what")[2]
        .partition("## Changing a secret")[0]
    )
    rows = [line for line in tables.splitlines() if line.startswith("| `")]
    wanted = [kafka_row(access) for access in (*PROCESSES, *ROLES.values())] + [
        postgres_row(name) for name in BY_PROCESS
    ]
    assert rows == wanted


def threats() -> list[str]:
    """The rows of the page's list of threats."""
    part = PAGE.read_text().partition("## Threats, one by one")[2].partition("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_threat_names_a_test_that_is_there() -> None:
    rows = threats()
    assert len(rows) > 30
    named = {row: re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows}
    assert [row for row, tests in named.items() if not tests] == []
    missing = [
        f"{file}::{name}"
        for tests in named.values()
        for file, name in tests
        if name not in functions_of(PAGE.parents[1] / file)
    ]
    assert missing == []


def functions_of(file: Path) -> set[str]:
    """The functions of a file; none where there is none."""
    if not file.is_file():
        return set()
    found = ast.walk(ast.parse(file.read_text()))
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
