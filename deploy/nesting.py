"""`python -m deploy.nesting FOLDER`: writes the source tree of `looks-analysts`, to be built as any
other package is.

The rooms that analysts need (`replaying`, `lake` and what these lead to) have names at the top
level here; installed, they lie below `looks_analysts`, and each import of one of them names it
there. Only the form `from ROOM... import ...` is known, which is the house's: any other is refused,
so that nothing of it can be missed.
"""

import ast
import shutil
import sys
from pathlib import Path
from typing import Final

from deploy.imports import OURS, reached

CHECKOUT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = CHECKOUT / "clients" / "analysts"
NAME: Final = "looks_analysts"
ROOTS: Final = ("cli.analysts", "replaying.events", "lake.reading")
"""What analysts call; the rest follows from these."""
DATA: Final = ("docs/cookbook.sql",)
"""Read beside the modules, at the same place."""
_BY_NAME: Final = frozenset({"import_module", "__import__", "find_spec", "files", "run_module"})


class NotNested(Exception):
    """A module names one of ours in a way that this does not know."""


def nested(source: str, where: str) -> str:
    """A module's text with its imports of ours below `looks_analysts`. Raises NotNested."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and _ours(node.module):
            at = node.lineno - 1
            before, after = lines[at][: node.col_offset], lines[at][node.col_offset :]
            lines[at] = before + after.replace(
                f"from {node.module} ", f"from {NAME}.{node.module} ", 1
            )
        elif isinstance(node, ast.Import) and any(_ours(one.name) for one in node.names):
            raise NotNested(f"{where}:{node.lineno}: import of ours that is not `from`")
        elif isinstance(node, ast.Call) and _called(node) in _BY_NAME:
            told = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if any(isinstance(one, str) and _ours(one) for one in told):
                raise NotNested(f"{where}:{node.lineno}: one of ours is named by a text")
    text = "".join(lines)
    left = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ImportFrom)]
    if any(_ours(one.module) or one.level for one in left):
        raise NotNested(f"{where}: an import stayed as it was")
    return text


def _ours(name: str | None) -> bool:
    return name is not None and name.partition(".")[0] in OURS


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def write(folder: Path) -> None:
    """The source tree: the package's own files, the rooms below its name, and their data. Raises
    NotNested.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copyfile(CHECKOUT / "LICENSE", folder / "LICENSE")
    modules, _ = reached(ROOTS)
    for module in sorted(modules):
        path = _file_of(module)
        _put(folder / NAME / path, nested((CHECKOUT / path).read_text(), str(path)))
    for name in DATA:
        _put(folder / NAME / name, (CHECKOUT / name).read_text())


def _file_of(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if (CHECKOUT / path).is_dir() else path.with_suffix(".py")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
