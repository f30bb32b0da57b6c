"""One word for one thing: a search for a type's name leads to one place."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.architecture.test_budgets import CHECKOUT, FILES


def type_names(path: Path) -> list[str]:
    """Classes, and names with a capital that stand for a type."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.lstrip("_")[:1].isupper() and not name.isupper():
                found.append(name)
    return found


def test_a_type_name_is_defined_once() -> None:
    places = defaultdict(list)
    for path in FILES:
        for name in type_names(path):
            places[name].append(str(path.relative_to(CHECKOUT)))
    assert len(places) > 500, "the rooms were not found"
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
