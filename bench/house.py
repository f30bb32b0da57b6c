"""How the code is written, counted: `python -m bench house`, beside what was counted of the models
in the same way.

A token is one of Python's but comments, docstrings, line ends and indentation; a line one that has
a token.
"""

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devstack.folder import CHECKOUT

PRODUCT: Final = (
    "api", "cli", "compositing", "consumers", "devstack", "domain", "lake", "operations",
    "producers",
    "replaying", "runtime", "schemas", "storage",
)  # fmt: skip
"""The rooms that the wheel holds."""
WORKSHOP: Final = ("assets", "bench", "chaos", "deploy")
WIDE_COLUMNS: Final = 100
MODELS: Final = {"arroyo": 6.1, "snuba": 5.9, "Looks at 65976e1": 9.6}
"""Tokens a line. Arrays take more: a line of NumPy has two or three times a plain one's."""
EXEMPT: Final = ("# no" + "qa", "# type: " + "ignore")
SILENT: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one file."""

    tokens: int
    lines: int
    wide: tuple[int, ...]
    """Numbers of the lines over 100 columns that no exemption's reason makes so long."""
    types: tuple[str, ...]


def measure() -> dict[str, Any]:
    """Count product and workshop, and print the table."""
    rooms = {room: list(counted_in(CHECKOUT / room)) for room in (*PRODUCT, *WORKSHOP)}
    product = [one for room in PRODUCT for _, one in rooms[room]]
    everything = [pair for pairs in rooms.values() for pair in pairs]
    twice = defined_twice(everything)
    tokens, lines = sum(one.tokens for one in product), sum(one.lines for one in product)
    result: dict[str, Any] = {
        "product_tokens": tokens,
        "product_lines": lines,
        "tokens_a_line": round(tokens / lines, 2),
        "tokens_a_line_by_room": {room: _density(pairs) for room, pairs in rooms.items()},
        "wide_lines": [f"{path}:{number}" for path, one in everything for number in one.wide],
        "types_defined_twice": twice,
        "models_tokens_a_line": MODELS,
    }
    sys.stdout.write(_table(result))
    return result


def counted_in(folder: Path) -> Iterator[tuple[str, Counted]]:
    """Every module of a room, by its path in the checkout."""
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(folder.parent)), counted(path.read_text())


def counted(source: str) -> Counted:
    """One module."""
    tree = ast.parse(source)
    apart = set(_docstring_lines(tree))
    telling = [
        one
        for one in tokenize.generate_tokens(io.StringIO(source).readline)
        if one.type not in SILENT and one.start[0] not in apart
    ]
    return Counted(
        len(telling),
        len({line for one in telling for line in range(one.start[0], one.end[0] + 1)}),
        tuple(
            number
            for number, line in enumerate(source.splitlines(), 1)
            if len(line) > WIDE_COLUMNS and not any(word in line for word in EXEMPT)
        ),
        tuple(_types(tree)),
    )


def defined_twice(files: list[tuple[str, Counted]]) -> dict[str, list[str]]:
    """Names of types with the modules that define them, where there are several."""
    places = defaultdict(list)
    for path, one in files:
        for name in one.types:
            places[name].append(path)
    return {name: where for name, where in places.items() if len(where) > 1}


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    """A string that stands alone says what stands before it or around it, and does nothing."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _types(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.lstrip("_")[:1].isupper() and not name.isupper():
                yield name


def _density(files: list[tuple[str, Counted]]) -> float:
    lines = sum(one.lines for _, one in files)
    return round(sum(one.tokens for _, one in files) / lines, 2) if lines else 0.0


def _table(result: dict[str, Any]) -> str:
    rooms = sorted(result["tokens_a_line_by_room"].items(), key=lambda one: one[1])
    rows = [
        ("product tokens", f"{result['product_tokens']:,}"),
        ("product lines", f"{result['product_lines']:,}"),
        ("lines over 100 columns", len(result["wide_lines"])),
        ("types defined twice", len(result["types_defined_twice"])),
        ("tokens a line", f"{result['tokens_a_line']:.2f}"),
        *((f"  {name}", f"{value:.2f}") for name, value in MODELS.items()),
        *((f"  {name}/", f"{value:.2f}") for name, value in rooms),
    ]
    return "".join(f"{name:<28}{value:>8}\n" for name, value in rows)
