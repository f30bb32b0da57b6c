"""`python deploy/imports.py TARGET`: fails unless every module that the commands of an image may
ever import is there. The Dockerfile asks it, in the environment that the image will hold.

Imports are read from the sources, so that those which a function makes later count too.
"""

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

OURS: Final = frozenset(
    "api cli compositing consumers devstack domain lake operations producers replaying runtime "
    "schemas storage".split()
)
TARGETS: Final = MappingProxyType(
    {
        "api": ("api.__main__", "api.photo_worker"),
        "ops": (
            "api.__main__",
            "api.photo_worker",
            "api.ops.app",
            "operations.auditing.__main__",
        ),
        "worker": (
            "producers.outbox_relay",
            "producers.deadline_sweeper",
            "consumers.credit_ledger",
            "consumers.dead_letter",
            "consumers.status_projection",
            "consumers.webhooks.__main__",
        ),
        "compositor": (
            "consumers.compositor.__main__",
            "consumers.compositor.preloaded",
            "compositing.guard",
        ),
        "lake": ("consumers.lake_writer.__main__",),
        "cli": (
            "cli.access",
            "cli.accounts",
            "cli.audit",
            "cli.database",
            "cli.lag",
            "cli.lake",
            "cli.letters",
            "cli.main",
            "cli.operators",
            "cli.replay",
            "cli.report",
            "cli.submit",
            "cli.topics",
            "cli.transactions",
        ),
    }
)
"""Image target -> the modules that its commands start from. `looks dev` is of a checkout;
`looks engine` leads to the picture engine, and asks a remote one without it.
"""


def reached(roots: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """The modules of ours that these lead to, and the names from elsewhere that all of those
    import. Raises ModuleNotFoundError where one of ours is absent.
    """
    ours: set[str] = set()
    others: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in ours:
            continue
        spec = find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(name)
        ours.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        if spec.origin is None:
            continue  # a namespace: nothing to read
        for imported in _imports(ast.parse(Path(spec.origin).read_text())):
            if imported.partition(".")[0] in OURS:
                waiting.append(_module_of(imported))
            else:
                others.add(imported)
    return ours, {name for name in others if name.partition(".")[0] not in sys.stdlib_module_names}


def _module_of(name: str) -> str:
    """Of `package.module.attribute`: the module."""
    try:
        there = find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module, not a package
        there = False
    return name if there else name.rpartition(".")[0]


def _imports(tree: ast.AST) -> Iterator[str]:
    """What is imported when the code runs; not what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name | ast.Attribute):
            name = node.test.id if isinstance(node.test, ast.Name) else node.test.attr
            if name == "TYPE_CHECKING":
                continue
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            ours = node.module.partition(".")[0] in OURS
            names = [f"{node.module}.{one.name}" for one in node.names]
            yield from names if ours else [node.module]
        yield from _imports(node)


def absent(names: set[str]) -> list[str]:
    """Those of the names that can't be found here."""

    def there(name: str) -> bool:
        try:
            return find_spec(name) is not None
        except ModuleNotFoundError:
            return False

    return sorted(name for name in names if not there(name))


def main(target: str) -> int:
    """0: all is there."""
    ours, others = reached(TARGETS[target])
    lacking = absent(others)
    sys.stdout.write(
        f"{target}: {len(ours)} modules of ours, {len(others)} names of others\n"
        + "".join(f"absent: {name}\n" for name in lacking)
    )
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
