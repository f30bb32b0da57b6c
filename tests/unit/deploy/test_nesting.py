"""Rooms below one name: each import of ours is turned, and a form that is not known is refused."""

import ast
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from deploy.imports import OURS, reached
from deploy.nesting import PROJECT, ROOTS, NotNested, nested, write
from devstack.folder import CHECKOUT

OF_PROCESSES = {"faststream"}
"""Imported by a function that only a process calls."""
EXTENSIONS = {f"duckdb-extension-{name}" for name in ("avro", "httpfs", "iceberg")}
UNDERNEATH = {"cramjam", "numpy", "pandas", "pyiceberg-core", "pytz"}
"""Loaded by a name in a text, or by what is imported."""


def test_imports_of_ours_are_turned_and_others_stay() -> None:
    source = (
        '"""Of lake."""\nfrom lake.catalog import (\n    connect,\n)\n'
        "def late() -> None:\n    from schemas import topics; json.dumps(topics)\n"
        "    from lakes import none\n"
    )
    assert nested(source, "a.py") == (
        '"""Of lake."""\nfrom looks_analysts.lake.catalog import (\n    connect,\n)\n'
        "def late() -> None:\n    from looks_analysts.schemas import topics; json.dumps(topics)\n"
        "    from lakes import none\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import lake.catalog\n",
        "import json, schemas\n",
        "from . import catalog\n",
        "import_module('replaying.events')\n",
        "importlib.resources.files('schemas')\n",
        "from  lake import catalog\n",
    ],
)
def test_what_is_not_known_is_refused_with_its_place(source: str) -> None:
    with pytest.raises(NotNested, match=r"^a\.py"):
        nested(source, "a.py")


def test_every_module_of_the_tree_names_ours_below_one_name(tmp_path: Path) -> None:
    write(tmp_path / "tree")
    modules = sorted((tmp_path / "tree" / "looks_analysts").rglob("*.py"))
    assert len(modules) > 50
    left = [
        f"{path.name}: {node.module}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS
        if not node.level
    ]
    assert left == []


def test_its_dependencies_are_what_its_modules_import_in_versions_as_ours() -> None:
    told = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    asked = {one.partition(">")[0]: one for one in told["dependencies"]}
    _, others = reached(ROOTS)
    by_module = packages_distributions()
    imported = {
        package.lower().replace("_", "-")
        for name in others
        for package in by_module[name.partition(".")[0]]
    }
    imported -= {"botocore", "pydantic-core"}  # of boto3 and pydantic
    assert {*asked} == imported - OF_PROCESSES | EXTENSIONS | UNDERNEATH
    house = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    more = (one for extra in house["optional-dependencies"].values() for one in extra)
    ours = {*house["dependencies"], *more}
    assert {one for name, one in asked.items() if name != "requests"} <= ours
    assert any("requests" in one for one in requires("pyiceberg") or [])
    assert told["version"] == house["version"]
