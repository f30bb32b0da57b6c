"""Routes share what stands beside them, not one another."""

import ast
from pathlib import Path

from tests.architecture.test_budgets import CHECKOUT

ROUTES = sorted(
    path
    for path in (CHECKOUT / "api").rglob("*.py")
    if "APIRouter(" in path.read_text() and path.name != "app.py"
)


def imports_of(path: Path) -> set[str]:
    """Modules, in full; `from api import looks` is api.looks."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_no_route_module_imports_another() -> None:
    names = {
        str(path.relative_to(CHECKOUT).with_suffix("")).replace("/", "."): path for path in ROUTES
    }
    assert len(names) >= 9
    assert {
        name: found for name, path in names.items() if (found := imports_of(path) & {*names})
    } == {}
