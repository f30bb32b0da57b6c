"""The house's budgets: a file has one job, a function fits a screen, an exemption has a reason."""

import ast
import re
import statistics
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = (
    "api",
    "assets",
    "bench",
    "cli",
    "compositing",
    "consumers",
    "deploy",
    "devstack",
    "domain",
    "lake",
    "operations",
    "producers",
    "replaying",
    "runtime",
    "schemas",
    "storage",
)
CLIENT = CHECKOUT / "clients" / "python" / "looks_client"
FILES = sorted(path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py"))
WRITTEN = FILES + sorted(path for path in CLIENT.rglob("*.py") if path.name != "models.py")
"""With our client, but for what is made and not read."""
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))
PROCESSES = ("api", "consumers", "producers")


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def share(sizes: list[int], limit: int) -> float:
    return sum(size <= limit for size in sizes) / len(sizes)


def test_files_are_short() -> None:
    sizes = [lines(path) for path in WRITTEN if lines(path) > 4]
    assert max(lines(path) for path in WRITTEN) <= 600
    assert statistics.median(sizes) <= 150
    assert share(sizes, 400) >= 0.9


def test_replaying_stays_small_and_leans_on_what_libraries_make_public() -> None:
    room = [path for path in FILES if path.parent == CHECKOUT / "replaying"]
    assert 0 < sum(map(lines, room)) < 1500
    imported = [
        name
        for path in room
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None) or "", *(one.name for one in node.names))
    ]
    assert [name for name in imported if any(part[:1] == "_" for part in name.split("."))] == []


def test_functions_fit_a_screen() -> None:
    sizes = [length(function) for path in WRITTEN for function in functions(path)]
    assert max(sizes) <= 70
    assert statistics.median(sizes) <= 10
    assert share(sizes, 45) >= 0.95


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in WRITTEN if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_exemption_has_a_code_and_a_reason() -> None:
    for path in [*WRITTEN, *TESTS]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if path == Path(__file__):
                continue
            if "# noqa" in line:
                assert re.search(r"# noqa: [A-Z]+\d+ \(.+\)", line), f"{path}:{number}"
            if "type: ignore" in line:
                assert re.search(r"type: ignore\[[a-z-]+\]  # .+", line), f"{path}:{number}"


def test_no_test_patches_the_inside_of_what_it_tests() -> None:
    named = "mock" + ".patch"
    assert [str(path) for path in [*WRITTEN, *TESTS] if named in path.read_text()] == []


def test_tables_are_named_only_where_sql_lives() -> None:
    statement = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE [a-z_]+ SET|SELECT .+ FROM)\b")
    outside = [
        str(path.relative_to(CHECKOUT))
        for path in FILES
        if path.parent.name != "storage" and statement.search(path.read_text())
    ]
    # A temporary file of the audit's, a file of the analyst's; tables of systems that we are
    # compared with, and times by Postgres' clock that only the comparison asks for; views over the
    # lake, and what is asked of them
    own_files = {
        "bench/peers/jobs.py",
        "bench/peers/rows.py",
        "cli/reporting/cookbook.py",
        "cli/reporting/plots.py",
        "cli/reporting/views.py",
        "runtime/topic_facts.py",
        "replaying/duck.py",
    }
    assert set(outside) <= own_files


def test_topic_names_are_written_once() -> None:
    name = re.compile(
        r'"(look\.(?!requested\b|progress\b|dead-letter\b|completed\b|failed\b|cancel\b)[a-z.-]+|credit\.[a-z]+)"'
    )
    places = {str(path.relative_to(CHECKOUT)) for path in FILES if name.search(path.read_text())}
    assert places <= {
        "schemas/topics.py",
        "schemas/events/__init__.py",
        "domain/refunding.py",
        "domain/audit.py",
    }
